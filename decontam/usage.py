"""Common usage: how many documents hold each benchmark n-gram without the item that it belongs to.

What many documents write is an ordinary phrase, and no sign of a leak. But a question that a hundred pages quote is
written by many too, and is the leak that matters most. So a document counts for an n-gram only where it does not hold
an item with that n-gram: where it covers half of no unit that identifies the item, in the measure of
`decontam.coverage`. A template, which more than ten items share, always counts: for most of its items the document
holds it without them. Nearly all documents hold no item; for them nothing is looked up.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from decontam.coverage import MOST_ITEMS, held
from decontam.index import N_MAX, N_MIN, Arrays
from decontam.scan import N_LENGTHS, Matches


class Usage:
    """Counts over batches of documents; W words in the index."""

    def __init__(self, index: Arrays, items: npt.NDArray[np.int32]) -> None:
        self._index = index
        self._items = items  # (10 * W,) of the benchmarks that hold each n-gram
        self._last = np.full(N_LENGTHS * len(index.suffixes), -1, np.int64)  # last document that met an n-gram
        self._holder = np.full(int(index.unit_item.max(initial=-1)) + 1, -1, np.int64)  # last that holds an item
        self.documents: npt.NDArray[np.int32] = np.zeros(len(self._last), np.int32)  # (10 * W,) the counts
        self.n_documents = 0

    def add(self, matches: Matches) -> None:
        """Counts a batch."""
        holds = held(self._index, matches)
        item = self._index.unit_item[holds.unit]
        _count(self._index, self._items, matches, holds.document, item, self._holder, self._last, self.n_documents,
               self.documents)  # fmt: skip
        self.n_documents += len(matches.offsets) - 1


@njit(cache=True, nogil=True)
def _count(index, items, matches, document, item, holder, last, first, documents):
    """Adds to `documents` one for each n-gram that a document of the batch holds without an item of it.

    Documents are numbered from `first`. `document` and `item`, sorted by document, say who holds what. One pass over
    the matches: each n-gram of a document is met once (`last`); where the document holds an item at all, the n-gram's
    places in the benchmarks are read until one is in such an item.
    """
    n_words = index.suffixes.size
    h = 0
    for d in range(matches.offsets.size - 1):
        number, holds = first + d, False
        while h < document.size and document[h] == d:
            holder[item[h]], holds = number, True
            h += 1

        for m in range(matches.offsets[d], matches.offsets[d + 1]):
            for k in range(matches.n[m] - N_MIN + 1):
                gram = k * n_words + matches.rows[m, k]
                if last[gram] == number:
                    continue
                last[gram] = number
                if holds and items[gram] <= MOST_ITEMS:
                    documents[gram] += not _in_a_held_item(index, matches.rows[m, k], k + N_MIN, holder, number)
                else:
                    documents[gram] += 1


@njit(cache=True, nogil=True)
def _in_a_held_item(index, row, n, holder, number):
    """Whether the n-gram whose interval begins at `row` stands in an item that the document holds."""
    start = row
    while row < index.suffixes.size and (row == start or index.shared[row] >= n):
        if holder[index.unit_item[index.unit[index.suffixes[row]]]] == number:
            return True
        row += 1
    return False


assert N_LENGTHS == N_MAX - N_MIN + 1
