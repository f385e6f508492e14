"""Where texts and benchmarks share n-grams: one pass over the words, every n from 4 to 13 at once.

A 4-gram that is not in the index ends the search at its word, because every longer n-gram begins with one. From there
the match grows word by word inside its interval of the suffix array. A match is then compared with the text itself,
code point by code point, so that no hash collision counts.

D documents, W words of a batch, M matches.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.buffers import string_buffers
from corpus.text.folding import SEPARATOR, SEVERAL, VANISHES
from corpus.text.normal import Normalizer, NormalWords
from corpus.text.segment import _code_point
from decontam.disguises import Reader, folding
from decontam.index import N_MAX, N_MIN, Arrays, hash4

N_LENGTHS = N_MAX - N_MIN + 1


class Matches(NamedTuple):
    """Every place of a batch where at least four words stand in a benchmark; sorted by document and word."""

    document: npt.NDArray[np.int32]  # (M,) row in the batch
    word: npt.NDArray[np.int32]  # (M,) word of the batch at which it begins
    n: npt.NDArray[np.uint8]  # (M,) words that match, 4 to 13: the longest n-gram from here
    rows: npt.NDArray[np.int32]  # (M, 10) first row of the interval of each n from 4 on, -1 beyond `n`
    offsets: npt.NDArray[np.int64]  # (D + 1,) matches of each document


class Scanner:
    """Scans batches of texts against one index, reusing its scratch."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._reader, self._normalizer = Reader(), Normalizer(folding())

    def __call__(self, text: pa.Array | pa.ChunkedArray) -> tuple[NormalWords, Matches]:
        """The words of the texts and their matches; the words are overwritten by the next call."""
        offsets, data = string_buffers(text)
        seen_offsets, seen = self._reader(offsets, data)
        words = self._normalizer(seen_offsets, seen)
        capacity = 1024 + len(words.hash) // 8
        while True:
            matches = Matches(
                np.empty(capacity, np.int32), np.empty(capacity, np.int32), np.empty(capacity, np.uint8),
                np.empty((capacity, N_LENGTHS), np.int32), np.empty(len(offsets), np.int64),
            )  # fmt: skip
            n = _scan(self._arrays, words, seen, *folding(), matches)
            if n >= 0:
                if seen_offsets[0] != offsets[0]:  # to places in the text
                    words.start[:] += offsets[0]
                    words.end[:] += offsets[0]
                document, word = matches.document[:n], matches.word[:n]
                return words, Matches(document, word, matches.n[:n], matches.rows[:n], matches.offsets)
            capacity *= 4


@njit(cache=True, nogil=True)
def _scan(index, words, data, fold, expansion, expansion_offsets, matches):
    """The number of matches, or -1 when `matches` is too small.

    One pass over the words. Most stop at the bitmap, a bit for each hash of a 4-gram, which stays in the cache; the
    table then leads to the 4-gram's interval, the interval is narrowed word by word, and the text itself is compared.
    """
    mask, bits = np.uint64(index.table.size - 1), np.uint64(8 * index.bitmap.size - 1)
    m = 0
    matches.offsets[0] = 0
    for d in range(words.offsets.size - 1):
        end = words.offsets[d + 1]
        for i in range(words.offsets[d], end - N_MIN + 1):
            h = hash4(words.hash, i)
            bit = (h >> np.uint64(20)) & bits
            if not index.bitmap[bit >> np.uint64(3)] >> (bit & np.uint64(7)) & 1:
                continue
            row = _lookup(index, words.hash, i, h & mask, mask)
            if row < 0:
                continue

            if m == matches.n.size:
                return -1
            n = _extend(index, words.hash, i, end, row, matches.rows[m])
            at = index.suffixes[matches.rows[m, n - N_MIN]]
            if not _same_text(index, at, n, words, i, data, fold, expansion, expansion_offsets):
                continue
            matches.document[m], matches.word[m], matches.n[m] = d, i, n
            m += 1
        matches.offsets[d + 1] = m
    return m


