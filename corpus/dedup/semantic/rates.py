"""Rates of semantic duplicates: embeddings are measured, and what comes after them takes about as long."""

import pyarrow as pa

from corpus.dedup.semantic.embedding import Embedding, embed
from corpus.rates import rate


def rates(text: pa.Array) -> dict[str, float]:
    """MB/s on one core by kind of work."""
    measured = rate(text.nbytes, lambda: embed(text, Embedding()))
    return {"embeddings": measured, "semantic": measured}
