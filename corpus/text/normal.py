"""Cuts texts into normal words, which deduplication and decontamination compare: case, marks and spacing do not count.

Definitions
  normal text  the text with every character replaced as corpus.text.folding says; separators become one space
  word         a run of the normal text without a space; in scripts without spaces between words (Han, kana, Thai, Lao,
               Khmer, Burmese) every character is a word
  word hash    64 bits from the word's code points; words are hashed one by one, so "ab c" and "a bc" differ

D documents, W words, C characters of normal text.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.buffers import Bytes, Offsets, string_buffers
from corpus.text.folding import SEPARATOR, SEVERAL, VANISHES, Folding, folding
from corpus.text.mixing import GOLDEN, MURMUR_1, MURMUR_2
from corpus.text.segment import code_point
from corpus.text.words import stands_alone

_SPACE = np.int32(32)


class NormalWords(NamedTuple):
    """Words of a batch. The rows of document d are offsets[d] to offsets[d + 1]."""

    hash: npt.NDArray[np.uint64]  # (W,)
    start: npt.NDArray[np.int64]  # (W,) index of the word's first byte in the batch's data
    end: npt.NDArray[np.int64]  # (W,) index after its last byte
    offsets: npt.NDArray[np.int64]  # (D + 1,)


class Normalizer:
    """Cuts batches into `NormalWords`. It reuses its arrays: each call overwrites the result of the call before."""

    def __init__(self, fold: Folding | None = None) -> None:
        self._fold = fold or folding()
        self._scratch = NormalWords(
            np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(1, np.int64)
        )

    def __call__(self, offsets: Offsets, data: Bytes) -> NormalWords:
        """Returns the words of the documents data[offsets[d]:offsets[d + 1]]."""
        capacity = most_words(offsets, data)
        if len(self._scratch.hash) < capacity or len(self._scratch.offsets) < len(offsets):
            rows = max(len(self._scratch.offsets), len(offsets))
            self._scratch = NormalWords(
                np.empty(capacity, np.uint64), np.empty(capacity, np.int64), np.empty(capacity, np.int64),
                np.empty(rows, np.int64),
            )  # fmt: skip

        s = self._scratch
        n_words = _words(offsets, data, ascii_table(), *self._fold, s.hash, s.start, s.end, s.offsets)
        return NormalWords(s.hash[:n_words], s.start[:n_words], s.end[:n_words], s.offsets[: len(offsets)])


def most_words(offsets: Offsets, data: Bytes) -> int:
    """Returns a number of words that no batch of this size exceeds.

    ASCII has at most one word per two bytes. The worst of all other characters, U+FDFA, has four words in three bytes.
    """
    n_wide = int(np.count_nonzero(data[offsets[0] : offsets[-1]] >= 0x80))
    return int(offsets[-1] - offsets[0]) // 2 + len(offsets) + 2 * n_wide


def ascii_table() -> npt.NDArray[np.uint8]:
    """Returns uint8 (128,): the normal form of each ASCII byte, 0 for a separator."""
    return np.maximum(folding().point[:128], 0).astype(np.uint8)


@njit(cache=True, nogil=True, inline="always")
def _step(h, point):
    return (h ^ np.uint64(point)) * MURMUR_1


@njit(cache=True, nogil=True, inline="always")
def _finish(h):
    h = (h ^ (h >> np.uint64(32))) * MURMUR_2
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True)
def _words(offsets, data, table, fold, expansion, expansion_offsets, hashes, starts, ends, word_offsets):
    """Fills hashes, starts, ends (W,) and word_offsets (D + 1,), and returns the number of words.

    One pass over the characters. ASCII is folded by `table`, other characters by `fold` to none, one or several
    characters. Each folded character extends the current word, ends it, or is a separate word.

    w counts the finished words. h and start are the current word's hash so far and its first byte; start is -1 if
    there is no current word.
    """
    w = 0
    word_offsets[0] = 0
    for d in range(offsets.size - 1):
        i, stop = offsets[d], offsets[d + 1]
        h, start = GOLDEN, np.int64(-1)
        while i < stop:
            # ASCII: one byte, one folded character.
            byte = data[i]
            if byte < 0x80:
                point = table[byte]
                if point:
                    if start < 0:
                        start = i
                    h = _step(h, point)
                elif start >= 0:
                    hashes[w], starts[w], ends[w] = _finish(h), start, i
                    w += 1
                    h, start = GOLDEN, np.int64(-1)
                i += 1
                continue

            # Other characters: `k` to `k_end` is the range of folded characters, in `expansion` if there are several.
            first, width = code_point(data, i, stop)
            folded = fold[first]
            k, k_end = 0, 1
            if folded <= SEVERAL:
                k, k_end = expansion_offsets[SEVERAL - folded], expansion_offsets[SEVERAL - folded + 1]
            elif folded == VANISHES:
                k_end = 0

            # An expansion can hold separators, so one character can end a word and begin the next.
            for j in range(k, k_end):
                wide = expansion[j] if folded <= SEVERAL else folded
                if wide == SEPARATOR or stands_alone(wide):
                    if start >= 0:  # a word that ends inside an expansion includes the whole character
                        hashes[w], starts[w], ends[w] = _finish(h), start, i if j == k else i + width
                        w += 1
                        h, start = GOLDEN, np.int64(-1)
                    if wide != SEPARATOR:
                        hashes[w], starts[w], ends[w] = _finish(_step(GOLDEN, wide)), i, i + width
                        w += 1
                else:
                    if start < 0:
                        start = i
                    h = _step(h, wide)
            i += width

        # The end of the text ends the last word.
        if start >= 0:
            hashes[w], starts[w], ends[w] = _finish(h), start, stop
            w += 1
        word_offsets[d + 1] = w
    return w


@njit(cache=True, nogil=True)
def _fold(offsets, data, fold, expansion, expansion_offsets, points, point_offsets):
    """Fills points (C,) and point_offsets (D + 1,) with the normal texts, and returns C.

    One pass over the characters. There is one space between words and none at the ends: `pending` says that a space
    is due before the next character of a word. c counts the code points; `first` is where the text begins.
    """
    c = 0
    point_offsets[0] = 0
    for d in range(offsets.size - 1):
        i, stop, first = offsets[d], offsets[d + 1], c
        pending = False
        while i < stop:
            point, width = np.int64(data[i]), 1
            if point >= 0x80:
                point, width = code_point(data, i, stop)

            folded = fold[point]
            k, k_end = 0, 1
            if folded <= SEVERAL:
                k, k_end = expansion_offsets[SEVERAL - folded], expansion_offsets[SEVERAL - folded + 1]
            elif folded == VANISHES:
                k_end = 0

            # A character can be folded to several.
            for j in range(k, k_end):
                one = expansion[j] if folded <= SEVERAL else folded
                alone = stands_alone(one)
                if one == SEPARATOR:
                    pending = True
                    continue
                if (pending or alone) and c > first:
                    points[c] = _SPACE
                    c += 1
                points[c] = one
                c += 1
                pending = alone
            i += width
        point_offsets[d + 1] = c
    return c


def normal_points(text: pa.Array | pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Returns (code points int32 (C,), offsets int64 (D + 1,)) of the normal texts."""
    offsets, data = string_buffers(text)
    points = np.empty(12 * most_words(offsets, data), np.int32)
    point_offsets = np.empty(len(offsets), np.int64)
    n_points = _fold(offsets, data, *folding(), points, point_offsets)
    return points[:n_points], point_offsets


def normal_text(text: str) -> str:
    """Returns the normal text of one text."""
    points, _ = normal_points(pa.array([text], pa.large_string()))
    return points.astype("<u4").tobytes().decode("utf-32-le")


def normalize(text: pa.Array | pa.ChunkedArray) -> NormalWords:
    """Returns the words of each text, in new arrays."""
    return Normalizer()(*string_buffers(text))
