"""Cuts a batch of documents into characters, words and lines once; every kernel that measures them reads the result.

Definitions
  character  a Unicode code point
  line       the text between two "\\n"; a text without "\\n" is one line
  word       a piece of a run of characters between white space; corpus.text.words defines where a run is cut

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
    """Characters, words and lines of a batch.

    Positions are indexes into `chars`. An end is the index after the last character. The rows of document d are
    offsets[d] to offsets[d + 1] of the matching offsets.
    """

    n_bytes: npt.NDArray[np.int64]  # (D,) UTF-8 bytes of each document
    chars: npt.NDArray[np.int32]  # (C,) code points
    kinds: npt.NDArray[np.uint8]  # (C,) flags of corpus.text.classes
    char_offsets: npt.NDArray[np.int64]  # (D + 1,) each document's rows of `chars` and `kinds`
    word_start: npt.NDArray[np.int32]  # (W,) position
    word_end: npt.NDArray[np.int32]  # (W,) position
    word_hash: npt.NDArray[np.uint64]  # (W,) corpus.text.words.hash_chars of the word
    word_flags: npt.NDArray[np.uint8]  # (W,) HAS_ALPHA, ALL_PUNCT ... of corpus.text.words
    word_offsets: npt.NDArray[np.int64]  # (D + 1,) each document's rows of `word_...`
    line_start: npt.NDArray[np.int32]  # (L,) position
    line_end: npt.NDArray[np.int32]  # (L,) position; the "\n" is not part of the line
    line_offsets: npt.NDArray[np.int64]  # (D + 1,) each document's rows of `line_...`


@njit(cache=True, nogil=True)
def code_point(data, i, end):
    """Returns (code point, width in bytes) of the UTF-8 character at i, which is not ASCII.

    Texts in the lake are valid UTF-8. In other texts, a byte that does not start a character is read as U+FFFD.
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
    """Fills the Segments `s` and returns the numbers of characters, words and lines.

    One pass over the bytes. Each character is decoded and classified. White space, or the end of the document, closes
    the run of characters before it; the run is one word or is cut into words. A line end closes the line.

    c, w and n_lines count the finished ones. `line` and `run` are the positions where the current line and the current
    run begin. For the current run, h is its hash so far, `some` holds the flags of all its characters, and `unspaced`
    says whether it has a letter of a script without spaces. `backs` is scratch for `cut_run`.
    """
    backs = np.empty(4096, np.int32)
    chars, kinds = s.chars, s.kinds
    c, w, n_lines = 0, 0, 0
    s.char_offsets[0] = s.word_offsets[0] = s.line_offsets[0] = 0
    for d in range(offsets.size - 1):
        s.n_bytes[d] = offsets[d + 1] - offsets[d]
        i, end, line, run = offsets[d], offsets[d + 1], c, c
        h, some, unspaced = HASH_START, np.uint8(0), False

        while i <= end:  # one step past the end closes the last word
            # Decode one character. One that is not white space only extends the current run.
            if i < end:
                point, width = np.int64(data[i]), 1  # the ASCII fast path
                if point >= 0x80:
                    point, width = code_point(data, i, end)
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

            # White space or the end: close the run. Only a run with punctuation, or of a script without spaces, can
            # hold several words.
            if c > run:
                if unspaced or some & MARK:
                    first = w
                    if unspaced:
                        w = cut_unspaced(chars, kinds, run, c, abbreviations, backs, s.word_end, w)
                        unspaced = False
                    else:
                        w = cut_run(chars, kinds, run, c, abbreviations, backs, s.word_end, w)

                    # The words touch each other: each starts where the one before it ends.
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

            # The white space itself is a character, and perhaps a line end.
            if i < end:
                if point == 10:
                    s.line_start[n_lines], s.line_end[n_lines] = line, c
                    n_lines += 1
                    line = c + 1
                c += 1
                run = c
            i += width

        # The text after the last "\n" is a line, too.
        s.line_start[n_lines], s.line_end[n_lines] = line, c
        n_lines += 1
        s.char_offsets[d + 1], s.word_offsets[d + 1], s.line_offsets[d + 1] = c, w, n_lines
    return c, w, n_lines


@njit(cache=True, nogil=True, inline="always")
def trim(s, start, end):
    """Returns (start, end) without the white space at both ends; (end, end) if nothing else is there."""
    while start < end and s.kinds[start] & _SPACE:
        start += 1
    while end > start and s.kinds[end - 1] & _SPACE:
        end -= 1
    return start, end


class Segmenter:
    """Cuts batches into `Segments`. It reuses its arrays: each call overwrites the result of the call before."""

    def __init__(self) -> None:
        self._capacity = (-1, -1, -1)

    def __call__(self, offsets: Offsets, data: Bytes) -> Segments:
        """Returns the segments of the documents data[offsets[d]:offsets[d + 1]].

        The arrays take about 22 bytes per byte of text.
        """
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
