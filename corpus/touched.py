"""Which benchmark items some documents touch, by the table `contamination`."""

import polars as pl

from corpus.lake import Lake


def by_item(lake: Lake, ids: pl.LazyFrame | None = None) -> pl.DataFrame:
    """Returns benchmark, item, documents, share, n of the items that documents touch, the worst first.

    `ids` are the documents of a mixture.
    """
    rows = lake.scan("contamination")
    if ids is not None:
        rows = rows.join(ids.select("id"), on="id", how="semi")
    return (
        rows.group_by("benchmark", "item")
        .agg(documents=pl.len(), share=pl.col("share").max(), n=pl.col("n").max())
        .sort(["share", "n", "documents", "benchmark", "item"], descending=[True, True, True, False, False])
        .collect(engine="streaming")
    )
