"""Measures how much of an item a document holds: the share of a unit's words in n-grams that the document has, too."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from decontam.index import N_MIN, Arrays, letters_of

if TYPE_CHECKING:
    from decontam.policies import View
    from decontam.scan import Matches

NGRAM = 6  # words
LEAST_SHARE, LEAST_EXTENT = 0.5, 0.65  # `share` and `extent` (see `Coverage`) that a document needs to hold a unit
MOST_ITEMS = 10  # an n-gram in more items is a template of the benchmark
MOST_PLACES = 1000  # an n-gram in more places of the benchmarks does not identify one of them; the rest is not read
NEVER = 1 << 30  # no n-gram is in so many documents or items


class Coverage(NamedTuple):
    """Units that documents touch, sorted by document."""

    document: npt.NDArray[np.int32]  # (T,) row in the batch
    unit: npt.NDArray[np.int32]  # (T,) unit of the index
    share: npt.NDArray[np.float64]  # (T,) share of the unit's words that are in shared n-grams, in (0, 1]
    extent: npt.NDArray[np.float64]  # (T,) share of the unit from the first of these words to the last, in (0, 1]


def coverage(view: "View", ngram: int, common: int, most_items: int) -> Coverage:
    """Returns the units that each document touches and that identify an item, with their coverage.

    Shared n-grams have `ngram` words. In a unit of a script without blanks they have `letters_of(ngram)` letters.

    A document touches a unit if they share an n-gram that is counted in fewer than `common` documents of the corpus and
    is in at most `most_items` items. Once a unit is touched, its other shared n-grams count, too.
    """
    return _touched(view.index, view.matches, view.documents, view.items, ngram, common, most_items)


def held(index: Arrays, matches: "Matches") -> Coverage:
    """Returns the units that each document holds by the limits of the policy `coverage`.

    Common usage and templates count, too.
    """
    nothing = np.zeros(1, np.int32)
    touched = _touched(index, matches, nothing, nothing, NGRAM, NEVER, NEVER)
    rows = (touched.share >= LEAST_SHARE) & (touched.extent >= LEAST_EXTENT)
    return Coverage(touched.document[rows], touched.unit[rows], touched.share[rows], touched.extent[rows])


def _touched(
    index: Arrays, matches: "Matches", documents: npt.NDArray[np.int32], items: npt.NDArray[np.int32], ngram: int,
    common: int, most_items: int,
) -> Coverage:  # fmt: skip
    by_script = [_of_script(index, matches, documents, items, ngram, common, most_items, unspaced=False)]
    if index.unspaced.any():
        letters = letters_of(ngram)
        by_script.append(_of_script(index, matches, documents, items, letters, common, most_items, unspaced=True))

    if len(by_script) == 1:
        return by_script[0]
    document, unit, share, extent = (np.concatenate(columns) for columns in zip(*by_script, strict=True))
    order = np.argsort(document, kind="stable")
    return Coverage(document[order], unit[order], share[order], extent[order])


def _of_script(
    index: Arrays, matches: "Matches", documents: npt.NDArray[np.int32], items: npt.NDArray[np.int32], ngram: int,
    common: int, most_items: int, *, unspaced: bool,
) -> Coverage:  # fmt: skip
    """Returns the result of `_touched` for the units of scripts with blanks only, or without blanks only."""
    capacity = 256 + 4 * len(matches.n)
    while True:
        touched = Coverage(
            np.empty(capacity, np.int32), np.empty(capacity, np.int32), np.empty(capacity), np.empty(capacity)
        )
        n = _coverage(index, matches, documents, items, ngram, common, most_items, unspaced, touched)
        if n >= 0:
            identifies = index.identifies[touched.unit[:n]]
            document, unit = touched.document[:n][identifies], touched.unit[:n][identifies]
            return Coverage(document, unit, touched.share[:n][identifies], touched.extent[:n][identifies])
        capacity *= 4


def worst(document: npt.NDArray[np.int32], share: npt.NDArray[np.float64], n_documents: int) -> npt.NDArray[np.float64]:
    """Returns float64 (D,): the greatest of each document's shares, 0 if it has none."""
    value = np.zeros(n_documents)
    np.maximum.at(value, document, share)
    return value


@njit(cache=True, nogil=True)
def _coverage(index, matches, documents, items, ngram, common, most_items, unspaced, touched):
    """Fills `touched` and returns its number of rows n, or -1 if it is too small.

    Two passes over the matches m of each document d. In the first, n-grams that are neither common usage nor templates
    touch units. In the second, the other n-grams add to the units that are touched. A match counts at all places of its
    n-gram in the benchmarks.

    The scratch arrays hold the state of one document: which index words are covered (`seen_at`), which units are
    touched (`seen_unit`), and each touched unit's number of covered words and range of covered positions. An entry is
    valid if it holds the current document's number, so no array is cleared between documents. If `common` and
    `most_items` are NEVER, `documents` and `items` are not read.
    """
    n_words, n_units = index.suffixes.size, index.unit_item.size
    seen_at = np.full(n_words, -1, np.int32)  # last document in which a word was covered
    seen_unit = np.full(n_units, -1, np.int32)  # last document that touched a unit
    covered, first_word, end_word = (
        np.zeros(n_units, np.int32),
        np.zeros(n_units, np.int64),
        np.zeros(n_units, np.int64),
    )
    has_limits = common < NEVER or most_items < NEVER

    n = 0
    for d in range(matches.offsets.size - 1):
        first = n
        for counts in (True, False):  # n-grams that touch units; then the others, which only add to touched units
            if not counts and n == first:
                continue

            # Each match of the document that is long enough and belongs to this pass.
            for m in range(matches.offsets[d], matches.offsets[d + 1]):
                if matches.n[m] < ngram:
                    continue
                row = matches.rows[m, ngram - N_MIN]
                gram = (ngram - N_MIN) * n_words + row
                touches = not has_limits or (documents[gram] < common and items[gram] <= most_items)
                if touches != counts:
                    continue

                # Each place of the n-gram in the benchmarks.
                start = row
                while row < n_words and row - start < MOST_PLACES and (row == start or index.shared[row] >= ngram):
                    at = index.suffixes[row]
                    unit = index.unit[at]
                    row += 1
                    if index.unspaced[unit] != unspaced:
                        continue

                    # The first place in a unit touches it, in the first pass only.
                    if seen_unit[unit] != d:
                        if not counts:
                            continue
                        if n == touched.unit.size:
                            return -1
                        seen_unit[unit], covered[unit], first_word[unit], end_word[unit] = d, 0, at, at
                        touched.document[n], touched.unit[n] = d, unit
                        n += 1

                    first_word[unit], end_word[unit] = min(first_word[unit], at), max(end_word[unit], at + ngram)
                    # Overlapping n-grams cover a word once.
                    for w in range(at, at + ngram):
                        if seen_at[w] != d:
                            seen_at[w] = d
                            covered[unit] += 1

        # The document's touched units are complete.
        for t in range(first, n):
            unit = touched.unit[t]
            length = index.unit_offsets[unit + 1] - index.unit_offsets[unit]
            touched.share[t] = covered[unit] / length
            touched.extent[t] = (end_word[unit] - first_word[unit]) / length
    return n
