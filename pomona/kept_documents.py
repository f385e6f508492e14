"""The one meaning of "kept": the documents that every stage which has decided keeps, as they leave the lake.

`kept` is what export, report, explain, `pomona sql` and mixtures read. Where a stage is out of date it raises, rather
than combine decisions that do not belong together (pomona.standing).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from corpus import remaining
from corpus.dedup.joined import clusters
from corpus.lake import Lake
from corpus.text.cutting import without
from pomona import standing
from pomona.stages import decided

COLUMNS = ["id", "source", "uri", "text", "license", "metadata"]
_STRINGS: pl.DataType = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
SCHEMA: dict[str, Any] = {
    "id": pl.String, "source": pl.String, "uri": pl.String, "text": pl.String, "license": pl.String,
    "metadata": _STRINGS, "cluster": pl.String, "copies": pl.UInt32,
}  # fmt: skip


def kept(lake: Lake | str | Path) -> pl.LazyFrame:
    """The kept documents: id, source, uri, text, license, metadata, cluster, copies.

    `text` is without what was cut. `cluster` is that of the document's copies, null where it has none; `copies` is how
    many documents it stands for, itself among them. Read in pieces, and only the columns that are asked for. Raises
    `UserError` where a stage is out of date; where none has decided yet, every document is kept.
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
    """`id` of the kept documents, lazily. Raises `UserError` where a stage is out of date."""
    standing.require(lake)
    return remaining.kept_ids(lake, decided(lake))


def batches(lake: Lake, columns: list[str]) -> Iterator[pl.DataFrame]:
    """The kept documents with some of the columns of `SCHEMA`, a row group after the other."""
    # One state for all of it; of its own, since who asks may commit between two batches, unless he holds one already.
    at_once = lake if lake.in_snapshot else Lake(lake.url, lake.storage_options)
    with at_once.snapshot():
        yield from _batches(at_once, columns)


def _batches(lake: Lake, columns: list[str]) -> Iterator[pl.DataFrame]:
    slots = decided(lake)
    joined = _clusters(lake) if {"cluster", "copies"} & set(columns) else None
    read = [name for name in COLUMNS if name in columns or (name == "id" and joined is not None)]
    for part in lake.parts("documents"):
        parquet = lake.open_part("documents", part)
        numbers = [remaining.row_group_number(part.path, group) for group in range(parquet.metadata.num_row_groups)]
        remains = remaining.remaining(lake, slots, numbers)
        for group, number in enumerate(numbers):
            n_rows = parquet.metadata.row_group(group).num_rows
            stays = remains.rows_of(number, n_rows)
            if not len(stays):
                continue
            rows = pl.from_arrow(parquet.read_row_group(group, columns=read or ["id"]))
            assert isinstance(rows, pl.DataFrame)
            rows = rows[stays]
            gone = remaining.cuts_of(remains, number, stays)
            if "text" in columns and len(gone.document):
                rows = rows.with_columns(text=pl.Series(without(rows["text"].to_arrow(), gone)))
            if joined is not None:
                rows = rows.join(joined, on="id", how="left", maintain_order="left")
                rows = rows.with_columns(pl.col("copies").fill_null(1))
            yield rows.select(columns)


def _clusters(lake: Lake) -> pl.DataFrame:
    """id, cluster and copies of the documents that stand for others."""
    picture = clusters(lake)
    sizes = picture.group_by("representative").agg(cluster=pl.col("cluster").first(), copies=pl.len())
    return sizes.rename({"representative": "id"}).collect(engine="streaming")
