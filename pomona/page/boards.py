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
_MODELS = 8  # of a plot


@dataclass(frozen=True, slots=True)
class Dots:
    """A task with the score of each model."""

    task: str
    metric: str
    higher_is_better: bool
    baseline: float
    rows: "list[tuple[str, int, ScoreView]]"  # name of the model, its color, its score


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
    names: list[str]  # of models, in the order of their colors
    tokens: dict[str, int | None]  # that each was trained on
    tasks: list[Dots]
    comparisons: "list[Comparison]"
    contaminated: list[Contaminated]


def boards(lake: Lake) -> list[Board]:
    """Returns the suites that were scored, the newest first."""
    if not lake.exists("score_runs"):
        return []
    from eval_suites import views

    every = views.runs(lake)
    suites = list(dict.fromkeys(one.suite for one in reversed(every)))[:_SUITES]
    return [_board(lake, suite, every) for suite in suites]


def _board(lake: Lake, suite: str, every: "list[RunOfSuite]") -> Board:
    from corpus.errors import UserError
    from eval_suites import comparing, standings

    board = standings.leaderboard(lake, suite)
    shown = {one.score for one in board[:_MODELS]}
    runs = [one for one in every if one.score in shown]
    names = [one.name for one in runs]
    comparisons = []
    for a, b in pairwise(runs):
        try:
            comparisons.append(comparing.compare_runs(lake, a, b))
        except UserError:  # no task in common
            continue
    return Board(
        suite, board, [*names, *(one.name for one in board if one.name not in names)],
        {one.name: one.tokens for one in every if one.suite == suite}, _tasks(runs), comparisons, _contaminated(runs),
    )  # fmt: skip


def _tasks(runs: "list[RunOfSuite]") -> list[Dots]:
    tasks: dict[str, Dots] = {}
    for color, run in enumerate(runs):
        for one in run.scores:
            if one.is_primary and one.split == "all" and not one.group:
                known = tasks.setdefault(one.task, Dots(one.task, one.metric, one.higher_is_better, one.baseline, []))
                known.rows.append((run.name, color, one))
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
