"""The step that makes a mixture: every kept document that it may use, then a choice among them.

Candidates go to a temporary file on disk, one row per document without its text. The choice reads that file in pieces,
so memory does not grow with the corpus.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import polars as pl
import pyarrow as pa

from corpus import schema
from corpus.lake import Lake
from corpus.mixture import predicates
from corpus.mixture.candidates import Candidates, write
from corpus.mixture.choosing import Group, choose, with_unit
from corpus.mixture.settings import Mixture
from corpus.parts import with_counts
from corpus.task import All, WorkItem
from corpus.touched import by_item

VERSION = 3  # raise it when the same documents and settings give other rows
_BATCH_ROWS = 1 << 16
CONTENT = "content"  # number of a part: a hash of its rows


@dataclass(frozen=True, slots=True)
class MixStep:
    """Makes one mixture."""

    spec_type: ClassVar = All
    lake: Lake
    mixture: Mixture
    slots: tuple[str, ...]  # stages that have decided
    exact: bool  # whether tokens are counted by the lake's tokenizer

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `mixtures`, in the order of documents, and of `touched`."""
        signals = self.lake.scan("signals").collect_schema() if self.lake.exists("signals") else {}
        for text in (*self.mixture.groups.values(), *filter(None, [self.mixture.where])):
            predicates.check(text, dict(signals))

        with tempfile.TemporaryDirectory(prefix="pomona-mixture-") as folder:
            path = Path(folder) / "candidates.parquet"
            write(Candidates(self.lake, self.mixture, self.slots, self.exact), path)
            groups, rows = choose(self.mixture, with_unit(self.lake, pl.scan_parquet(path)))
            rows = rows.with_columns(mixture=pl.lit(self.mixture.name))
            counts = counts_of(groups) | {CONTENT: _content(rows)}
            for frame in rows.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True):
                yield "mixtures", with_counts(schema.batch("mixtures", frame), **counts)
                counts = {}

            if self.lake.exists("contamination"):
                trained = rows.filter(pl.col("split") == "train").select("id")
                touched = by_item(self.lake, trained).with_columns(mixture=pl.lit(self.mixture.name))
                yield "touched", schema.batch("touched", touched)


def _content(rows: pl.LazyFrame) -> int:
    """Returns a number that differs between mixtures of other documents, also where the settings are the same: a part
    that is made again has the name that it had before a document was forgotten."""
    hashed = pl.struct("id", "group", "split", "repeats", "tokens").hash(seed=7).sum()
    return int(rows.select(_=hashed).collect(engine="streaming").item() or 0)


def counts_of(groups: list[Group]) -> dict[str, int]:
    """Returns what the corpus has of each group, as the numbers that a part keeps: `documents:GROUP`, ..."""
    counts = dict.fromkeys(("left_out_groups", "left_out_documents", "left_out_tokens"), 0)
    for one in groups:
        if one.share is None:
            counts["left_out_groups"] += 1
            counts["left_out_documents"] += one.documents
            counts["left_out_tokens"] += one.tokens
            continue
        counts[f"documents:{one.group}"], counts[f"tokens:{one.group}"] = one.documents, one.tokens
        counts[f"weight:{one.group}"] = round(one.share.weight * 10**9)
    return counts
