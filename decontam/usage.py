"""Counts common usage: how many documents hold each benchmark n-gram without an item that the n-gram belongs to.

An n-gram in many documents is an ordinary phrase and not a sign of a leak. But a question that a hundred pages quote is
in many documents, too, and is the most important leak. So a document counts for an n-gram only if it does not hold an
item with that n-gram. A document holds an item if it holds a unit that identifies the item, as `decontam.coverage.held`
measures it. An n-gram in more than ten items is a template. It always counts, because the document has it without most
of these items. Nearly all documents hold no item; for them, nothing is looked up.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from decontam.coverage import MOST_ITEMS, held
from decontam.index import N_MAX, N_MIN, Arrays
from decontam.scan import N_LENGTHS, Matches


class Usage:
    """Counts over batches of documents. W is the number of words in the index."""

    def __init__(self, index: Arrays, items: npt.NDArray[np.int32]) -> None:
        self._index = index
        self._items = items  # (10 * W,) number of items that hold each n-gram
        self._last = np.full(N_LENGTHS * len(index.suffixes), -1, np.int64)  # last document with each n-gram
        self._holder = np.full(int(index.unit_item.max(initial=-1)) + 1, -1, np.int64)  # last holder of each item
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
    """Adds one to `documents` at each n-gram that a document of the batch has without holding an item of the n-gram.

    Documents are numbered from `first`. `document` and `item`, sorted by document, are the pairs of a document and an
    item that it holds. One pass over the matches. Each n-gram counts once per document: `last` has the number of the
    last document with it. If the document holds any item, the n-gram's places in the benchmarks are read until one is
    in an item that the document holds; `holder` has the number of each item's last holder.
    """
    n_words = index.suffixes.size
    h = 0
    for d in range(matches.offsets.size - 1):
        number, holds = first + d, False
        while h < document.size and document[h] == d:
            holder[item[h]], holds = number, True
            h += 1

        for m in range(matches.offsets[d], matches.offsets[d + 1]):
            # A match of n words holds n-grams of all lengths from 4 to n.
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
    """Whether the n-gram whose interval begins at `row` is in an item that document `number` holds."""
    start = row
    while row < index.suffixes.size and (row == start or index.shared[row] >= n):
        if holder[index.unit_item[index.unit[index.suffixes[row]]]] == number:
            return True
        row += 1
    return False


assert N_LENGTHS == N_MAX - N_MIN + 1
