"""One cluster for each document: what exact, near and semantic deduplication found, joined into one picture.

Each of these stages sees only what the one before left. A document that `exact` dropped for its copy belongs to the
cluster in which `minhash` put that copy; the copy that stays is the last one's.
"""

import polars as pl

from corpus.lake import Lake

STAGES = ("exact", "minhash", "semantic")  # in the order in which they run
_COLUMNS = ["id", "source", "stage", "cluster", "representative", "similarity"]


def clusters(lake: Lake) -> pl.LazyFrame:
    """id, source, stage, cluster, representative, similarity: one row for each document in a cluster.

    `stage` is the one that clustered the document first; `similarity` is to the copy that stays, the least on the way.
    """
    picture = _rows(lake, STAGES[0])
    for stage in STAGES[1:]:
        picture = _joined(picture, _rows(lake, stage))
    return picture


def _rows(lake: Lake, stage: str) -> pl.LazyFrame:
    return lake.scan("duplicates", slot=stage).select(_COLUMNS)


def _joined(before: pl.LazyFrame, after: pl.LazyFrame) -> pl.LazyFrame:
    """Earlier clusters, under the later cluster's name where it holds their representative; then the new rows."""
    of = after.select(
        representative="id", _cluster="cluster", _representative="representative", _similarity="similarity"
    )
    renamed = before.join(of, on="representative", how="left").select(
        "id", "source", "stage",
        cluster=pl.coalesce("_cluster", "cluster"),
        representative=pl.coalesce("_representative", "representative"),
        similarity=pl.min_horizontal("similarity", "_similarity"),
    )  # fmt: skip
    return pl.concat([renamed, after.join(before.select("id"), on="id", how="anti")])
