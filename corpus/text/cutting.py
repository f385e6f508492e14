"""Texts without pieces of them, and where characters are among bytes.

D documents, C cuts, N bytes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.buffers import string_array, string_buffers


class Cuts(NamedTuple):
    """Ranges of characters, sorted by document and start; they may overlap."""

    document: npt.NDArray[np.int64]  # (C,) row of the batch
    start: npt.NDArray[np.int64]  # (C,) first character that goes
    end: npt.NDArray[np.int64]  # (C,) character after the last that goes


def blanked(text: pa.Array | pa.ChunkedArray, gone: Cuts) -> pa.Array:
    """The texts with a line end for each character that was cut: positions of characters stay."""
    return _rewritten(text, gone, blank=True)


def without(text: pa.Array | pa.ChunkedArray, gone: Cuts) -> pa.Array:
    """The texts without what was cut."""
    return _rewritten(text, gone, blank=False)


def _rewritten(text: pa.Array | pa.ChunkedArray, gone: Cuts, *, blank: bool) -> pa.Array:
    offsets, data = string_buffers(text)
    out, out_offsets = np.empty(int(offsets[-1] - offsets[0]), np.uint8), np.empty(len(offsets), np.int64)
    n_bytes = _rewrite(offsets, data, gone.document, gone.start, gone.end, blank, out, out_offsets)
    return string_array(out_offsets, out[:n_bytes])


@njit(cache=True, nogil=True)
def _rewrite(offsets, data, document, start, end, blank, out, out_offsets):
    n, c = 0, 0
    out_offsets[0] = 0
    for d in range(offsets.size - 1):
        while c < document.size and document[c] < d:
            c += 1
        character, until = -1, 0  # the character being read; the cut that it is in ends before `until`
        for i in range(offsets[d], offsets[d + 1]):
            leads = (data[i] & 0xC0) != 0x80
            if leads:
                character += 1
                while c < document.size and document[c] == d and start[c] <= character:
                    until = max(until, end[c])
                    c += 1
            if character >= until:
                out[n] = data[i]
                n += 1
            elif blank and leads:
                out[n] = 10
                n += 1
        out_offsets[d + 1] = n
    return n


def characters_before(offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """int64 (N + 1,): how many characters begin before each byte of data[offsets[0]:offsets[-1]], and in all."""
    found = np.empty(int(offsets[-1] - offsets[0]) + 1, np.int64)
    _count_characters(data, offsets[0], offsets[-1], found)
    return found


@njit(cache=True, nogil=True)
def _count_characters(data, first, end, found):
    n = 0
    for i in range(first, end):
        found[i - first] = n
        n += (data[i] & 0xC0) != 0x80
    found[end - first] = n
