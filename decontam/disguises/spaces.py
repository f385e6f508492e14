"""Replaces zero-width characters by blanks where they separate words."""

import numpy as np
from numba import njit

from corpus.text.segment import code_point
from decontam.disguises.names import PAD, fill, is_alphanumeric

LONG_RUN = 20  # in a longer run of letters without white space, zero-width characters separate words


@njit(cache=True, nogil=True)
def space(out, start, stop):
    """Writes blanks for zero-width characters in long runs without white space, and for U+FFFD everywhere.

    One pass over the runs without white space, and a second one over each run that has such characters.
    """
    i = start
    while i < stop:
        end, letters, wide, zero_width = _unspaced(out, i, stop)
        joins = 2 * wide > letters  # in scripts beyond ASCII, joiners are a part of the spelling

        while zero_width and i < end:
            if out[i] != 0xE2 and out[i] != 0xEF:
                i += 1
                continue
            point, width = code_point(out, i, stop)
            if point == 0xFFFD or (letters > LONG_RUN and is_zero_width(point) and not (joins and _joins(point))):
                fill(out, i, i + width, np.uint8(32))
            i += width
        i = max(end, i) + 1


@njit(cache=True, nogil=True)
def _unspaced(out, at, stop):
    """Measures the run without white space at `at`.

    Returns (end, number of letters, number of letters beyond ASCII, number of zero-width characters and U+FFFD).
    """
    i, letters, wide, zero_width = at, 0, 0, 0
    while i < stop and out[i] > 32:
        byte = out[i]
        if byte < 0xC0 or byte == PAD:  # ASCII, and the bytes after a lead byte
            letters += is_alphanumeric(byte)
            i += 1
        elif byte == 0xE2 or byte == 0xEF:
            point, width = code_point(out, i, stop)
            zero_width += point == 0xFFFD or is_zero_width(point)
            i += width
        else:
            letters += 1
            wide += 1
            i += 1
    return i, letters, wide, zero_width


@njit(cache=True, nogil=True)
def is_zero_width(point):
    """Whether the code point is a format character without a width that may replace a blank."""
    return 0x200B <= point <= 0x200F or 0x2060 <= point <= 0x2064 or point == 0xFEFF


@njit(cache=True, nogil=True)
def _joins(point):
    return 0x200C <= point <= 0x200F
