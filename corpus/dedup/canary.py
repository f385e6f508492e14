"""A planted duplicate: two texts with the same words, that every run must find again.

They go through the same kernels, files and steps as documents, one with the first and one with the last of them. A run
in which they do not meet has lost others too, so it fails. They never reach a table that is kept.
"""

import random
from collections.abc import Sequence

import pyarrow as pa

from corpus.schema import Table

IDS = ("canary-one", "canary-two")
N_WORDS = 120


def texts() -> pa.Array:
    """The two texts: random words, the second in capitals and with other marks."""
    draw = random.Random("canary")
    words = ["".join(draw.choices("bcdfghklmnprstvwz", k=9)) for _ in range(N_WORDS)]
    return pa.array([" ".join(words), " -- ".join(word.upper() for word in words)], pa.large_string())


def places(item: int, n_items: int) -> tuple[int, ...]:
    """The texts that go with a work item: the first text with the first item, the second with the last."""
    return (0,) * (item == 0) + (1,) * (item == n_items - 1)


class CanaryLostError(RuntimeError):
    """The planted duplicate was not found: results of this run are not to be trusted."""

    def __init__(self, step: str, tables: Sequence[Table]) -> None:
        folders = ", ".join(table.name for table in tables)
        super().__init__(
            f"{step}: the planted duplicate was not found, so real ones were lost too. Most likely parts of the lake "
            "were changed or deleted under the run; delete these folders of the lake and run the same command again: "
            f"{folders}"
        )
