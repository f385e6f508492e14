"""Measures the rate of signatures. The rate of the later stages of near-duplicates follows from it."""

import pyarrow as pa

from corpus.dedup.near.minhash import Sketch, signatures
from corpus.rates import rate

_AFTER_SIGNATURES = 0.75  # rate of the stages after the signatures, per rate of signatures; docs/benchmarks.md


def rates(text: pa.Array) -> dict[str, float]:
    """Returns MB/s on one core, by kind of work."""
    signatures(text.slice(0, 8), Sketch())  # compiles
    measured = rate(text.nbytes, lambda: signatures(text, Sketch()))
    return {"signatures": measured, "minhash": _AFTER_SIGNATURES * measured}
