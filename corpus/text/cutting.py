"""Texts without pieces of them, and where characters are among bytes.

D documents, C cuts, N bytes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.buffers import string_array, string_buffers
from corpus.text.classes import SPACE, flags
from corpus.text.segment import _code_point

_LINE_END, _SPACE = np.uint8(10), np.uint8(SPACE)


class Cuts(NamedTuple):
    """Ranges of characters, sorted by document and start; they may overlap."""

    document: npt.NDArray[np.int64]  # (C,) row of the batch
    start: npt.NDArray[np.int64]  # (C,) first character that goes
    end: npt.NDArray[np.int64]  # (C,) character after the last that goes


def blanked(text: pa.Array | pa.ChunkedArray, gone: Cuts) -> pa.Array:
    """The texts with a line end for each character that was cut: positions of characters stay."""
    return _rewritten(text, gone, blank=True)


def without(text: pa.Array | pa.ChunkedArray, gone: Cuts) -> pa.Array:
    """The texts without what was cut; a line end stands where two words would otherwise grow together."""
    return _rewritten(text, gone, blank=False)


def _rewritten(text: pa.Array | pa.ChunkedArray, gone: Cuts, *, blank: bool) -> pa.Array:
    offsets, data = string_buffers(text)
    out, out_offsets = np.empty(int(offsets[-1] - offsets[0]), np.uint8), np.empty(len(offsets), np.int64)
    n_bytes = _rewrite(offsets, data, gone, blank, flags(), out, out_offsets)
    return string_array(out_offsets, out[:n_bytes])


@njit(cache=True, nogil=True)
def _rewrite(offsets, data, cuts, blank, kinds, out, out_offsets):
    """Writes `out` and its offsets, and returns its length.

    One pass over the bytes beside the sorted cuts. A cut takes a byte at least, so that a break in its place always
    finds room in `out`. Whether a break is due is known at the first character after the cut.
    """
    n, c = 0, 0
    out_offsets[0] = 0
    for d in range(offsets.size - 1):
        while c < cuts.document.size and cuts.document[c] < d:
            c += 1

        character, until = -1, 0  # the character being read; the cut that it is in ends before `until`
        spaced, open_cut = True, False  # whether a break is superfluous: after white space, and at the text's start
        for i in range(offsets[d], offsets[d + 1]):
            leads = (data[i] & 0xC0) != 0x80
            if leads:
                character += 1
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
                    point, _ = _code_point(data, i, offsets[d + 1])
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
    """int64 (N + 1,): how many characters begin before each byte of data[offsets[0]:offsets[-1]], and in all."""
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
