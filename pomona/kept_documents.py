"""The definition of "kept": the documents that every deciding stage of a lake keeps, without what was cut.

Export, report, explain, `pomona sql` and mixtures read `kept`. It raises an error if a stage is out of date, instead of
combining decisions that do not belong together (pomona.standing).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from corpus import remaining
from corpus.dedup.joined import clusters
from corpus.lake import Lake
from pomona import standing
from pomona.stages import decided

COLUMNS = ["id", "source", "uri", "text", "license", "metadata"]
_STRINGS: pl.DataType = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
SCHEMA: dict[str, Any] = {
    "id": pl.String, "source": pl.String, "uri": pl.String, "text": pl.String, "license": pl.String,
    "metadata": _STRINGS, "cluster": pl.String, "copies": pl.UInt32,
}  # fmt: skip


def kept(lake: Lake | str | Path) -> pl.LazyFrame:
    """Returns the kept documents lazily: id, source, uri, text, license, metadata, cluster, copies.

    `text` does not contain what was cut. `cluster` is that of the document's copies, or null if it has none.
    `copies` is the number of documents that it represents, with itself. Documents are read in pieces, and only the
    requested columns. Raises `UserError` if a stage is out of date. If no stage has decided yet, every document is
    kept.
    """
    from polars.io.plugins import register_io_source

    lake = lake if isinstance(lake, Lake) else Lake(lake)
    standing.require(lake)

    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = list(SCHEMA) if with_columns is None else with_columns
        n_left = n_rows
        for rows in batches(lake, wanted or ["id"]):
            if "metadata" in rows.columns:
                rows = rows.with_columns(pl.col("metadata").cast(_STRINGS))
            rows = rows if predicate is None else rows.filter(predicate)
            rows = rows if n_left is None else rows.head(n_left)
            yield rows
            n_left = None if n_left is None else n_left - rows.height
            if n_left == 0:
                return

    return register_io_source(source, schema=SCHEMA)


def ids(lake: Lake) -> pl.LazyFrame:
    """Returns the `id` of the kept documents lazily. Raises `UserError` if a stage is out of date."""
    standing.require(lake)
    return remaining.kept_ids(lake, decided(lake))


def batches(lake: Lake, columns: list[str]) -> Iterator[pl.DataFrame]:
    """Yields the kept documents with some of the columns of `SCHEMA`, one row group at a time."""
    # All batches read one snapshot. The caller may commit between two batches, so it is a separate one, unless the
    # caller holds a snapshot already.
    at_once = lake if lake.in_snapshot else Lake(lake.url, lake.storage_options)
    with at_once.snapshot():
        yield from _batches(at_once, columns)


def _batches(lake: Lake, columns: list[str]) -> Iterator[pl.DataFrame]:
    slots = decided(lake)
    joined = _clusters(lake) if {"cluster", "copies"} & set(columns) else None
    read_columns = [name for name in COLUMNS if name in columns or (name == "id" and joined is not None)]
    for part in lake.parts("documents"):
        parquet = lake.open_part("documents", part)
        numbers = [remaining.row_group_number(part.path, group) for group in range(parquet.metadata.num_row_groups)]
        left = remaining.remaining(lake, slots, numbers)
        for group, number in enumerate(numbers):
            if not len(left.rows_of(number, parquet.metadata.row_group(group).num_rows)):
                continue
            rows = remaining.exported(lake, left, part.path, group, read_columns)
            if joined is not None:
                rows = rows.join(joined, on="id", how="left", maintain_order="left")
                rows = rows.with_columns(pl.col("copies").fill_null(1))
            yield rows.select(columns)


def _clusters(lake: Lake) -> pl.DataFrame:
    """Returns id, cluster and copies of the documents that represent others."""
    members = clusters(lake)
    sizes = members.group_by("representative").agg(cluster=pl.col("cluster").first(), copies=pl.len())
    return sizes.rename({"representative": "id"}).collect(engine="streaming")
