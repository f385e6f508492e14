"""How many rows a stage made, and what to say where there is none."""

from collections.abc import Sequence

import polars as pl

from corpus.errors import UserError
from corpus.lake import Lake
from pomona import stages
from pomona.stages import Stage


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
    if not stage.name.startswith("ingest:") or not lake.parts("documents", stage.slot):
        return
    if any(lake.open_part("documents", path).metadata.num_rows for path in _paths(stage, keys)):
        return
    raise UserError(f"{_no_document(lake, stage, keys)}; the source keeps what it held")


def _nothing(lake: Lake, stage: Stage) -> str:
    if stage.name.startswith("ingest:"):
        return f'{_no_document(lake, stage)}; see `pomona sql "select * from rejects"`'
    if stage.slot in stages.DECIDING[1:] and lake.parts("decisions", "filter"):
        return (
            f"stage {stage.name!r} has nothing to work on: the stages before it kept no document; see `pomona report`"
        )
    return f"stage {stage.name!r} has nothing to work on: the lake holds no documents; ingest a source first"


def _no_document(lake: Lake, stage: Stage, keys: Sequence[str] | None = None) -> str:
    """Why an ingest gave no document: from what was committed, or from the finished parts of these items."""

    def scan(table: str) -> pl.LazyFrame:
        return lake.scan(table, slot=stage.slot) if keys is None else lake.scan_paths(table, _paths(stage, keys))

    refused = scan("rejects").group_by("reason").agg(pl.len(), pl.col("detail").first())
    passed = scan("passed_over").group_by("kind").agg(pl.col("records").sum())
    reasons = refused.sort("len", "reason", descending=[True, False]).collect()
    kinds = passed.sort("records", "kind", descending=[True, False]).head(5).collect()

    causes = [f"{reason} {count} (e.g. {detail})" for reason, count, detail in reasons.iter_rows()]
    causes += [f"passed over {count} {kind}" for kind, count in kinds.iter_rows()]
    source, n_files = stage.name.removeprefix("ingest:"), stage.facts["n_files"]
    return f"source {source!r} gave no document from {n_files} files: {', '.join(causes) or 'they hold no record'}"


def _paths(stage: Stage, keys: Sequence[str]) -> list[str]:
    return [f"{stage.slot}/{key}.parquet" for key in keys]
