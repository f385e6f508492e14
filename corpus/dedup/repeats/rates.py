"""Measures the rates at which repeated passages are found."""

import pyarrow as pa

from corpus.dedup.repeats.passages import Passages, find
from corpus.rates import rate


def rates(text: pa.Array) -> dict[str, float]:
    """Returns MB/s on one core, by kind of work."""
    return {
        "paragraphs": rate(text.nbytes, lambda: find(text, Passages("paragraph", 10))),
        "substrings": rate(text.nbytes, lambda: find(text, Passages("span", 50))),
    }
