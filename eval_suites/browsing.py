"""The items of a suite with what each model answered, for a person who wants to look at them."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from corpus.lake import Lake
from eval_suites import shared_items
from eval_suites.views import RunOfSuite

_TEXT = 1500  # characters of a prompt or an answer that are kept; of a prompt, the last ones


@dataclass(frozen=True, slots=True)
class Browsed:
    """An item with the answers of all models, in their order."""

    task: str
    item: int
    prompt: str
    target: str
    answers: list[str]
    values: list[float]  # by the metric that counts; of a ratio, the item's own ratio
    touched: bool | None  # whether the training data of one of the models touch it


@dataclass(frozen=True, slots=True)
class Items:
    """Some items of a suite: those on which models differ come first."""

    total: int
    rows: list[Browsed]


def items(lake: Lake, runs: Sequence[RunOfSuite], most: int) -> Items:
    """Returns up to `most` items that all these models were asked, as many of each task as there is room for."""
    frames = {
        task: frame for task, frame in shared_items.shared(lake, *runs).items() if task in shared_items.leaves(runs[0])
    }
    total = sum(one.height for one in frames.values())
    if not total:
        return Items(0, [])
    values = [
        pl.when(pl.col(f"weight{i}") != 0)
        .then(pl.col(f"value{i}") / pl.col(f"weight{i}"))
        .otherwise(0.0)
        .alias(f"v{i}")
        for i in range(len(runs))
    ]
    names = [f"v{i}" for i in range(len(runs))]
    spread = (pl.max_horizontal(names) - pl.min_horizontal(names)).alias("spread")
    of_task = max(most // len(frames), 1)
    chosen = pl.concat(
        one.with_columns(values).with_columns(spread).sort("spread", descending=True, maintain_order=True).head(of_task)
        for one in frames.values()
    ).select("task", "item", *names)
    wanted = chosen.lazy().select("task", "item")

    for i, one in enumerate(runs):
        answers = lake.scan("answers", slot=f"score-{one.score}").rename({"answer": f"answer{i}"})
        columns = ["prompt", "target"] if i == 0 else []
        kept = answers.select("task", "item", *columns, f"answer{i}").join(wanted, on=["task", "item"], how="semi")
        chosen = chosen.join(kept.collect(), on=["task", "item"], how="left", maintain_order="left")
    return Items(total, [_browsed(row, len(runs)) for row in chosen.join(
        _touched(lake, runs), on=["task", "item"], how="left", maintain_order="left"
    ).iter_rows(named=True)])  # fmt: skip


def _touched(lake: Lake, runs: Sequence[RunOfSuite]) -> pl.DataFrame:
    slots = [
        lake.scan("item_scores", slot=f"score-{one.score}").select("task", "item", "touched").drop_nulls()
        for one in runs
    ]
    return pl.concat(slots).group_by("task", "item").agg(pl.col("touched").any()).collect()


def _browsed(row: dict[str, object], n: int) -> Browsed:
    return Browsed(
        str(row["task"]), int(str(row["item"])), str(row["prompt"] or "")[-_TEXT:], str(row["target"] or "")[:_TEXT],
        [str(row[f"answer{i}"] or "")[:_TEXT] for i in range(n)], [float(str(row[f"v{i}"])) for i in range(n)],
        None if row["touched"] is None else bool(row["touched"]),
    )  # fmt: skip
