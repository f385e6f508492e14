"""A planted duplicate: two texts with the same words, which every run must find again.

Both texts pass through the same kernels, files and steps as the documents, one with the first and one with the last
document. If a run does not find them as duplicates, it has lost other duplicates too, so it fails. The texts are never
in a table that is kept.
"""

import random
from collections.abc import Sequence

import pyarrow as pa

from corpus.schema import Table

IDS = ("canary-one", "canary-two")
N_WORDS = 120


def texts() -> pa.Array:
    """Returns the two texts: random words, the second in capitals and with other marks."""
    draw = random.Random("canary")
    words = ["".join(draw.choices("bcdfghklmnprstvwz", k=9)) for _ in range(N_WORDS)]
    return pa.array([" ".join(words), " -- ".join(word.upper() for word in words)], pa.large_string())


def places(item: int, n_items: int) -> tuple[int, ...]:
    """Returns the texts to process with a work item: the first text with the first item, the second with the last."""
    return (0,) * (item == 0) + (1,) * (item == n_items - 1)


class CanaryLostError(RuntimeError):
    """The planted duplicate was not found, so the results of this run cannot be trusted."""

    def __init__(self, step: str, tables: Sequence[Table]) -> None:
        folders = ", ".join(table.name for table in tables)
        super().__init__(
            f"{step}: the planted duplicate was not found, so real duplicates were lost too. Parts of the lake were "
            "probably changed or deleted during the run; delete these folders of the lake and run the same command "
            "again: "
            f"{folders}"
        )
