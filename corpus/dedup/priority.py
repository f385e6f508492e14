"""Which of several copies stays: a total order, so that it depends neither on the cut nor on the order of work."""

import numpy as np
import polars as pl

from corpus.dedup.settings import Keep

LAST_ADDRESS = "\U0010ffff"  # after all others


def priority(keep: Keep, sources: tuple[str, ...]) -> dict[str, pl.Expr]:
    """Keys to sort by, the copy that stays first: of `source`, `uri`, `id`, `n_characters` and `quality`."""
    order = {name: place for place, name in enumerate(sources)}
    place = pl.col("source").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    length, quality = -pl.col("n_characters"), -pl.col("quality").fill_null(-np.inf).fill_nan(-np.inf)
    address, last = pl.col("uri"), pl.col("id")
    by = {
        "source_order": (place, address, last),
        "longest": (length, place, address, last),
        "first": (address, last),
        "quality": (quality, place, address, last),
    }
    return {f"by_{i}": expression for i, expression in enumerate(by[keep])}
