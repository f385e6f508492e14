"""What a person asks of scores: which there are, what each came to, and how two models differ."""

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from eval_suites.order import oldest_first
from eval_suites.statistics import pools
from eval_suites.statistics.paired import Difference, difference, holm

_SHORT = 8  # digits of an id that a person sees


@dataclass(frozen=True, slots=True)
class ScoreView:
    """A score of a model on a task by one metric."""

    task: str
    group: str  # that the task was asked for in; '' for none
    metric: str
    split: str  # items that it is about: all, clean, touched
    value: float
    low: float  # 95% interval
    high: float
    n: int  # items
    n_clusters: int
    is_primary: bool
    higher_is_better: bool
    baseline: float
    shots: int
    unparsed: float | None


@dataclass(frozen=True, slots=True)
class RunOfSuite:
    """A model that was scored on a suite."""

    score: str  # id
    name: str
    model: str
    run: str  # training run; '' for a model from elsewhere
    tokens: int | None  # that it was trained on
    suite: str
    suite_version: int
    headline: float | None  # mean of centered scores of tasks with right answers; None if the suite has no such task
    requests: int
    reused: int
    cut: int
    seconds: float
    scores: list[ScoreView]
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskDifference:
    """Model B against model A on a task."""

    task: str
    metric: str
    a: float
    b: float
    difference: float  # b - a
    low: float  # 95% interval
    high: float
    p: float  # of no difference, for this task alone
    adjusted_p: float  # over all tasks together (Holm)
    verdict: str  # better, worse or undecided, of B
    n: int
    method: str
    a_only: int  # items on which A is better
    b_only: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the items that both were asked."""

    a: str
    b: str
    suite: str
    tasks: list[TaskDifference]
    left_out: list[str]  # tasks that only one of them was scored on, or with other prompts, and why


@dataclass(frozen=True, slots=True)
class Standing:
    """A model on a leaderboard."""

    rank: int
    best: int  # ranks that the data support
    worst: int
    group: int  # models of one group are not told apart
    suite: str
    score: str
    name: str
    model: str
    headline: float | None
    win_rate: float | None  # relative to the pool
    scores: dict[str, float]  # primary score of each task


def runs(lake: Lake) -> list[RunOfSuite]:
    """Returns everything that was scored, the oldest first."""
    rows = {row["score"]: row for row in lake.scan("score_runs").collect().to_dicts()}
    scores = lake.scan("scores").collect()
    by_run = {str(key): part for (key,), part in scores.group_by("score", maintain_order=True)}
    return [_run(rows[key], by_run.get(key)) for key in oldest_first(lake, "score_runs", "score") if key in rows]


def run(lake: Lake, wanted: str) -> RunOfSuite:
    """Returns a score by its id, the first digits of it, or its name (the newest); raises `UserError` without one."""
    every = runs(lake)
    by_id = [one for one in every if one.score == wanted or (len(wanted) >= _SHORT and one.score.startswith(wanted))]
    named = [one for one in every if one.name == wanted] or [one for one in every if one.model == wanted]
    if by_id or named:
        return (by_id or named)[-1]
    raise unknown("score", wanted, sorted({one.name for one in every}))


def compare(lake: Lake, a: str, b: str) -> Comparison:
    """Compares two scores, by name, id or model, on the items that both have; raises `UserError` if there is none."""
    first, second = run(lake, a), run(lake, b)
    if first.score == second.score:
        raise UserError(f"{a} and {b} are the same score, {first.score[:_SHORT]}; name two")
    return compare_runs(lake, first, second)


def compare_runs(lake: Lake, first: RunOfSuite, second: RunOfSuite) -> Comparison:
    """Compares two scores on the items that both have; raises `UserError` if there is none."""
    left_out, pairs = [], []
    of_a, of_b = (_primary(one) for one in (first, second))
    hashes = [one.manifest["tasks"] for one in (first, second)]

    for task in dict.fromkeys([*of_a, *of_b]):
        if task not in of_a or task not in of_b:
            left_out.append(f"{task}: only {first.name if task in of_a else second.name} was scored on it")
        elif any(one.manifest.get("settled", {}).get(task, {}).get("low") is not None for one in (first, second)):
            left_out.append(f"{task}: its scoring stopped when it was settled; see `pomona scores NAME`")
        elif task in hashes[0] and hashes[0][task]["items"] != hashes[1][task]["items"]:
            left_out.append(f"{task}: {hashes[0][task]['items']:,} items against {hashes[1][task]['items']:,}")
        elif of_a[task].metric != of_b[task].metric:
            left_out.append(f"{task}: {of_a[task].metric} against {of_b[task].metric}")
        else:
            pairs.append(of_a[task])

    items = _items(lake, first, second)
    left_out += [f"{one.task}: {one.metric} is no score of items" for one in pairs if one.task not in items]
    found = [(one, *_difference(items, one)) for one in pairs if one.task in items]

    if not found:
        reasons = f": {'; '.join(left_out[:2])}" if left_out else "; score them on the same suite"
        raise UserError(f"{first.name} and {second.name} have no task that can be compared{reasons}")

    adjusted = holm([gap.p for _, gap, _, _ in found])
    tasks = [
        TaskDifference(
            one.task, one.metric, value_a, value_b, gap.value, gap.low, gap.high, gap.p, p, _verdict(gap, p, one),
            gap.n, gap.method, gap.a_only, gap.b_only,
        )
        for (one, gap, value_a, value_b), p in zip(found, adjusted, strict=True)
    ]  # fmt: skip
    return Comparison(first.name, second.name, first.suite, tasks, left_out)


def values(lake: Lake, wanted: str) -> dict[str, dict[int, float]]:
    """Returns what each item of each task has, by the metric that counts, of a score; ratios are left out."""
    rows = _primary_items(lake, run(lake, wanted)).filter(~pl.col("is_ratio"))
    found: dict[str, dict[int, float]] = {}
    for task, item, value in rows.select("task", "item", "value").collect().iter_rows():
        found.setdefault(task, {})[item] = value
    return found


def leaderboard(lake: Lake, suite: str = "") -> list[Standing]:
    """Returns the newest score of each model on a suite, the best first. Without a suite, the one scored last."""
    every = runs(lake)
    if not every:
        return []
    suite = suite or every[-1].suite
    of_suite = {one.manifest.get("model_key", one.name): one for one in every if one.suite == suite}
    if not of_suite:
        raise unknown("suite", suite, sorted({one.suite for one in every}))
    members = list(of_suite.values())
    tasks = sorted(set.intersection(*(set(_primary(one)) for one in members)))
    rows = {one.score: _primary(one) for one in members}
    places = _places(lake, members, tasks, rows)
    table = {one.score: [_oriented(rows[one.score][task]) for task in tasks] for one in members}
    rates = pools.mean_win_rate(pl.DataFrame(table).to_numpy().T) if tasks and len(members) > 1 else None
    standings = [
        Standing(
            places[one.score].rank, places[one.score].best, places[one.score].worst, places[one.score].group, suite,
            one.score, one.name, one.model, one.headline, None if rates is None else float(rates[i]),
            {task: rows[one.score][task].value for task in tasks},
        )
        for i, one in enumerate(members)
    ]  # fmt: skip
    return sorted(standings, key=lambda one: one.rank)


def _run(row: dict[str, Any], scores: pl.DataFrame | None) -> RunOfSuite:
    views = [_score(one) for one in scores.to_dicts()] if scores is not None else []
    guessed = {one.task: one.value for one in views if _counts(one)}
    baselines = {one.task: one.baseline for one in views if _counts(one)}
    return RunOfSuite(
        row["score"], row["name"], row["model"], row["run"], row["tokens"], row["suite"], row["suite_version"],
        pools.headline(guessed, baselines) if guessed else None, row["requests"], row["reused"], row["cut"],
        row["seconds"], views, json.loads(row["manifest"]),
    )  # fmt: skip


def _counts(one: ScoreView) -> bool:
    """Whether a score is a part of the headline: a share of right answers of a task that was asked for by itself."""
    return one.is_primary and one.higher_is_better and not one.group and one.split == "all"


def _score(row: dict[str, Any]) -> ScoreView:
    return ScoreView(**{name: row[name] for name in ScoreView.__dataclass_fields__})


def _primary(one: RunOfSuite) -> dict[str, ScoreView]:
    return {score.task: score for score in one.scores if score.is_primary and score.split == "all" and not score.group}


def _items(lake: Lake, *several: RunOfSuite) -> dict[str, pl.DataFrame]:
    """Returns the items of each task that all scores have, with columns value0, weight0, value1, ... of the scores."""
    frames = [
        _primary_items(lake, one).rename({"value": f"value{i}", "weight": f"weight{i}"})
        for i, one in enumerate(several)
    ]
    joined = frames[0]
    for other in frames[1:]:
        joined = joined.join(other.drop("cluster", "is_ratio"), on=["task", "item"], how="inner")

    rows = joined.sort("task", "item").collect()
    tasks = {str(task): part for (task,), part in rows.group_by("task", maintain_order=True)}

    # A group has the items of all its tasks.
    groups: dict[str, list[pl.DataFrame]] = {}
    for name, score in _leaves(several[0]).items():
        if score.group and name in tasks:
            groups.setdefault(score.group, []).append(tasks[name])
    return tasks | {name: pl.concat(members) for name, members in groups.items()}


def _primary_items(lake: Lake, one: RunOfSuite) -> pl.LazyFrame:
    """Returns task, item, cluster, is_ratio, value and weight of a score's items, by the metric that counts."""
    metrics = [(task, score.metric) for task, score in _leaves(one).items()]
    counting = pl.LazyFrame(metrics, schema={"task": pl.String, "metric": pl.String}, orient="row")
    rows = lake.scan("item_scores", slot=f"score-{one.score}").join(counting, on=["task", "metric"], how="semi")
    return rows.select("task", "item", "cluster", "is_ratio", "value", "weight")


