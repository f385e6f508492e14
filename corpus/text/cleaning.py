"""Cleaning steps that change a text while it is ingested. A step runs only if the recipe names it.

`c4_lines` drops the lines that C4's line rules refuse (see corpus.text.c4_lines) and cuts citation marks.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numba import njit

from corpus.errors import unknown
from corpus.text import c4_lines
from corpus.text.buffers import string_array, string_buffers
from corpus.text.segment import Segmenter, trim


def clean(text: pa.Array, names: tuple[str, ...]) -> pa.Array:
    """Returns the texts after the named steps, applied in order. Raises UserError for an unknown name."""
    for name in names:
        if name not in CLEANERS:
            raise unknown("cleaning step", name, CLEANERS)
        text = CLEANERS[name](text)
    return text


@njit(cache=True, nogil=True)
def _keep_lines(offsets, data, s, out_offsets, out):
    """Copies the lines that C4 keeps, trimmed and joined by "\\n", into `out`; returns the number of bytes.

    One pass over the lines of the Segments `s`. `byte` and `at` are the same place in the text: `byte` in the bytes of
    `data`, `at` in the characters of `s`.
    """
    n = 0
    for d in range(s.n_bytes.size):
        out_offsets[d] = n
        byte, at = offsets[d], s.char_offsets[d]
        first = True
        for line in range(s.line_offsets[d], s.line_offsets[d + 1]):
            start, end = trim(s, s.line_start[line], s.line_end[line])
            if start == end or not c4_lines.keeps(s.chars, s.kinds, start, end):
                continue

            # Skip the bytes of characters before the line.
            while at < start:
                byte += _width(s.chars[at])
                at += 1
            if not first:
                out[n] = 10
                n += 1
            first = False

            # Copy the line, character by character.
            stop = c4_lines.without_citations(s.chars, s.kinds, start, end)
            while at < stop:
                # A character has 1 to 4 bytes.
                for _ in range(_width(s.chars[at])):
                    out[n] = data[byte]
                    n += 1
                    byte += 1
                at += 1
    out_offsets[s.n_bytes.size] = n
    return n


@njit(cache=True, nogil=True, inline="always")
def _width(point):
    """Returns how many bytes a code point takes in UTF-8."""
    return 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4


def _c4_lines(text: pa.Array) -> pa.Array:
    offsets, data = string_buffers(text)
    out_offsets, out = np.empty(len(offsets), np.int64), np.empty(max(len(data), 1), np.uint8)
    n_bytes = _keep_lines(offsets, data, Segmenter()(offsets, data), out_offsets, out)
    return string_array(out_offsets, out[:n_bytes])


CLEANERS: dict[str, Callable[[pa.Array], pa.Array]] = {"c4_lines": _c4_lines}
