"""The result of one deciding family."""

from dataclasses import dataclass

import polars as pl

from corpus.lake import Lake


@dataclass(frozen=True, slots=True)
class Decided:
    """Counts of the documents that a family saw, kept, dropped and cut."""

    documents: int
    kept: int
    dropped: int
    clusters: int  # of documents that it found to be copies of each other
    cuts: int  # passages that it cut out of documents
    characters_cut: int


def decided(lake: Lake, family: str) -> Decided:
    """Returns the counts of a family's last decisions."""
    verdicts = lake.scan("decisions", slot=family).select(pl.len(), pl.col("kept").sum()).collect().row(0)
    clusters = lake.scan("duplicates", slot=family).select(pl.col("cluster").n_unique()).collect().item()
    length = pl.col("end") - pl.col("start")
    n_cuts, characters = lake.scan("cuts", slot=family).select(pl.len(), length.sum()).collect().row(0)
    n, kept = verdicts[0], int(verdicts[1] or 0)
    return Decided(n, kept, n - kept, clusters, n_cuts, int(characters or 0))
