"""How much of an item a document holds: the words of a unit that stand in n-grams shared with the document."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from decontam.index import N_MIN, Arrays, letters_of

if TYPE_CHECKING:
    from decontam.policies import View
    from decontam.scan import Matches

NGRAM = 6
LEAST_SHARE, LEAST_EXTENT = 0.5, 0.65  # of a unit that a document holds: of its words, and from the first to the last
MOST_ITEMS = 10  # an n-gram that stands in more items is a template of the benchmark
MOST_PLACES = 1000  # an n-gram that stands in more places of the benchmarks says nothing about one of them
NEVER = 1 << 30  # no n-gram stands in so many documents or items


class Coverage(NamedTuple):
    """Units that documents touch, sorted by document."""

    document: npt.NDArray[np.int32]  # (T,)
    unit: npt.NDArray[np.int32]  # (T,)
    share: npt.NDArray[np.float64]  # (T,) in (0, 1]: of the unit's words, those in shared n-grams
    extent: npt.NDArray[np.float64]  # (T,) in (0, 1]: from the first of these words to the last


def coverage(view: "View", ngram: int, common: int, most_items: int) -> Coverage:
    """Each document's units that identify an item, with the share of their words in shared n-grams of `ngram` words.

    In a unit of a script without blanks n-grams are of so many letters as say as much (decontam.index).

    A unit is touched by an n-gram that is counted in fewer than `common` documents of the corpus and stands in at most
    `most_items` items; once it is, its other n-grams count too.
    """
    return _touched(view.index, view.matches, view.documents, view.items, ngram, common, most_items)


def held(index: Arrays, matches: "Matches") -> Coverage:
    """Each document's units that it holds as the policy `coverage` asks, whatever is common usage or a template."""
    nothing = np.zeros(1, np.int32)
    touched = _touched(index, matches, nothing, nothing, NGRAM, NEVER, NEVER)
    rows = (touched.share >= LEAST_SHARE) & (touched.extent >= LEAST_EXTENT)
    return Coverage(touched.document[rows], touched.unit[rows], touched.share[rows], touched.extent[rows])


def _touched(
    index: Arrays, matches: "Matches", documents: npt.NDArray[np.int32], items: npt.NDArray[np.int32], ngram: int,
    common: int, most_items: int,
) -> Coverage:  # fmt: skip
    found = [_of_script(index, matches, documents, items, ngram, common, most_items, unspaced=False)]
    if index.unspaced.any():
        letters = letters_of(ngram)
        found.append(_of_script(index, matches, documents, items, letters, common, most_items, unspaced=True))
    if len(found) == 1:
        return found[0]
    document, unit, share, extent = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.argsort(document, kind="stable")
    return Coverage(document[order], unit[order], share[order], extent[order])


def _of_script(
    index: Arrays, matches: "Matches", documents: npt.NDArray[np.int32], items: npt.NDArray[np.int32], ngram: int,
    common: int, most_items: int, *, unspaced: bool,
) -> Coverage:  # fmt: skip
    """The same of the units of scripts with blanks, or of those without."""
    capacity = 256 + 4 * len(matches.n)
    while True:
        touched = Coverage(
            np.empty(capacity, np.int32), np.empty(capacity, np.int32), np.empty(capacity), np.empty(capacity)
        )
        n = _coverage(index, matches, documents, items, ngram, common, most_items, unspaced, touched)
        if n >= 0:
            says = index.identifies[touched.unit[:n]]
            document, unit = touched.document[:n][says], touched.unit[:n][says]
            return Coverage(document, unit, touched.share[:n][says], touched.extent[:n][says])
        capacity *= 4


def worst(document: npt.NDArray[np.int32], share: npt.NDArray[np.float64], n_documents: int) -> npt.NDArray[np.float64]:
    """float64 (D,): the greatest of each document's shares, 0 where it has none."""
    value = np.zeros(n_documents)
    np.maximum.at(value, document, share)
    return value


@njit(cache=True, nogil=True)
def _coverage(index, matches, documents, items, ngram, common, most_items, unspaced, touched):
    """The number of rows in `touched`, or -1 when it is too small.

    Two passes over each document's matches: n-grams that say something touch units, then the other n-grams add to the
    units that are touched. A match stands for all places of its n-gram in the benchmarks. The scratch holds one
    document's state, told from an earlier one's by its number: no array is cleared between documents. With `common`
    and `most_items` NEVER, `documents` and `items` are not read.
    """
    n_words, n_units = index.suffixes.size, index.unit_item.size
    seen_at = np.full(n_words, -1, np.int32)  # last document in which a word was covered
    seen_unit = np.full(n_units, -1, np.int32)
    covered, first_word, end_word = (
        np.zeros(n_units, np.int32),
        np.zeros(n_units, np.int64),
        np.zeros(n_units, np.int64),
    )
    asks = common < NEVER or most_items < NEVER
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
                says = not asks or (documents[gram] < common and items[gram] <= most_items)
                if says != counts:
                    continue

                start = row
                while row < n_words and row - start < MOST_PLACES and (row == start or index.shared[row] >= ngram):
                    at = index.suffixes[row]
                    unit = index.unit[at]
                    row += 1
                    if index.unspaced[unit] != unspaced:
                        continue
                    if seen_unit[unit] != d:
                        if not counts:
                            continue
                        if n == touched.unit.size:
                            return -1
                        seen_unit[unit], covered[unit], first_word[unit], end_word[unit] = d, 0, at, at
                        touched.document[n], touched.unit[n] = d, unit
                        n += 1

                    first_word[unit], end_word[unit] = min(first_word[unit], at), max(end_word[unit], at + ngram)
                    for w in range(at, at + ngram):
                        if seen_at[w] != d:
                            seen_at[w] = d
                            covered[unit] += 1

        for t in range(first, n):
            unit = touched.unit[t]
            length = index.unit_offsets[unit + 1] - index.unit_offsets[unit]
            touched.share[t] = covered[unit] / length
            touched.extent[t] = (end_word[unit] - first_word[unit]) / length
    return n
