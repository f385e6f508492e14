"""Measures the rate of decontamination. `EXAMPLE` has settings to try it with."""

import pyarrow as pa

from corpus.rates import rate
from decontam.benchmarks import load
from decontam.index import build
from decontam.scan import Scanner
from decontam.settings import Decontaminate

EXAMPLE = Decontaminate(benchmarks=("humaneval",))


def rates(text: pa.Array) -> dict[str, float]:
    """Returns MB/s on one core, by kind of work."""
    scanner = Scanner(build([load("humaneval")]).arrays)
    scanner(text.slice(0, 8))  # compiles
    return {"decontam": rate(2 * text.nbytes, lambda: [scanner(text) for _ in range(2)]) / 2}  # two passes
