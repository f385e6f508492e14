"""Decodes characters that are written as references, &nbsp; &#101; &#x65; &amp;nbsp;, or as codes, %20 %3F %C3%A9."""

import numpy as np
from numba import njit

from corpus.text.classes import N_CODE_POINTS
from decontam.disguises.markup import may_mark_up
from decontam.disguises.names import ALIKE, BLOCK, CHARACTER, MARKED_UP, PAD, ZERO_WIDTH, fill, lookup, read_name
from decontam.disguises.spaces import is_zero_width


@njit(cache=True, nogil=True, inline="always")
def may_encode(byte):
    """1 for a byte that begins an encoded character, else 0."""
    return np.uint8(byte == 38) | np.uint8(byte == 37)  # & %


@njit(cache=True, nogil=True)
def decode(out, start, stop, tables):
    """Decodes the characters of out[start:stop] in place, and returns the disguises that they may form, as bits.

    One pass over blocks of BLOCK bytes; blocks without a byte that begins an encoded character are skipped. i is the
    next byte to read: a character may reach into the next block.
    """
    hides = np.uint8(0)
    hits = np.zeros(1, np.uint8)
    i = start
    for block in range(start, stop, BLOCK):
        # The result goes through an array so that the loop runs on many bytes at once.
        hit, own = np.uint8(0), out[block : min(block + BLOCK, stop)]
        for k in range(own.size):
            hit |= may_encode(own[k])
        hits[0] = hit
        if not hits[0]:
            continue

        # Decode one character after another.
        i = max(i, block)
        while i < min(block + BLOCK, stop):
            end, point = i + 1, np.int64(0)
            if out[i] == 38:
                end, point = _reference(out, i, stop, tables)
            elif out[i] == 37:
                end, point = _percent(out, i, stop)
            if end > i + 1:
                _write(out, i, end, point)
                hides |= _hides(point)
            i = end
    return hides


@njit(cache=True, nogil=True)
def _hides(point):
    """Returns the disguises, as bits, that a decoded character may be a part of."""
    if point < 0x80:
        return MARKED_UP if may_mark_up(np.uint8(point)) else np.uint8(0)
    if 0x340 <= point < 0x540:
        return ALIKE
    return ZERO_WIDTH if is_zero_width(point) else np.uint8(0)


@njit(cache=True, nogil=True)
def _write(out, at, end, point):
    """Writes a character at `at` and PAD from there to `end`. A number that is not a character becomes a blank."""
    if point == 0 or point == 0xFFFD or 0xD800 <= point < 0xE000 or point >= N_CODE_POINTS:
        point = 32

    fill(out, at, end, PAD)
    if point < 0x80:
        out[at] = point
    elif point < 0x800:
        out[at], out[at + 1] = 0xC0 | point >> 6, 0x80 | point & 0x3F
    elif point < 0x10000:
        out[at], out[at + 1], out[at + 2] = 0xE0 | point >> 12, 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F
    else:
        out[at], out[at + 1] = 0xF0 | point >> 18, 0x80 | point >> 12 & 0x3F
        out[at + 2], out[at + 3] = 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F


@njit(cache=True, nogil=True)
def _reference(out, at, stop, tables):
    """Returns (end, code point) of the character reference at `at`, or (at + 1, 0) if there is none."""
    i = at + 1
    while (
        i + 4 <= stop and out[i] | 32 == 97 and out[i + 1] | 32 == 109 and out[i + 2] | 32 == 112 and out[i + 3] == 59
    ):
        i += 4  # a repeated "amp;": the character was encoded more than once

    # A number after "#", or a name; names differ by case, so the exact name is tried first.
    if i < stop and out[i] == 35:  # #
        end, point = _number(out, i + 1, stop)
    else:
        end, name = read_name(out, i, stop, CHARACTER, False)
        point = np.int64(-1)
        if i < end < stop and out[end] == 59:
            place = lookup(tables, name)
            if place < 0:
                place = lookup(tables, read_name(out, i, stop, CHARACTER, True)[1])
            point = np.int64(tables.points[place]) if place >= 0 else point

    # Without a reference behind it, "&amp;" is an ampersand.
    if end < stop and out[end] == 59 and point >= 0:
        return end + 1, point
    return (i, np.int64(38)) if i > at + 1 else (at + 1, np.int64(0))


@njit(cache=True, nogil=True)
def _number(out, at, stop):
    """Returns (end, value) of the number at `at`, hexadecimal after an x; the value is -1 if there is no number."""
    base, i, value, digits = 10, at, np.int64(0), 0
    if i < stop and out[i] | 32 == 120:
        base, i = 16, i + 1

    while i < stop and digits < 12:
        digit = _digit(out[i])
        if digit < 0 or digit >= base:
            break
        value = min(value * base + digit, np.int64(N_CODE_POINTS))
        digits += 1
        i += 1
    return i, value if digits else np.int64(-1)


@njit(cache=True, nogil=True)
def _digit(byte):
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    low = byte | 32
    return np.int64(low) - 87 if 97 <= low <= 102 else np.int64(-1)


@njit(cache=True, nogil=True)
def _percent(out, at, stop):
    """Returns (end, code point) of the percent-encoded character at `at`, or (at + 1, 0) if there is none."""
    byte = _encoded_byte(out, at, stop)
    if 0x20 <= byte < 0x7F or 9 <= byte <= 13:  # `n%10` is not a character
        return at + 3, byte

    # A character of several bytes, which must be valid UTF-8.
    width = 2 if 0xC2 <= byte < 0xE0 else 3 if 0xE0 <= byte < 0xF0 else 4 if 0xF0 <= byte < 0xF5 else 0
    if not width:
        return at + 1, np.int64(0)
    point = byte & (0x7F >> width)
    for k in range(1, width):
        byte = _encoded_byte(out, at + 3 * k, stop)
        if byte < 0x80 or byte >= 0xC0:
            return at + 1, np.int64(0)
        point = point << 6 | byte & 0x3F

    if (width == 3 and (point < 0x800 or 0xD800 <= point < 0xE000)) or (width == 4 and not 0x10000 <= point < 0x110000):
        return at + 1, np.int64(0)
    return at + 3 * width, point


@njit(cache=True, nogil=True)
def _encoded_byte(out, at, stop):
    """Returns the value of %XX at `at`, or -1 if there is none."""
    if at + 2 >= stop or out[at] != 37:
        return np.int64(-1)
    high, low = _digit(out[at + 1]), _digit(out[at + 2])
    return high * 16 + low if high >= 0 and low >= 0 else np.int64(-1)
