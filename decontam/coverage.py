"""How much of an item a document holds: the words of a unit that stand in n-grams shared with the document."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from decontam.index import N_MIN

if TYPE_CHECKING:
    from decontam.policies import View

MOST_PLACES = 1000  # an n-gram that stands in more places of the benchmarks says nothing about one of them


class Coverage(NamedTuple):
    """Units that documents touch."""

    document: npt.NDArray[np.int32]  # (T,)
    unit: npt.NDArray[np.int32]  # (T,)
    share: npt.NDArray[np.float64]  # (T,) in (0, 1]


def coverage(view: "View", ngram: int, common: int, most_items: int) -> Coverage:
    """Each document's units that identify an item, with the share of their words in shared n-grams of `ngram` words.

    An n-gram counts that stands in fewer than `common` documents of the corpus and at most `most_items` items.
    """
    capacity = 256 + 4 * len(view.matches.n)
    while True:
        found = Coverage(np.empty(capacity, np.int32), np.empty(capacity, np.int32), np.empty(capacity))
        n = _coverage(view.index, view.matches, view.documents, view.items, ngram, common, most_items, found)
        if n >= 0:
            says = view.index.identifies[found.unit[:n]]
            return Coverage(found.document[:n][says], found.unit[:n][says], found.share[:n][says])
        capacity *= 4


def worst(found: Coverage, n_documents: int) -> npt.NDArray[np.float64]:
    """float64 (D,): the greatest share of a unit that each document holds."""
    value = np.zeros(n_documents)
    np.maximum.at(value, found.document, found.share)
    return value


@njit(cache=True, nogil=True)
def _coverage(index, matches, documents, items, ngram, common, most_items, found):
    n_words, k = index.suffixes.size, ngram - N_MIN
    seen_at = np.full(n_words, -1, np.int32)  # last document in which a word was covered
    seen_unit = np.full(index.unit_item.size, -1, np.int32)
    covered = np.zeros(index.unit_item.size, np.int32)
    n = 0
    for d in range(matches.offsets.size - 1):
        first = n
        for m in range(matches.offsets[d], matches.offsets[d + 1]):
            if matches.n[m] < ngram:
                continue
            row = matches.rows[m, k]
            gram = k * n_words + row
            if documents[gram] >= common or items[gram] > most_items:
                continue
            start = row
            while row < n_words and row - start < MOST_PLACES and (row == start or index.shared[row] >= ngram):
                at = index.suffixes[row]
                unit = index.unit[at]
                if seen_unit[unit] != d:
                    if n == found.unit.size:
                        return -1
                    seen_unit[unit], covered[unit] = d, 0
                    found.document[n], found.unit[n] = d, unit
                    n += 1
                for w in range(at, at + ngram):
                    if seen_at[w] != d:
                        seen_at[w] = d
                        covered[unit] += 1
                row += 1
        for t in range(first, n):
            unit = found.unit[t]
            found.share[t] = covered[unit] / (index.unit_offsets[unit + 1] - index.unit_offsets[unit])
    return n
