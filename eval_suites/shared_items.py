"""The items that scores have in common, by the metric that counts."""

from collections.abc import Sequence

import polars as pl
import polars.selectors as cs

from corpus.lake import Lake
from eval_suites.statistics.intervals import Clusters
from eval_suites.views import RunOfSuite, ScoreView, run, runs

_FEWEST = 2  # models whose mean says what is to be expected of an item


def values(lake: Lake, wanted: str) -> dict[str, dict[int, float]]:
    """Returns what each item of each task has, by the metric that counts, of a score; ratios are left out."""
    rows = primary_items(lake, run(lake, wanted)).filter(~pl.col("is_ratio"))
    found: dict[str, dict[int, float]] = {}
    for task, item, value in rows.select("task", "item", "value").collect().iter_rows():
        found.setdefault(task, {})[item] = value
    return found


def expected(lake: Lake, tasks: Sequence[str], without: str) -> dict[str, dict[int, float]]:
    """Returns what other models scored on the items of some tasks, on average, by the metric that counts.

    `without` is the key of the model that is scored now. Tasks that fewer than two others were scored on are left out,
    and so are ratios.
    """
    newest = {one.manifest.get("model_key", one.score): one for one in runs(lake)}
    several = [one for key, one in newest.items() if key != without]
    frames = [primary_items(lake, one).filter(~pl.col("is_ratio") & pl.col("task").is_in(tasks)) for one in several]
    if len(frames) < _FEWEST:
        return {}
    rows = pl.concat([one.select("task", "item", "value") for one in frames])
    means = rows.group_by("task", "item").agg(pl.col("value").mean(), n=pl.len()).filter(pl.col("n") >= _FEWEST)
    by_task: dict[str, dict[int, float]] = {}
    for task, item, value in means.select("task", "item", "value").collect().iter_rows():
        by_task.setdefault(task, {})[item] = value
    return by_task


def primary(one: RunOfSuite) -> dict[str, ScoreView]:
    """Returns the score of each task, or group, by the metric that counts, over all items."""
    return {score.task: score for score in one.scores if score.is_primary and score.split == "all" and not score.group}


def shared(lake: Lake, *several: RunOfSuite) -> dict[str, pl.DataFrame]:
    """Returns the items of each task that all scores have, with columns value0, weight0, value1, ... of the scores."""
    frames = [
        primary_items(lake, one).rename({"value": f"value{i}", "weight": f"weight{i}"}) for i, one in enumerate(several)
    ]
    joined = frames[0]
    for other in frames[1:]:
        joined = joined.join(other.drop("cluster", "is_ratio"), on=["task", "item"], how="inner")

    rows = joined.sort("task", "item").collect()
    tasks = {str(task): part for (task,), part in rows.group_by("task", maintain_order=True)}

    # A group has the items of all its tasks.
    groups: dict[str, list[pl.DataFrame]] = {}
    for name, score in leaves(several[0]).items():
        if score.group and name in tasks:
            groups.setdefault(score.group, []).append(tasks[name])
    of_group = {one["task"]: one.get("of_group") for one in several[0].manifest["suite"]["tasks"]}
    return tasks | {
        name: pl.concat(_as_equals(members) if of_group.get(name) == "tasks" else members)
        for name, members in groups.items()
    }


def _as_equals(members: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Scales the values of each task's items so that their mean over all items is the mean of the tasks' means."""
    if members[0]["is_ratio"][0]:  # each task's sums as shares of its own weight: the tasks then weigh the same
        return [one.with_columns(_shares(one)) for one in members]
    n = sum(one.height for one in members)
    factors = [n / (len(members) * one.height) for one in members]
    return [one.with_columns(cs.starts_with("value") * factor) for one, factor in zip(members, factors, strict=True)]


def _shares(frame: pl.DataFrame) -> list[pl.Expr]:
    numbers = [name.removeprefix("value") for name in frame.columns if name.startswith("value")]
    return [
        (pl.col(f"{what}{i}") / pl.col(f"weight{i}").sum()).alias(f"{what}{i}")
        for i in numbers
        for what in ("value", "weight")
    ]


def primary_items(lake: Lake, one: RunOfSuite) -> pl.LazyFrame:
    """Returns task, item, cluster, is_ratio, value and weight of a score's items, by the metric that counts."""
    metrics = [(task, score.metric) for task, score in leaves(one).items()]
    return of_metrics(lake, one, metrics).select("task", "item", "cluster", "is_ratio", "value", "weight")


def of_metrics(lake: Lake, one: RunOfSuite, metrics: Sequence[tuple[str, str]]) -> pl.LazyFrame:
    """Returns a score's items by some metrics, each given as (task, metric)."""
    counting = pl.LazyFrame(metrics, schema={"task": pl.String, "metric": pl.String}, orient="row")
    return lake.scan("item_scores", slot=f"score-{one.score}").join(counting, on=["task", "metric"], how="semi")


def clusters(rows: pl.DataFrame) -> Clusters | None:
    """Returns the number of each item's cluster; None if the items are independent.

    Clusters of several tasks are others even if their names are the same. One cluster is one piece of evidence.
    """
    if rows["cluster"].n_unique() == 1 and not rows["cluster"][0]:
        return None
    return rows.select(_=pl.struct("task", "cluster").rank("dense"))["_"].cast(pl.Int64).to_numpy()


def leaves(one: RunOfSuite) -> dict[str, ScoreView]:
    """Returns the score of each task, those of groups included."""
    return {score.task: score for score in one.scores if score.is_primary and score.split == "all"}