def _leaves(one: RunOfSuite) -> dict[str, ScoreView]:
    return {score.task: score for score in one.scores if score.is_primary and score.split == "all"}


def _difference(items: dict[str, pl.DataFrame], one: ScoreView) -> tuple[Difference, float, float]:
    """Returns (the difference, the score of A, the score of B)."""
    rows = items[one.task]
    clusters = None
    if rows["cluster"].n_unique() > 1:
        clusters = rows.select(_=pl.struct("task", "cluster").rank("dense"))["_"].cast(pl.Int64).to_numpy()
    a, b = (rows[f"value{i}"].to_numpy() for i in (0, 1))
    if rows["is_ratio"][0]:
        # The ratio of sums, with residuals that have the same mean as its difference: the weights are the items' own.
        weights = [rows[f"weight{i}"].to_numpy() for i in (0, 1)]
        values = [part.sum() / weight.sum() for part, weight in zip((a, b), weights, strict=True)]
        residuals = [
            value + (part - value * weight) / weight.mean()
            for part, weight, value in zip((a, b), weights, values, strict=True)
        ]
        return difference(residuals[0], residuals[1], clusters), float(values[0]), float(values[1])
    return difference(a, b, clusters), float(a.mean()), float(b.mean())


def _verdict(gap: Difference, adjusted_p: float, one: ScoreView) -> str:
    if not adjusted_p < 0.05 or gap.value == 0:
        return "undecided"
    return "better" if (gap.value > 0) == one.higher_is_better else "worse"


def _oriented(one: ScoreView) -> float:
    return one.value if one.higher_is_better else -one.value


def _places(
    lake: Lake, members: list[RunOfSuite], tasks: list[str], rows: dict[str, dict[str, ScoreView]]
) -> dict[str, pools.Place]:
    """Returns each model's place by the mean of its centered scores over tasks."""
    if len(members) == 1 or not tasks:
        return {one.score: pools.Place(i + 1, 1, len(members), 1) for i, one in enumerate(members)}
    items, first = _items(lake, *members), rows[members[0].score]
    matrices = []
    for task in tasks:
        frame = items.get(task)
        if frame is None or not first[task].higher_is_better or frame["is_ratio"][0]:
            continue
        values = frame.select([f"value{i}" for i in range(len(members))]).to_numpy().T
        matrices.append((values - first[task].baseline) / (1 - first[task].baseline))
    if not matrices:
        order = sorted(range(len(members)), key=lambda i: -sum(map(_oriented, rows[members[i].score].values())))
        return {members[i].score: pools.Place(rank + 1, 1, len(members), 1) for rank, i in enumerate(order)}
    return pools.places(matrices, [one.score for one in members])
