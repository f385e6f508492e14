"""Decontamination policies decide, from shared n-grams, which documents are dropped. One file each, with its source.

A policy is named by its file. Its module has DOC, SOURCE, LIMIT (a document is dropped at or above it), UNIT (what the
value counts) and `judge(view)`. A policy sees the matches of a batch, how many documents of the corpus hold each n-gram
without its item, and how many items of the benchmarks hold the n-gram. It sees no other qualities of the documents.
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
LEAST_THRESHOLD = 10  # documents; the common-usage threshold of the smallest corpus


@dataclass(frozen=True, slots=True)
class View:
    """The facts about a batch of D documents that a policy sees. W is the number of words in the index."""

    offsets: Offsets  # (D + 1,) the bytes of document d are offsets[d] to offsets[d + 1]
    data: Bytes  # UTF-8 text of all documents
    words: NormalWords
    matches: Matches
    index: Arrays
    documents: npt.NDArray[np.int32]  # (10 * W,) number of documents of the corpus with each n-gram but not its item
    items: npt.NDArray[np.int32]  # (10 * W,) number of items of the benchmarks with each n-gram
    common: int  # an n-gram in so many documents is common usage


class Judged(NamedTuple):
    """A policy's judgment of a batch of D documents, with T touches of a document and a unit, and C cuts."""

    value: npt.NDArray[np.float64]  # (D,) the number that is compared with LIMIT
    dropped: npt.NDArray[np.bool_]  # (D,)
    document: npt.NDArray[np.int32]  # (T,) the touching document's row in the batch
    unit: npt.NDArray[np.int32]  # (T,) the touched unit of the index
    share: npt.NDArray[np.float64]  # (T,) share of the unit's words that the document holds, in n-grams that count
    cuts: npt.NDArray[np.int64]  # (C, 3) row in the batch, first character to cut, character after the last


class Policy(Protocol):
    """A policy module."""

    DOC: str
    SOURCE: str
    LIMIT: float
    UNIT: str

    def judge(self, view: View) -> Judged:
        """Judges a batch."""
        ...


@lru_cache(maxsize=1)
def policies() -> dict[str, ModuleType]:
    """Returns each policy's module by name."""
    return {name: import_module(f"decontam.policies.{name}") for name in POLICIES}


def policy(name: str) -> ModuleType:
    """Returns the module of the policy `name`. Raises `UserError` with the nearest name if there is none."""
    if name not in POLICIES:
        raise unknown("policy", name, POLICIES)
    return policies()[name]


def scaled_threshold(n_words: int) -> int:
    """Returns the common-usage threshold: the paper's 1,000 documents, scaled to `n_words` words, at least 10."""
    return max(LEAST_THRESHOLD, round(PAPER_THRESHOLD * n_words / PAPER_WORDS))


def no_cuts() -> npt.NDArray[np.int64]:
    """Returns the cuts of a policy that drops whole documents: int64 (0, 3)."""
    return np.empty((0, 3), np.int64)
