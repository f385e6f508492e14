"""Finds the n-grams that texts share with benchmarks: one pass over the words, for every n from 4 to 13 at once.

Every longer n-gram begins with a 4-gram. So the search at a word ends if the 4-gram there is not in the index.
Otherwise the match grows word by word inside its interval of the suffix array. Then the match is compared with the text
itself, code point by code point, so hash collisions do not count.

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
from corpus.text.segment import code_point
from decontam.disguises import Reader, folding
from decontam.index import N_MAX, N_MIN, Arrays, hash4

N_LENGTHS = N_MAX - N_MIN + 1


class Matches(NamedTuple):
    """Every place of a batch where at least four words in a row are in a benchmark, sorted by document and word."""

    document: npt.NDArray[np.int32]  # (M,) row in the batch
    word: npt.NDArray[np.int32]  # (M,) word of the batch at which the match begins
    n: npt.NDArray[np.uint8]  # (M,) words that match, 4 to 13: the longest n-gram from here
    rows: npt.NDArray[np.int32]  # (M, 10) first row of the interval of each n from 4 on, -1 beyond `n`
    offsets: npt.NDArray[np.int64]  # (D + 1,) matches of document d are offsets[d] to offsets[d + 1]


class Scanner:
    """Scans batches of texts against one index. It reuses its scratch arrays."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._reader, self._normalizer = Reader(), Normalizer(folding())

    def __call__(self, text: pa.Array | pa.ChunkedArray) -> tuple[NormalWords, Matches]:
        """Returns the words of the texts and their matches. The next call overwrites the words."""
        offsets, data = string_buffers(text)
        seen_offsets, seen = self._reader(offsets, data)
        words = self._normalizer(seen_offsets, seen)

        # The number of matches is not known before: if they do not fit, scan again with larger arrays.
        capacity = 1024 + len(words.hash) // 8
        while True:
            matches = Matches(
                np.empty(capacity, np.int32), np.empty(capacity, np.int32), np.empty(capacity, np.uint8),
                np.empty((capacity, N_LENGTHS), np.int32), np.empty(len(offsets), np.int64),
            )  # fmt: skip
            n = _scan(self._arrays, words, seen, *folding(), matches)
            if n >= 0:
                if seen_offsets[0] != offsets[0]:  # from places in the copy to places in the text
                    words.start[:] += offsets[0]
                    words.end[:] += offsets[0]
                document, word = matches.document[:n], matches.word[:n]
                return words, Matches(document, word, matches.n[:n], matches.rows[:n], matches.offsets)
            capacity *= 4


@njit(cache=True, nogil=True)
def _scan(index, words, data, fold, expansion, expansion_offsets, matches):
    """Fills `matches` and returns their number m, or -1 if `matches` is too small.

    One pass over the words i of each document d, with four steps per word:
    1. Look up the hash of the 4-gram from i in the bitmap, which has bits for all hashes. Most words end here; the
       bitmap stays in the CPU cache.
    2. Find the first row of the 4-gram's interval in the hash table.
    3. Narrow the interval word by word, up to 13 words.
    4. Compare the text itself.
    """
    mask, bits = np.uint64(index.table.size - 1), np.uint64(8 * index.bitmap.size - 1)
    m = 0
    matches.offsets[0] = 0
    for d in range(words.offsets.size - 1):
        end = words.offsets[d + 1]
        for i in range(words.offsets[d], end - N_MIN + 1):
            # Is the 4-gram in the index?
            h = hash4(words.hash, i)
            bit = (h >> np.uint64(20)) & bits
            if not index.bitmap[bit >> np.uint64(3)] >> (bit & np.uint64(7)) & 1:
                continue
            row = _lookup(index, words.hash, i, h & mask, mask)
            if row < 0:
                continue

            # How far does the match go, and is it the same text?
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
    """Returns the first row of the interval of the 4-gram from word i, or -1; `slot` is its first slot in the table."""
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
    """Returns the length n of the longest match from word i, and fills `rows` with the first row of each n's interval.

    `row` is the first row of the current interval, whose rows share n words. Each round looks for the part of the
    interval whose next word is the document's next word. That part is the interval of n + 1 words.
    """
    rows[:] = -1
    rows[0] = row
    n = N_MIN
    while n < N_MAX and i + n < end:
        word = words[i + n]
        k = row
        continues = False
        # Rows with the same next word are neighbors. Compare the first of them, then skip to the next group.
        while True:
            at = index.suffixes[k]
            if index.length[at] > n and index.words[at + n] == word:
                continues = True
                break
            k += 1
            # `shared` says how many words a row shares with the row before: more than n means the same group.
            while k < index.suffixes.size and index.shared[k] > n:
                k += 1
            if k >= index.suffixes.size or index.shared[k] < n:
                break

        if not continues:
            break
        row = k
        n += 1
        rows[n - N_MIN] = row
    return n


@njit(cache=True, nogil=True)
def _same_text(index, at, n, words, i, data, fold, expansion, expansion_offsets):
    """Whether the n words of the document from word i are those of the index from position `at`, letter by letter.

    One pass over both: k is the place among the index's code points, b the place among the document's bytes. The
    document's characters are folded on the way.
    """
    k, end = index.point_offsets[at], index.point_offsets[at + n]
    for w in range(i, i + n):
        # Several words can come from one character. It is compared once.
        if w > i and words.start[w] == words.start[w - 1]:
            continue
        b, stop = words.start[w], words.end[w]

        while b < stop:
            point, width = np.int64(data[b]), 1
            if point >= 0x80:
                point, width = code_point(data, b, stop)
            folded = fold[point]

            # A character is folded to several code points, to none, or to one.
            if folded <= SEVERAL:
                if i == w or w == i + n - 1:
                    return True  # a match may begin or end inside one character; then only the hash was compared
                # Compare each code point of the expansion; its separators are not in the index.
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
    """Returns the row after the interval that begins at `row` and whose rows share n words."""
    row += 1
    while row < index.shared.size and index.shared[row] >= n:
        row += 1
    return row


def item_counts(index: Arrays) -> npt.NDArray[np.int32]:
    """Returns int32 (10 * W,): the number of items that each n-gram is in, at the n-gram's place; other places are 0.

    The place of an n-gram is (n - 4) * W + the first row of its interval. Items with the same text, word for word,
    count as one, because a question that is asked twelve times is not a template.
    """
    first_item: dict[bytes, int] = {}
    counted_item = np.empty(len(index.unit_item), np.int32)
    for unit, (start, end) in enumerate(pairwise(index.unit_offsets.tolist())):
        counted_item[unit] = first_item.setdefault(index.words[start:end].tobytes(), int(index.unit_item[unit]))
    return _item_counts(index, counted_item)


@njit(cache=True, nogil=True)
def _item_counts(index, unit_item):
    """Returns the counts of `item_counts`. `unit_item` is the item that each unit counts for.

    One pass over the suffix array for each n, interval by interval. `last` holds, for each item, the n-gram for which
    it was counted last, so an item counts once per n-gram.
    """
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
                # Each row of the interval is one occurrence of the n-gram.
                for r in range(row, end):
                    item = unit_item[index.unit[index.suffixes[r]]]
                    if last[item] != gram:
                        last[item] = gram
                        counts[gram] += 1
            row = end
    return counts
