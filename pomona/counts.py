"""Counts of the rows that a stage made, and the errors for stages without rows."""

from collections.abc import Sequence

import polars as pl

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.stage import Stage
from pomona import stages


def rows_of(lake: Lake, stage: Stage) -> dict[str, int]:
    """Returns the number of rows of each output; for `passed_over`, the number of records that its rows count."""
    with lake.snapshot():
        rows = {o.table: sum(part.n_rows for part in lake.parts(o.table, o.slot)) for o in stage.outputs}
        if "passed_over" in rows:
            n_records = lake.scan("passed_over", slot=stage.slot).select(pl.col("records").sum())
            rows["passed_over"] = int(n_records.collect().item() or 0)
        return rows


def require_rows(lake: Lake, stage: Stage) -> dict[str, int]:
    """Returns the rows of each output; raises `UserError` if the stage has none and that is a mistake."""
    rows = rows_of(lake, stage)
    if not rows[stage.outputs[0].table] and not stage.may_be_empty:
        raise UserError(_nothing(lake, stage))
    return rows


def refuse_emptying(lake: Lake, stage: Stage, keys: Sequence[str]) -> None:
    """Raises `UserError` if a source with documents would lose all of them; runs before the stage commits anything."""
    table = stage.outputs[0].table
    if not stage.keeps_documents or not lake.parts(table, stage.slot):
        return
    paths = (f"{stage.slot}/{key}.parquet" for key in keys)
    if any(lake.open_part(table, path).metadata.num_rows for path in paths):
        return
    why = stage.why_empty(keys) if stage.why_empty else f"stage {stage.name!r} made no rows"
    raise UserError(f"{why}; the source keeps its earlier documents")


def _nothing(lake: Lake, stage: Stage) -> str:
    if stage.why_empty:
        return stage.why_empty(None)
    if stage.slot in stages.deciding() and stages.decided_before(lake, stage.slot):
        return (
            f"stage {stage.name!r} has nothing to work on: the stages before it kept no document; see `pomona report`"
        )
    return f"stage {stage.name!r} has nothing to work on: the lake holds no documents; ingest a source first"
