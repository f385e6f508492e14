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
    share: npt.NDArray[np.float64]  # (T,) in (0, 1]: of the unit's words, those in shared n-grams
    extent: npt.NDArray[np.float64]  # (T,) in (0, 1]: from the first of these words to the last


def coverage(view: "View", ngram: int, common: int, most_items: int) -> Coverage:
    """Each document's units that identify an item, with the share of their words in shared n-grams of `ngram` words.

    A unit is touched by an n-gram that stands in fewer than `common` documents of the corpus and at most `most_items`
    items; once it is, its other n-grams count too.
    """
    capacity = 256 + 4 * len(view.matches.n)
    while True:
        found = Coverage(
            np.empty(capacity, np.int32), np.empty(capacity, np.int32), np.empty(capacity), np.empty(capacity)
        )
        n = _coverage(view.index, view.matches, view.documents, view.items, ngram, common, most_items, found)
        if n >= 0:
            says = view.index.identifies[found.unit[:n]]
            document, unit = found.document[:n][says], found.unit[:n][says]
            return Coverage(document, unit, found.share[:n][says], found.extent[:n][says])
        capacity *= 4


def worst(document: npt.NDArray[np.int32], share: npt.NDArray[np.float64], n_documents: int) -> npt.NDArray[np.float64]:
    """float64 (D,): the greatest of each document's shares, 0 where it has none."""
    value = np.zeros(n_documents)
    np.maximum.at(value, document, share)
    return value


@njit(cache=True, nogil=True)
def _coverage(index, matches, documents, items, ngram, common, most_items, found):
    n_words, n_units = index.suffixes.size, index.unit_item.size
    seen_at = np.full(n_words, -1, np.int32)  # last document in which a word was covered
    seen_unit = np.full(n_units, -1, np.int32)
    covered, first_word, end_word = (
        np.zeros(n_units, np.int32),
        np.zeros(n_units, np.int64),
        np.zeros(n_units, np.int64),
    )
    n = 0
    for d in range(matches.offsets.size - 1):
        first = n
        for counts in (True, False):  # n-grams that say something; then the others, of the units that these touch
            if not counts and n == first:
                continue
            for m in range(matches.offsets[d], matches.offsets[d + 1]):
                if matches.n[m] < ngram:
                    continue
                row = matches.rows[m, ngram - N_MIN]
                gram = (ngram - N_MIN) * n_words + row
                if (documents[gram] < common and items[gram] <= most_items) != counts:
                    continue
                start = row
                while row < n_words and row - start < MOST_PLACES and (row == start or index.shared[row] >= ngram):
                    at = index.suffixes[row]
                    unit = index.unit[at]
                    row += 1
                    if seen_unit[unit] != d:
                        if not counts:
                            continue
                        if n == found.unit.size:
                            return -1
                        seen_unit[unit], covered[unit], first_word[unit], end_word[unit] = d, 0, at, at
                        found.document[n], found.unit[n] = d, unit
                        n += 1
                    first_word[unit], end_word[unit] = min(first_word[unit], at), max(end_word[unit], at + ngram)
                    for w in range(at, at + ngram):
                        if seen_at[w] != d:
                            seen_at[w] = d
                            covered[unit] += 1
        for t in range(first, n):
            unit = found.unit[t]
            length = index.unit_offsets[unit + 1] - index.unit_offsets[unit]
            found.share[t] = covered[unit] / length
            found.extent[t] = (end_word[unit] - first_word[unit]) / length
    return n
