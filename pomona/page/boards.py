"""What the report shows of scores: for each suite, its models, a plot per task, and who is better than whom."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from corpus.lake import Lake

if TYPE_CHECKING:
    from eval_suites.comparing import Comparison
    from eval_suites.standings import Standing
    from eval_suites.views import RunOfSuite, ScoreView

_SUITES = 4  # that are shown, the newest ones
MODELS = 8  # of a plot


@dataclass(frozen=True, slots=True)
class Dots:
    """A task with the score of each model."""

    task: str
    metric: str
    higher_is_better: bool
    baseline: float
    rows: "list[tuple[str, int, ScoreView]]"  # name of the model, its color, its score


@dataclass(frozen=True, slots=True)
class Growth:
    """A task with the scores of checkpoints that were trained one after another, over the tokens that they read."""

    task: str
    metric: str
    higher_is_better: bool
    baseline: float
    series: "list[tuple[str, int, list[tuple[int, ScoreView]]]]"  # name of the last one, its color, (tokens, score)


@dataclass(frozen=True, slots=True)
class Contaminated:
    """A task of which a model's training data touch some items."""

    name: str
    task: str
    clean: "ScoreView"
    touched: "ScoreView"
    gap: "ScoreView"


@dataclass(frozen=True, slots=True)
class Board:
    """A suite."""

    suite: str
    standings: "list[Standing]"
    left_out: list[str]  # scores of the suite that are not on the board, and why
    names: list[str]  # of models, in the order of their colors
    tokens: dict[str, int | None]  # that each was trained on
    tasks: list[Dots]
    growth: list[Growth]
    comparisons: "list[Comparison]"
    contaminated: list[Contaminated]


def boards(lake: Lake) -> list[Board]:
    """Returns the suites that were scored, the newest first."""
    if not lake.exists("score_runs"):
        return []
    from eval_suites import views

    every = views.runs(lake)
    suites = list(dict.fromkeys(one.suite for one in reversed(every)))[:_SUITES]
    return [board(lake, suite, every) for suite in suites]


def board(lake: Lake, suite: str, every: "list[RunOfSuite]") -> Board:
    """Returns a suite; raises `UserError` if nothing was scored on it."""
    from corpus.errors import UserError
    from eval_suites import comparing, standings

    ranked = standings.leaderboard(lake, suite)
    shown = {one.score for one in ranked[:MODELS]}
    runs = [one for one in every if one.score in shown]
    names = [one.name for one in runs]
    comparisons = []
    for a, b in pairwise(runs):
        try:
            comparisons.append(comparing.compare_runs(lake, a, b))
        except UserError:  # no task in common
            continue
    return Board(
        suite, ranked, standings.left_out(lake, suite),
        [*names, *(one.name for one in ranked if one.name not in names)],
        {one.name: one.tokens for one in every if one.suite == suite}, _tasks(runs), _growth(lake, runs), comparisons,
        _contaminated(runs),
    )  # fmt: skip


def _tasks(runs: "list[RunOfSuite]") -> list[Dots]:
    tasks: dict[str, Dots] = {}
    for color, run in enumerate(runs):
        for one in run.scores:
            if one.is_primary and one.split == "all" and not one.group:
                known = tasks.setdefault(one.task, Dots(one.task, one.metric, one.higher_is_better, one.baseline, []))
                known.rows.append((run.name, color, one))
    return list(tasks.values())


def _growth(lake: Lake, runs: "list[RunOfSuite]") -> list[Growth]:
    """Returns the tasks of models that have a history: at least two of one chain of training runs were scored."""
    from training.stages import chain

    chains: dict[str, list[tuple[int, int, RunOfSuite]]] = {}
    for color, one in enumerate(runs):
        if one.run and one.tokens is not None and (rows := chain(lake, one.run)):
            first = min(rows, key=lambda row: row["after"] != "")["run"]
            chains.setdefault(str(first), []).append((one.tokens, color, one))
    histories = [sorted(each, key=lambda entry: entry[0]) for each in chains.values() if len(each) > 1]

    tasks: dict[str, Growth] = {}
    for history in histories:
        _, color, last = history[-1]
        for score in last.scores:
            if not (score.is_primary and score.split == "all" and not score.group):
                continue
            points = [
                (tokens, one)
                for tokens, _, run in history
                for one in run.scores
                if (one.task, one.metric, one.split, one.group) == (score.task, score.metric, "all", "")
            ]
            known = tasks.setdefault(
                score.task, Growth(score.task, score.metric, score.higher_is_better, score.baseline, [])
            )
            known.series.append((last.name, color, points))
    return list(tasks.values())


def _contaminated(runs: "list[RunOfSuite]") -> list[Contaminated]:
    rows = []
    for run in runs:
        by_split = {(one.task, one.split): one for one in run.scores if one.is_primary}
        tasks = dict.fromkeys(task for task, split in by_split if split == "gap")
        rows += [
            Contaminated(run.name, task, *(by_split[task, split] for split in ("clean", "touched", "gap")))
            for task in tasks
        ]
    return rows
