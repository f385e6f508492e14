"""Measures the rate of embeddings. The later stages of semantic duplicates take about as long."""

import pyarrow as pa

from corpus.dedup.semantic.embedding import Embedding, embed
from corpus.rates import rate


def rates(text: pa.Array) -> dict[str, float]:
    """Returns MB/s on one core, by kind of work."""
    measured = rate(text.nbytes, lambda: embed(text, Embedding()))
    return {"embeddings": measured, "semantic": measured}
