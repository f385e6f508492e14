"""Decides which of several copies stays.

The copies have a total order, so the result depends neither on how the work is cut nor on the order of the work.
"""

import numpy as np
import polars as pl
import pyarrow as pa

from corpus.dedup.settings import Keep
from corpus.schema import column

RANKED_BY = (
    column("uri", pa.string(), "As in documents"),
    column("n_characters", pa.int64(), "Code points of the text"),
    column("quality", pa.float64(), "Value of the signal that decides which copy stays; 0 if no signal decides"),
)  # columns of the tables whose rows are ranked
LAST_ADDRESS = "\U0010ffff"  # sorts after all other addresses


def priority(keep: Keep, sources: tuple[str, ...]) -> dict[str, pl.Expr]:
    """Returns the keys by which copies are sorted; the first copy stays.

    The keys use the columns `source`, `uri`, `id`, `n_characters` and `quality`.
    """
    order = {name: place for place, name in enumerate(sources)}
    place = pl.col("source").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    length, quality = -pl.col("n_characters"), -pl.col("quality").fill_null(-np.inf).fill_nan(-np.inf)
    address, last = pl.col("uri"), pl.col("id")
    keys = {
        "source_order": (place, address, last),
        "longest": (length, place, address, last),
        "first": (address, last),
        "quality": (quality, place, address, last),
    }
    return {f"by_{i}": expression for i, expression in enumerate(keys[keep])}