@njit(cache=True, nogil=True)
def _lookup(index, words, i, slot, mask):
    """First row of the 4-gram's interval, or -1."""
    row = index.table[slot]
    while row >= 0:
        at = index.suffixes[row]
        if (
            index.words[at] == words[i] and index.words[at + 1] == words[i + 1]
            and index.words[at + 2] == words[i + 2] and index.words[at + 3] == words[i + 3]
        ):  # fmt: skip
            return row
        slot = (slot + np.uint64(1)) & mask
        row = index.table[slot]
    return np.int32(-1)


@njit(cache=True, nogil=True)
def _extend(index, words, i, end, row, rows):
    """The longest match from word i; `rows` gets the first row of each n's interval.

    An interval is left in steps from one next word to another, so that a step costs its rows once.
    """
    rows[:] = -1
    rows[0] = row
    n = N_MIN
    while n < N_MAX and i + n < end:
        word = words[i + n]
        k = row  # rows of this interval share n words; the first whose next word is ours begins the next interval
        goes_on = False
        while True:
            at = index.suffixes[k]
            if index.length[at] > n and index.words[at + n] == word:
                goes_on = True
                break
            k += 1
            while k < index.suffixes.size and index.shared[k] > n:  # to the next of another next word
                k += 1
            if k >= index.suffixes.size or index.shared[k] < n:
                break

        if not goes_on:
            break
        row = k
        n += 1
        rows[n - N_MIN] = row
    return n


@njit(cache=True, nogil=True)
def _same_text(index, at, n, words, i, data, fold, expansion, expansion_offsets):
    """Whether n words of the document are those of the index, letter by letter: one pass over both."""
    k, end = index.point_offsets[at], index.point_offsets[at + n]
    for w in range(i, i + n):
        if w > i and words.start[w] == words.start[w - 1]:
            continue
        b, stop = words.start[w], words.end[w]

        while b < stop:
            point, width = np.int64(data[b]), 1
            if point >= 0x80:
                point, width = _code_point(data, b, stop)
            folded = fold[point]
            if folded <= SEVERAL:
                if i == w or w == i + n - 1:
                    return True  # a match may begin or end inside one character; its hash has to do
                for j in range(expansion_offsets[SEVERAL - folded], expansion_offsets[SEVERAL - folded + 1]):
                    if expansion[j] != SEPARATOR:
                        if k >= end or index.points[k] != expansion[j]:
                            return False
                        k += 1
            elif folded != VANISHES:
                if k >= end or index.points[k] != folded:
                    return False
                k += 1
            b += width
    return k == end


@njit(cache=True, nogil=True)
def interval_end(index, row, n):
    """The row after the interval that begins at `row` and shares n words."""
    row += 1
    while row < index.shared.size and index.shared[row] >= n:
        row += 1
    return row


def item_counts(index: Arrays) -> npt.NDArray[np.int32]:
    """int32 (10 * W,): how many items each n-gram stands in, at its first row; the index's own commonness.

    Items that hold a text word for word count as one there: a question asked twelve times is no template.
    """
    first_item: dict[bytes, int] = {}
    speaks_for = np.empty(len(index.unit_item), np.int32)
    for unit, (start, end) in enumerate(pairwise(index.unit_offsets.tolist())):
        speaks_for[unit] = first_item.setdefault(index.words[start:end].tobytes(), int(index.unit_item[unit]))
    return _item_counts(index, speaks_for)


@njit(cache=True, nogil=True)
def _item_counts(index, unit_item):
    """One pass over the suffix array for each n; `last` holds the n-gram for which an item was counted last."""
    n_words = index.suffixes.size
    counts = np.zeros(N_LENGTHS * n_words, np.int32)
    last = np.full(unit_item.max() + 1 if unit_item.size else 0, -1, np.int64)
    for k in range(N_LENGTHS):
        n = k + N_MIN
        row = 0
        while row < n_words:
            end = interval_end(index, row, n)
            if index.length[index.suffixes[row]] >= n:
                gram = k * n_words + row
                for r in range(row, end):
                    item = unit_item[index.unit[index.suffixes[r]]]
                    if last[item] != gram:
                        last[item] = gram
                        counts[gram] += 1
            row = end
    return counts
