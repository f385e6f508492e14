"""Removes pieces from texts, and maps byte positions to character positions.

D documents, C cuts, N bytes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.buffers import string_array, string_buffers
from corpus.text.classes import SPACE, flags
from corpus.text.segment import code_point

_LINE_END, _SPACE = np.uint8(10), np.uint8(SPACE)


class Cuts(NamedTuple):
    """Ranges of characters, sorted by document and start; they may overlap."""

    document: npt.NDArray[np.int64]  # (C,) row of the batch
    start: npt.NDArray[np.int64]  # (C,) first character to remove
    end: npt.NDArray[np.int64]  # (C,) character after the last one to remove


def blanked(text: pa.Array | pa.ChunkedArray, gone: Cuts) -> pa.Array:
    """Returns the texts with a line end in place of each cut character, so positions of characters stay the same."""
    return _rewritten(text, gone, blank=True)


def without(text: pa.Array | pa.ChunkedArray, gone: Cuts) -> pa.Array:
    """Returns the texts without the cut characters, with a line end where two words would otherwise be joined."""
    return _rewritten(text, gone, blank=False)


def _rewritten(text: pa.Array | pa.ChunkedArray, gone: Cuts, *, blank: bool) -> pa.Array:
    offsets, data = string_buffers(text)
    out, out_offsets = np.empty(int(offsets[-1] - offsets[0]), np.uint8), np.empty(len(offsets), np.int64)
    n_bytes = _rewrite(offsets, data, gone, blank, flags(), out, out_offsets)
    return string_array(out_offsets, out[:n_bytes])


@njit(cache=True, nogil=True)
def _rewrite(offsets, data, cuts, blank, kinds, out, out_offsets):
    """Fills `out` with the rewritten texts and `out_offsets` with their offsets, and returns their length in bytes.

    One pass over the bytes and, next to it, over the sorted cuts: n counts the bytes written, c the cuts begun. A cut
    removes at least one byte, so `out` always has room for a line end in its place. Whether a line end is needed is
    known at the first character after the cut.
    """
    n, c = 0, 0
    out_offsets[0] = 0
    for d in range(offsets.size - 1):
        # Skip cuts that begin after the end of their text.
        while c < cuts.document.size and cuts.document[c] < d:
            c += 1

        character, until = -1, 0  # the current character; the cut around it ends before `until`
        # `spaced`: no line end is needed, because white space or the start of the text comes before the cut.
        # `open_cut`: the cut has begun, and no character after it was written yet.
        spaced, open_cut = True, False
        for i in range(offsets[d], offsets[d + 1]):
            leads = (data[i] & 0xC0) != 0x80  # the first byte of a character
            if leads:
                character += 1
                # Several cuts can begin at one character, and they may overlap.
                while c < cuts.document.size and cuts.document[c] == d and cuts.start[c] <= character:
                    until = max(until, cuts.end[c])
                    c += 1

            if character < until:
                open_cut = True
                if blank and leads:
                    out[n] = _LINE_END
                    n += 1
                continue

            if leads:
                point = np.int64(data[i])
                if point >= 0x80:
                    point, _ = code_point(data, i, offsets[d + 1])
                is_space = (kinds[point] & _SPACE) != 0
                if open_cut and not (blank or spaced or is_space):
                    out[n] = _LINE_END
                    n += 1
                spaced, open_cut = is_space, False
            out[n] = data[i]
            n += 1
        out_offsets[d + 1] = n
    return n


def characters_before(offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Returns int64 (N + 1,): how many characters begin before each byte of data[offsets[0]:offsets[-1]].

    The last value is the number of all characters.
    """
    before = np.empty(int(offsets[-1] - offsets[0]) + 1, np.int64)
    _count_characters(data, offsets[0], offsets[-1], before)
    return before


@njit(cache=True, nogil=True)
def _count_characters(data, first, end, before):
    n = 0
    for i in range(first, end):
        before[i - first] = n
        n += (data[i] & 0xC0) != 0x80
    before[end - first] = n
