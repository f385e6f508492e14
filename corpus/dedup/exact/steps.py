"""Exact duplicates: documents whose texts differ only in case and white space, across all sources.

The signal `text_hash`, 128 bits, stands for the normalized text; equal hashes are equal texts. Work items are
ranges of the hash, so that memory stays bounded however many documents there are, and every copy of a text is in
the same item. The copy that stays is the least by a total order, so that it does not depend on the order of work.
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

VERSION = 4  # raised when the same documents would give other rows
STAGE = "exact"
REASON = "exact.duplicate"
_DOCUMENTS_PER_ITEM = 4_000_000
_PREFIX = 4  # hex digits that say which range a hash is in


@dataclass(frozen=True, slots=True)
class HashRange:
    """Spec of a work item: the texts whose hash, in hex digits, is at least `low` and below `high`."""

    low: str
    high: str


def ranges(n_documents: int) -> list[HashRange]:
    """Ranges that together hold every hash, with about `_DOCUMENTS_PER_ITEM` documents each."""
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
    quality: str | None = None  # a signal: the greater, the sooner a copy stays
    slots: tuple[str, ...] = ()  # stages that decided before

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `duplicates` and `decisions`."""
        found = rank(self._documents(item.spec.low, item.spec.high), self.keep, self.sources)
        for table, frame in (("duplicates", duplicates(found)), ("decisions", decisions(found))):
            yield table, schema.batch(table, frame)

    def _documents(self, low: str, high: str) -> pl.DataFrame:
        """id, source, text_hash, n_characters, quality, uri of the range's documents that no stage dropped before."""
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
    """The documents in their total order, with `representative` and `n_copies` of each one's cluster."""
    documents = documents.with_columns(**priority(keep, sources))
    return documents.sort("text_hash", cs.starts_with("by_")).with_columns(
        representative=pl.col("id").first().over("text_hash"), n_copies=pl.len().over("text_hash")
    )


def duplicates(ranked: pl.DataFrame) -> pl.DataFrame:
    """Rows of `duplicates`: the members of clusters of two or more, the representative among them."""
    return ranked.filter(pl.col("n_copies") > 1).select(
        "id",
        "source",
        stage=pl.lit(STAGE),
        cluster="text_hash",
        representative="representative",
        similarity=pl.lit(1.0),
    )


def decisions(ranked: pl.DataFrame) -> pl.DataFrame:
    """Rows of `decisions`: every document of the stage, kept where it represents its cluster."""
    kept = pl.col("id") == pl.col("representative")
    ordered = ranked.sort("row_group", "row")
    return deciding.decisions(ordered.with_columns(kept=kept, value=1.0, limit=1.0), STAGE, REASON)
