"""Measures how lines begin and end, and how long they are."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text import classes
from corpus.text.segment import Segments, trim
from filters.signals import Batch, Signal

_GOPHER = "Gopher, Rae et al. 2021, arXiv:2112.11446, A.1.1"
_FINEWEB = "FineWeb, Penedo et al. 2024, arXiv:2406.17557, section 3.6"
SHORT_LINE = 30  # characters, at most

SIGNALS = (
    Signal("bullet_line_fraction", pa.float64(), "Share of lines whose first mark is a bullet or hyphen", _GOPHER),
    Signal("ellipsis_line_fraction", pa.float64(), "Share of lines that end in an ellipsis", _GOPHER),
    Signal(
        "terminal_punctuation_line_fraction",
        pa.float64(),
        "Share of non-blank lines whose last character ends a sentence (Sentence_Terminal)",
        _FINEWEB,
    ),
    Signal(
        "short_line_fraction", pa.float64(), f"Share of non-blank lines of {SHORT_LINE} characters or less", _FINEWEB
    ),
    Signal(
        "newline_to_word_ratio", pa.float64(), "Line ends per word; without words, the number of line ends", _FINEWEB
    ),
    Signal(
        "mean_line_length",
        pa.float64(),
        "Mean number of characters per line",
        "Codex, Chen et al. 2021, arXiv:2107.03374, 3.1",
    ),
    Signal(
        "max_line_length",
        pa.int64(),
        "Characters of the longest line",
        "Codex, Chen et al. 2021, arXiv:2107.03374, 3.1",
    ),
)

_TERMINAL = np.uint8(classes.TERMINAL)


@njit(cache=True, nogil=True, inline="always")
def ends_in_ellipsis(s, start, end):
    """Whether [start, end) ends in '...' or U+2026."""
    if end > start and s.chars[end - 1] == 0x2026:
        return True
    return end - start >= 3 and s.chars[end - 1] == 46 and s.chars[end - 2] == 46 and s.chars[end - 3] == 46


@njit(cache=True, nogil=True)
def _measure(s: Segments, out: npt.NDArray[np.float64]) -> None:
    """Fills out (7, D): one pass over the lines of each document."""
    for d in range(s.n_bytes.size):
        first, last = s.line_offsets[d], s.line_offsets[d + 1]
        newlines = last - first - 1
        bullets, ellipses, nonblank, terminal, short, longest, total = 0, 0, 0, 0, 0, 0, 0
        for line in range(first, last):
            start, end = s.line_start[line], s.line_end[line]
            longest, total = max(longest, end - start), total + end - start

            # [a, b) is the line without white space at its ends.
            a, b = trim(s, start, end)
            if a == b:
                continue
            nonblank += 1
            bullets += s.chars[a] == 0x2022 or s.chars[a] == 45
            ellipses += ends_in_ellipsis(s, a, b)
            terminal += s.kinds[end - 1] & _TERMINAL != 0
            short += end - start <= SHORT_LINE

        # An empty last line does not count as a line.
        n_lines = last - first - (s.line_end[last - 1] == s.line_start[last - 1])
        n_words = s.word_offsets[d + 1] - s.word_offsets[d]
        out[0, d], out[1, d] = bullets / max(n_lines, 1), ellipses / max(n_lines, 1)
        out[2, d], out[3, d] = terminal / max(nonblank, 1), short / max(nonblank, 1)
        out[4, d] = newlines / max(n_words, 1)
        out[5, d], out[6, d] = total / max(n_lines, 1), longest


def measure(batch: Batch) -> list[npt.NDArray[np.float64]]:
    """Returns one float64 (D,) per signal."""
    out = np.empty((len(SIGNALS), len(batch.offsets) - 1))
    _measure(batch.segments, out)
    return list(out)
