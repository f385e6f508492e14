"""Joins the clusters of exact, near and semantic deduplication, so that each document is in one cluster.

Each of these stages reads only the documents that the stage before it kept. If `exact` dropped a document because of a
copy, the document belongs to the cluster in which `minhash` put that copy. The last stage decides which copy stays.
"""

import polars as pl

from corpus.lake import Lake

STAGES = ("exact", "minhash", "semantic")  # in the order in which they run
_COLUMNS = ["id", "source", "stage", "cluster", "representative", "similarity"]


def clusters(lake: Lake) -> pl.LazyFrame:
    """Returns id, source, stage, cluster, representative, similarity: one row for each document in a cluster.

    `stage` is the stage that clustered the document first. `similarity` is the similarity to the copy that stays. If
    several stages lead to that copy, it is the least of their similarities.
    """
    joined = _rows(lake, STAGES[0])
    for stage in STAGES[1:]:
        joined = _joined(joined, _rows(lake, stage))
    return joined


def _rows(lake: Lake, stage: str) -> pl.LazyFrame:
    return lake.scan("duplicates", slot=stage).select(_COLUMNS)


def _joined(before: pl.LazyFrame, after: pl.LazyFrame) -> pl.LazyFrame:
    """Returns the earlier rows and the new rows of the later stage.

    If a later cluster holds the representative of an earlier row, the row gets that cluster and its representative.
    """
    later = after.select(
        representative="id", _cluster="cluster", _representative="representative", _similarity="similarity"
    )
    renamed = before.join(later, on="representative", how="left").select(
        "id", "source", "stage",
        cluster=pl.coalesce("_cluster", "cluster"),
        representative=pl.coalesce("_representative", "representative"),
        similarity=pl.min_horizontal("similarity", "_similarity"),
    )  # fmt: skip
    return pl.concat([renamed, after.join(before.select("id"), on="id", how="anti")])
