"""Measures features that distinguish hand-written source code from generated files and data.

Source: Codex, Chen et al. 2021, arXiv:2107.03374, section 3.1, and The Stack, Kocetkov et al. 2022,
arXiv:2211.15533, section 3 (line lengths are in `lines`).
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text import classes
from corpus.text.segment import Segments, trim
from filters.signals import Batch, Signal

SIGNALS = (
    Signal(
        "alphanumeric_fraction",
        pa.float64(),
        "Share of characters that are letters or digits",
        "The Stack, Kocetkov et al. 2022, arXiv:2211.15533",
    ),
    Signal(
        "comment_fraction",
        pa.float64(),
        "Share of non-blank lines that begin as a comment does: # // /* * -- ; % <!--",
        "StarCoder, Li et al. 2023, arXiv:2305.06161, section 3.1",
    ),
)
_ALNUM = np.uint8(classes.ALPHA | classes.DIGIT)


@njit(cache=True, nogil=True, inline="always")
def _is_comment(chars, a, b):
    """Whether the line [a, b), which is not blank, begins as a comment does."""
    point = chars[a]
    following = chars[a + 1] if a + 1 < b else 0
    if point == 35 or point == 59 or point == 37 or point == 42:  # # ; % *
        return True
    if point == 47:  # /
        return following == 47 or following == 42
    if point == 60:  # <
        return following == 33
    return point == 45 and following == 45


@njit(cache=True, nogil=True)
def _measure(s: Segments, out: npt.NDArray[np.float64]) -> None:
    """Fills out (2, D): one pass over the characters of each document, one over its lines."""
    for d in range(s.n_bytes.size):
        alnum, comments, nonblank = 0, 0, 0
        first, last = s.char_offsets[d], s.char_offsets[d + 1]
        for c in range(first, last):
            alnum += s.kinds[c] & _ALNUM != 0

        for line in range(s.line_offsets[d], s.line_offsets[d + 1]):
            a, b = trim(s, s.line_start[line], s.line_end[line])
            if a < b:
                nonblank += 1
                comments += _is_comment(s.chars, a, b)
        out[0, d], out[1, d] = alnum / max(last - first, 1), comments / max(nonblank, 1)


def measure(batch: Batch) -> list[npt.NDArray[np.float64]]:
    """Returns one float64 (D,) per signal."""
    out = np.empty((len(SIGNALS), len(batch.offsets) - 1))
    _measure(batch.segments, out)
    return list(out)
