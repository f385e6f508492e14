"""Finds exact duplicates: documents whose texts differ only in case and white space, across all sources.

The signal `text_hash` has 128 bits and represents the normalized text: texts with equal hashes are equal. Each work
item is a range of hashes. So memory stays bounded for any number of documents, and all copies of a text are in the same
work item. The copy that stays is the least in a total order, so that it does not depend on the order of the work.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import polars as pl
import polars.selectors as cs
import pyarrow as pa

from corpus import deciding, schema
from corpus.dedup.priority import priority
from corpus.dedup.settings import Keep
from corpus.lake import Lake
from corpus.task import WorkItem

VERSION = 4  # raise it when the same documents give other rows
STAGE = "exact"
REASON = "exact.duplicate"
_DOCUMENTS_PER_ITEM = 4_000_000
_PREFIX = 4  # leading hex digits, which decide the range that a hash is in


@dataclass(frozen=True, slots=True)
class HashRange:
    """Spec of a work item: the texts whose hash, in hex digits, is at least `low` and below `high`."""

    low: str
    high: str


def ranges(n_documents: int) -> list[HashRange]:
    """Returns ranges that together hold every hash, with about `_DOCUMENTS_PER_ITEM` documents each."""
    n_ranges = max(-(-n_documents // _DOCUMENTS_PER_ITEM), 1)
    bounds = [16**_PREFIX * i // n_ranges for i in range(n_ranges + 1)]
    digits = [f"{bound:0{_PREFIX}x}" for bound in bounds[:-1]] + ["g"]  # greater than every hex digit
    return [HashRange(low, high) for low, high in itertools.pairwise(digits)]


@dataclass(frozen=True, slots=True)
class ExactStep:
    """Clusters and decisions of the documents whose hash is in one range."""

    spec_type: ClassVar = HashRange
    lake: Lake
    keep: Keep
    sources: tuple[str, ...]
    quality: str | None = None  # name of a signal: with keep quality, the copy with the greatest value stays
    slots: tuple[str, ...] = ()  # earlier stages that decided

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `duplicates` and `decisions`."""
        ranked = rank(self._documents(item.spec.low, item.spec.high), self.keep, self.sources)
        for table, frame in (("duplicates", duplicates(ranked)), ("decisions", decisions(ranked))):
            yield table, schema.batch(table, frame)

    def _documents(self, low: str, high: str) -> pl.DataFrame:
        """Returns the documents of the range that no earlier stage dropped.

        The columns are id, source, text_hash, n_characters, quality and uri.
        """
        quality = pl.col(self.quality).cast(pl.Float64) if self.keep == "quality" and self.quality else pl.lit(0.0)
        hashed = self.lake.scan("signals").select(
            "id", "source", "row_group", "row", "text_hash", "n_characters", quality=quality
        )
        hashed = hashed.filter((pl.col("text_hash") >= low) & (pl.col("text_hash") < high))
        for slot in self.slots:
            kept = self.lake.scan("decisions", slot=slot).filter("kept").select("id")
            hashed = hashed.join(kept, on="id", how="semi")
        uris = self.lake.scan("documents").select("id", "uri")
        return hashed.join(uris, on="id", how="inner").collect(engine="streaming")


def rank(documents: pl.DataFrame, keep: Keep, sources: tuple[str, ...]) -> pl.DataFrame:
    """Returns the documents in their total order, each with `representative` and `n_copies` of its cluster."""
    documents = documents.with_columns(**priority(keep, sources))
    return documents.sort("text_hash", cs.starts_with("by_")).with_columns(
        representative=pl.col("id").first().over("text_hash"), n_copies=pl.len().over("text_hash")
    )


def duplicates(ranked: pl.DataFrame) -> pl.DataFrame:
    """Returns rows of `duplicates`: the members, with the representative, of clusters of two or more documents."""
    return ranked.filter(pl.col("n_copies") > 1).select(
        "id",
        "source",
        stage=pl.lit(STAGE),
        cluster="text_hash",
        representative="representative",
        similarity=pl.lit(1.0),
    )


def decisions(ranked: pl.DataFrame) -> pl.DataFrame:
    """Returns rows of `decisions`: all documents of the stage. A document is kept if it represents its cluster."""
    kept = pl.col("id") == pl.col("representative")
    ordered = ranked.sort("row_group", "row")
    return deciding.decisions(ordered.with_columns(kept=kept, value=1.0, limit=1.0), STAGE, REASON)
