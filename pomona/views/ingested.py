"""What became of the raw records of one source."""

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
    """What became of the raw records of a source."""
    its = slot(source)
    rejects = lake.scan("rejects", slot=its).group_by("reason").agg(n=pl.len())
    passed = lake.scan("passed_over", slot=its).group_by("kind").agg(n=pl.col("records").sum())
    counts = [
        dict(frame.sort("n", name, descending=[True, False]).collect().iter_rows())
        for frame, name in ((rejects, "reason"), (passed, "kind"))
    ]
    n_documents = sum(part.n_rows for part in lake.parts("documents", its))
    made = lake.current("documents", its)
    total = n_documents + sum(counts[0].values()) + sum(counts[1].values())
    return Ingested(str(made.facts.get("kind", "")) if made else "", total, n_documents, *counts)


def sources(lake: Lake) -> tuple[str, ...]:
    """Names of the sources, in the order in which they were first ingested."""
    there = lake.lineages("documents") if lake.exists("documents") else {}
    commits = (commit.lineage for commit in reversed(lake.history("documents")))
    names = {one.slot: one.stage.partition(":")[2] for one in commits if one and one.slot in there and not one.dropped}
    return tuple(names.values())
