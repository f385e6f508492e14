"""Decontamination policies: from shared n-grams to documents that go. One file each, with its source.

A policy module has NAME is its file's name, DOC, SOURCE, LIMIT (a document goes at or above it), UNIT (what the value
counts) and `judge(view)`. It sees the matches of a batch, how many documents of the corpus hold each n-gram without its
item, how many items of the benchmarks the n-gram stands in, and never the documents' other qualities.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from corpus.errors import unknown
from corpus.text.buffers import Bytes, Offsets
from corpus.text.normal import NormalWords
from decontam.index import Arrays
from decontam.names import DEFAULT as DEFAULT
from decontam.names import POLICIES as POLICIES
from decontam.scan import Matches

PAPER_THRESHOLD = 1000  # AFM's common-usage threshold
PAPER_WORDS = 6.3e12 * 0.75  # words in its 6.3 T tokens, at three words for four tokens
LEAST_THRESHOLD = 10


@dataclass(frozen=True, slots=True)
class View:
    """What a policy sees of a batch of D documents."""

    offsets: Offsets  # (D + 1,) bytes of each document
    data: Bytes
    words: NormalWords
    matches: Matches
    index: Arrays
    documents: npt.NDArray[np.int32]  # (10 * W,) documents of the corpus that hold each n-gram without its item
    items: npt.NDArray[np.int32]  # (10 * W,) items of the benchmarks that hold it
    common: int  # an n-gram in that many documents is common usage


class Judged(NamedTuple):
    """What a policy says of a batch."""

    value: npt.NDArray[np.float64]  # (D,) against LIMIT
    dropped: npt.NDArray[np.bool_]  # (D,)
    document: npt.NDArray[np.int32]  # (T,) touches: rows of the batch
    unit: npt.NDArray[np.int32]  # (T,) units of the index
    share: npt.NDArray[np.float64]  # (T,) of the unit's words that the document holds, in n-grams that count
    cuts: npt.NDArray[np.int64]  # (C, 3) document, first and end character to cut out


class Policy(Protocol):
    """A policy module."""

    DOC: str
    SOURCE: str
    LIMIT: float
    UNIT: str

    def judge(self, view: View) -> Judged:
        """The verdicts."""
        ...


@lru_cache(maxsize=1)
def policies() -> dict[str, ModuleType]:
    """Each policy's module, by name."""
    return {name: import_module(f"decontam.policies.{name}") for name in POLICIES}


def policy(name: str) -> ModuleType:
    """The policy called `name`; raises `UserError` with the nearest name."""
    if name not in POLICIES:
        raise unknown("policy", name, POLICIES)
    return policies()[name]


def scaled_threshold(n_words: int) -> int:
    """The paper's 1,000 documents, scaled to a corpus of `n_words` words, and never below 10."""
    return max(LEAST_THRESHOLD, round(PAPER_THRESHOLD * n_words / PAPER_WORDS))


def no_cuts() -> npt.NDArray[np.int64]:
    """Of a policy that drops whole documents."""
    return np.empty((0, 3), np.int64)
