"""Counts of the raw records of one source, by what became of them."""

from dataclasses import dataclass

import polars as pl

from corpus.ingest.stages import slot
from corpus.lake import Lake


@dataclass(frozen=True, slots=True)
class Ingested:
    """Raw records = documents + rejects + records that were passed over."""

    kind: str  # of the raw files; '' if it is not known
    records: int
    documents: int
    rejects: dict[str, int]  # by reason, the most frequent first
    passed_over: dict[str, int]  # by kind, the most frequent first


def ingested(lake: Lake, source: str) -> Ingested:
    """Counts the raw records of a source by what became of them."""
    source_slot = slot(source)
    rejects = lake.scan("rejects", slot=source_slot).group_by("reason").agg(n=pl.len())
    passed = lake.scan("passed_over", slot=source_slot).group_by("kind").agg(n=pl.col("records").sum())
    counts = [
        dict(frame.sort("n", name, descending=[True, False]).collect().iter_rows())
        for frame, name in ((rejects, "reason"), (passed, "kind"))
    ]
    n_documents = sum(part.n_rows for part in lake.parts("documents", source_slot))
    lineage = lake.current("documents", source_slot)
    total = n_documents + sum(counts[0].values()) + sum(counts[1].values())
    return Ingested(str(lineage.facts.get("kind", "")) if lineage else "", total, n_documents, *counts)


def sources(lake: Lake) -> tuple[str, ...]:
    """Returns the names of the sources, in the order in which they were first ingested."""
    lineages = lake.lineages("documents") if lake.exists("documents") else {}
    commits = (commit.lineage for commit in reversed(lake.history("documents")))
    names = {c.slot: c.stage.partition(":")[2] for c in commits if c and c.slot in lineages and not c.dropped}
    return tuple(names.values())
