"""Which items of a score the model may have seen in training: those that documents of its mixtures touch.

Decontamination knows which documents touch which items of the benchmarks that it was given, and each mixture which
items its documents touch (table `touched`). A run has read its own mixture and those of the runs before it. So each
item is touched, clean, or, if its task was not given to decontamination, unknown.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import polars as pl

from corpus.lake import Lake
from corpus.mixture.stages import slot
from decontam import added
from training.stages import chain


def mixtures_of(lake: Lake, run: str) -> list[str]:
    """Returns the mixtures that a run and those before it have read; none for a model from elsewhere."""
    return list(dict.fromkeys(str(row["mixture"]) for row in chain(lake, run, teachers=True)))


def content(lake: Lake, mixtures: Sequence[str]) -> list[str]:
    """Returns what the touched items of some mixtures were made from, so that scores are made again with them."""
    lineages = (lake.current("touched", slot(name)) for name in mixtures) if lake.exists("touched") else ()
    return [lineage.key for lineage in lineages if lineage is not None]


def protected(lake: Lake) -> set[str]:
    """Returns the names of the benchmarks that decontamination was given."""
    if not lake.exists("contamination"):
        return set()
    named = lake.scan("contamination").select("benchmark").unique().collect()["benchmark"]
    lineages = lake.lineages("contamination")
    listed = {str(name) for one in lineages.values() for name in one.config.get("benchmarks", {})}
    return {*named, *listed}


def marked(
    lake: Lake, items: pl.DataFrame, groups: Mapping[str, str], mixtures: Sequence[str],
    held_back: Mapping[str, int] = MappingProxyType({}),
) -> pl.DataFrame:  # fmt: skip
    """Adds `touched` to items with task and item: true, false, or null for a task that nobody asked about.

    `groups` has the group of each task. Decontamination calls an item of an lm-eval task TASK/NUMBER, under the name of
    the task or of the group; one of a file by the id that the file gives, else by its number.
    """
    known = protected(lake) if mixtures else set()
    if not known:
        return items.with_columns(touched=pl.lit(None, pl.Boolean))
    rows = lake.scan("touched").filter(pl.col("mixture").is_in(list(mixtures)))
    touched = set(rows.select("benchmark", "item").unique().collect().iter_rows())

    # Those that `--decontaminate` wrote have the numbers of the items as they were scored.
    ours = {one.partition("=")[0] for one in added.specs(lake)}

    def of(task: str, item: int, known_as: str) -> bool | None:
        named = dict.fromkeys((task, groups.get(task, task), added.name_of(task)))
        names = [name for name in named if name in known]
        if not names:
            return None
        # A row of a file has the file's id, or its number there: rows that became examples come before the first item.
        in_file = known_as or str(item + held_back.get(task, 0))
        return any(
            (name, each) in touched
            for name in names
            for each in (f"{task}/{item}", str(item) if name in ours else in_file)
        )

    if "known_as" not in items.columns:  # of an earlier version
        items = items.with_columns(known_as=pl.lit(""))
    keys = items.select("task", "item", "known_as").unique(["task", "item"], maintain_order=True)
    marks = pl.Series("touched", [of(*row) for row in keys.iter_rows()], dtype=pl.Boolean)
    keys = keys.drop("known_as")
    return items.join(keys.with_columns(marks), on=["task", "item"], how="left", maintain_order="left")
