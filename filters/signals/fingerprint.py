"""Computes one hash per document. It is equal for two texts that differ only in white space and case."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text import classes
from corpus.text.hashing import hex128, xxh64
from corpus.text.segment import Segments
from filters.signals import Batch, Signal

SIGNALS = (
    Signal(
        "text_hash",
        pa.string(),
        "32 hex digits, XXH64 with seeds 0 and 1, of the text in UTF-8 with letters in simple lower case, each run "
        "of white space as one blank, and no blanks at the ends",
    ),
)
_SPACE = np.uint8(classes.SPACE)


@njit(cache=True, nogil=True, inline="always")
def _encode(point, out, n):
    """Appends a code point to `out` in UTF-8; returns the next n."""
    if point < 0x80:
        out[n] = point
        return n + 1
    if point < 0x800:
        out[n], out[n + 1] = 0xC0 | (point >> 6), 0x80 | (point & 0x3F)
        return n + 2
    if point < 0x10000:
        out[n], out[n + 1], out[n + 2] = 0xE0 | (point >> 12), 0x80 | ((point >> 6) & 0x3F), 0x80 | (point & 0x3F)
        return n + 3
    out[n], out[n + 1] = 0xF0 | (point >> 18), 0x80 | ((point >> 12) & 0x3F)
    out[n + 2], out[n + 3] = 0x80 | ((point >> 6) & 0x3F), 0x80 | (point & 0x3F)
    return n + 4


@njit(cache=True, nogil=True)
def _measure(
    s: Segments, lower: npt.NDArray[np.int32], high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]
) -> None:
    """Fills high and low (D,) with the hashes for seed 0 and seed 1.

    For each document: write its folded text in UTF-8 into `scratch`, n bytes, and hash it. `blank` says that a blank is
    due before the next character.
    """
    scratch = np.empty(4096, np.uint8)
    for d in range(s.n_bytes.size):
        first, last = s.char_offsets[d], s.char_offsets[d + 1]
        if 4 * (last - first) + 4 > scratch.size:
            scratch = np.empty(8 * (last - first) + 4, np.uint8)

        n, blank = 0, False
        for c in range(first, last):
            if s.kinds[c] & _SPACE:
                blank = n > 0
                continue
            if blank:
                scratch[n] = 32
                n += 1
                blank = False
            n = _encode(lower[s.chars[c]], scratch, n)

        high[d], low[d] = xxh64(scratch, 0, n, np.uint64(0)), xxh64(scratch, 0, n, np.uint64(1))


def measure(batch: Batch) -> list[pa.Array]:
    """Returns [string (D,)]."""
    n_documents = len(batch.offsets) - 1
    high, low = np.empty(n_documents, np.uint64), np.empty(n_documents, np.uint64)
    _measure(batch.segments, classes.lower(), high, low)
    return [hex128(high, low)]
