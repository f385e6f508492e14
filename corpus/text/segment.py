"""A batch of documents cut into characters, words and lines, once, for every kernel that measures them.

Definitions
  character  a Unicode code point
  line       what stands between two "\\n"; a text without any is one line
  word       what stands between white space, cut as corpus.text.words says

D documents, C characters, W words, L lines.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.text import classes
from corpus.text.buffers import Bytes, Offsets
from corpus.text.words import (
    HAS_ALPHA,
    HASH_START,
    MARK,
    abbreviation_table,
    cut_run,
    cut_unspaced,
    hash_chars,
    hash_end,
    hash_step,
    stands_alone,
    word_flags,
)


class Segments(NamedTuple):
    """Positions are indexes into `chars`; the rows of document d are offsets[d] to offsets[d + 1]."""

    n_bytes: npt.NDArray[np.int64]  # (D,)
    chars: npt.NDArray[np.int32]  # (C,) code points
    kinds: npt.NDArray[np.uint8]  # (C,) flags of corpus.text.classes
    char_offsets: npt.NDArray[np.int64]  # (D + 1,)
    word_start: npt.NDArray[np.int32]  # (W,)
    word_end: npt.NDArray[np.int32]  # (W,)
    word_hash: npt.NDArray[np.uint64]  # (W,)
    word_flags: npt.NDArray[np.uint8]  # (W,)
    word_offsets: npt.NDArray[np.int64]  # (D + 1,)
    line_start: npt.NDArray[np.int32]  # (L,)
    line_end: npt.NDArray[np.int32]  # (L,) without the "\n"
    line_offsets: npt.NDArray[np.int64]  # (D + 1,)


@njit(cache=True, nogil=True)
def _code_point(data, i, end):
    """(code point, width in bytes) of the UTF-8 character at i, which is not ASCII.

    The lake holds valid UTF-8; elsewhere a byte that starts no character is U+FFFD.
    """
    byte = np.int64(data[i])
    point, width = np.int64(0xFFFD), 1
    if 0xC2 <= byte < 0xE0 and i + 1 < end:
        point, width = ((byte & 0x1F) << 6) | np.int64(data[i + 1] & 0x3F), 2
    elif 0xE0 <= byte < 0xF0 and i + 2 < end:
        point = ((byte & 0x0F) << 12) | (np.int64(data[i + 1] & 0x3F) << 6) | np.int64(data[i + 2] & 0x3F)
        width = 3
    elif 0xF0 <= byte < 0xF5 and i + 3 < end:
        point = ((byte & 0x07) << 18) | (np.int64(data[i + 1] & 0x3F) << 12)
        point |= (np.int64(data[i + 2] & 0x3F) << 6) | np.int64(data[i + 3] & 0x3F)
        width = 4
        if point >= _N_CODE_POINTS:
            point, width = np.int32(0xFFFD), 1
    return point, width


_N_CODE_POINTS = np.int64(classes.N_CODE_POINTS)
_SPACE, _ALPHA = np.uint8(classes.SPACE), np.uint8(classes.ALPHA)


@njit(cache=True, nogil=True)
def _segment(offsets, data, table, abbreviations, s):
    # One pass over the bytes. Each character is decoded and classified; a blank, or the end, closes the run of
    # characters before it, which is one word or is cut into words; a line end closes the line.
    backs = np.empty(4096, np.int32)
    chars, kinds = s.chars, s.kinds
    c, w, n_lines = 0, 0, 0
    s.char_offsets[0] = s.word_offsets[0] = s.line_offsets[0] = 0
    for d in range(offsets.size - 1):
        s.n_bytes[d] = offsets[d + 1] - offsets[d]
        i, end, line, run = offsets[d], offsets[d + 1], c, c
        h, some, unspaced = HASH_START, np.uint8(0), False

        while i <= end:  # one step past the end closes the last word
            if i < end:
                point, width = np.int64(data[i]), 1  # the ASCII fast path
                if point >= 0x80:
                    point, width = _code_point(data, i, end)
                    unspaced |= stands_alone(point)
                kind = table[point]
                chars[c], kinds[c] = point, kind
                if not kind & _SPACE:
                    h = hash_step(h, point)
                    some |= kind
                    c += 1
                    i += width
                    continue
            else:
                point, width = np.int64(0), 1

            if c > run:
                if unspaced or some & MARK:
                    first = w
                    if unspaced:
                        w = cut_unspaced(chars, kinds, run, c, abbreviations, backs, s.word_end, w)
                        unspaced = False
                    else:
                        w = cut_run(chars, kinds, run, c, abbreviations, backs, s.word_end, w)
                    for k in range(first, w):
                        stop = s.word_end[k]
                        s.word_start[k] = run
                        s.word_hash[k] = hash_chars(chars, run, stop)
                        s.word_flags[k] = word_flags(kinds, run, stop)
                        run = stop
                else:
                    s.word_start[w], s.word_end[w] = run, c
                    s.word_hash[w] = hash_end(h, c - run)
                    s.word_flags[w] = HAS_ALPHA if some & _ALPHA else 0
                    w += 1
                h, some = HASH_START, np.uint8(0)

            if i < end:
                if point == 10:
                    s.line_start[n_lines], s.line_end[n_lines] = line, c
                    n_lines += 1
                    line = c + 1
                c += 1
                run = c
            i += width
        s.line_start[n_lines], s.line_end[n_lines] = line, c
        n_lines += 1
        s.char_offsets[d + 1], s.word_offsets[d + 1], s.line_offsets[d + 1] = c, w, n_lines
    return c, w, n_lines


@njit(cache=True, nogil=True, inline="always")
def trim(s, start, end):
    """(start, end) without the white space at both ends; empty as (end, end)."""
    while start < end and s.kinds[start] & _SPACE:
        start += 1
    while end > start and s.kinds[end - 1] & _SPACE:
        end -= 1
    return start, end


class Segmenter:
    """Cuts batches into `Segments`, reusing its scratch: what it returned before is overwritten."""

    def __init__(self) -> None:
        self._capacity = (-1, -1, -1)

    def __call__(self, offsets: Offsets, data: Bytes) -> Segments:
        """Segments of the documents data[offsets[d]:offsets[d + 1]]; about 22 bytes of scratch a byte of text."""
        n_documents = len(offsets) - 1
        n_bytes = int(offsets[-1] - offsets[0])
        n_lines = n_documents + int(np.count_nonzero(data[offsets[0] : offsets[-1]] == 10))
        self._reserve(n_documents, n_bytes, n_lines)
        s = self._scratch
        c, w, lines = _segment(offsets, data, classes.flags(), abbreviation_table(), s)
        return Segments(
            s.n_bytes[:n_documents], s.chars[:c], s.kinds[:c], s.char_offsets[: n_documents + 1],
            s.word_start[:w], s.word_end[:w], s.word_hash[:w], s.word_flags[:w], s.word_offsets[: n_documents + 1],
            s.line_start[:lines], s.line_end[:lines], s.line_offsets[: n_documents + 1],
        )  # fmt: skip

    def _reserve(self, documents: int, n_bytes: int, lines: int) -> None:
        if all(have >= need for have, need in zip(self._capacity, (documents, n_bytes, lines), strict=True)):
            return
        documents, n_bytes, lines = (
            max(a, b) for a, b in zip(self._capacity, (documents, n_bytes, lines), strict=True)
        )
        self._capacity = (documents, n_bytes, lines)
        self._scratch = Segments(
            np.empty(documents, np.int64),
            np.empty(n_bytes, np.int32), np.empty(n_bytes, np.uint8), np.empty(documents + 1, np.int64),
            np.empty(n_bytes, np.int32), np.empty(n_bytes, np.int32), np.empty(n_bytes, np.uint64),
            np.empty(n_bytes, np.uint8), np.empty(documents + 1, np.int64),
            np.empty(lines, np.int32), np.empty(lines, np.int32), np.empty(documents + 1, np.int64),
        )  # fmt: skip
