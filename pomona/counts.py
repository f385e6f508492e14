"""How many rows a stage made, and what to say where there is none."""

from collections.abc import Sequence

import polars as pl

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.stage import Stage
from pomona import stages


def rows_of(lake: Lake, stage: Stage) -> dict[str, int]:
    """Rows of each output; of `passed_over`, the records that it counts."""
    with lake.snapshot():
        rows = {o.table: sum(part.n_rows for part in lake.parts(o.table, o.slot)) for o in stage.outputs}
        if "passed_over" in rows:
            counted = lake.scan("passed_over", slot=stage.slot).select(pl.col("records").sum())
            rows["passed_over"] = int(counted.collect().item() or 0)
        return rows


def require_rows(lake: Lake, stage: Stage) -> dict[str, int]:
    """Rows of each output; raises `UserError` where there is none and that is a mistake."""
    rows = rows_of(lake, stage)
    if not rows[stage.outputs[0].table] and not stage.may_be_empty:
        raise UserError(_nothing(lake, stage))
    return rows


def refuse_emptying(lake: Lake, stage: Stage, keys: Sequence[str]) -> None:
    """Raises `UserError` where a source that holds documents would hold none: before anything of it is committed."""
    table = stage.outputs[0].table
    if not stage.keeps_documents or not lake.parts(table, stage.slot):
        return
    paths = (f"{stage.slot}/{key}.parquet" for key in keys)
    if any(lake.open_part(table, path).metadata.num_rows for path in paths):
        return
    why = stage.why_empty(keys) if stage.why_empty else f"stage {stage.name!r} gave nothing"
    raise UserError(f"{why}; the source keeps what it held")


def _nothing(lake: Lake, stage: Stage) -> str:
    if stage.why_empty:
        return stage.why_empty(None)
    if stage.slot in stages.deciding() and stages.decided_before(lake, stage.slot):
        return (
            f"stage {stage.name!r} has nothing to work on: the stages before it kept no document; see `pomona report`"
        )
    return f"stage {stage.name!r} has nothing to work on: the lake holds no documents; ingest a source first"
