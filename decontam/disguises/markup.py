"""Removes markup of words: tags of HTML and forums, commands of TeX, targets of Markdown links."""

import numpy as np
from numba import njit

from decontam.disguises.names import (
    BLOCK,
    FORUM_BLOCK,
    FORUM_TAG,
    PAD,
    TAG_BLANKS,
    TAG_VANISHES,
    TEX_BLANKS,
    TEX_SWITCH,
    TEX_VALUE,
    fill,
    is_alphanumeric,
    lookup,
    read_name,
)

MOST_TAG_BYTES = 400  # longer tags are kept
MOST_TAG_WORDS = 7  # tags with more words are kept: their attributes may hold an item, which has eight words


@njit(cache=True, nogil=True, inline="always")
def may_mark_up(byte):
    """1 for a byte that begins markup, else 0."""
    return np.uint8(byte == 60) | np.uint8(byte == 92) | np.uint8(byte == 91) | np.uint8(byte == 93)  # < \ [ ]


@njit(cache=True, nogil=True)
def strip(out, start, stop, tables):
    """Removes the markup of out[start:stop] in place. Markup that can be inside a word vanishes, other becomes blanks.

    One pass over blocks of BLOCK bytes; blocks without a byte that begins markup are skipped. i is the next byte to
    read: a tag may reach into the next block.
    """
    hits = np.zeros(1, np.uint8)
    i = start
    for block in range(start, stop, BLOCK):
        # `hits` is an array, because the compiler then looks at many bytes with one instruction.
        hit, own = np.uint8(0), out[block : min(block + BLOCK, stop)]
        for k in range(own.size):
            hit |= may_mark_up(own[k])
        hits[0] = hit
        if not hits[0]:
            continue

        # Remove one piece of markup after another.
        i = max(i, block)
        while i < min(block + BLOCK, stop):
            byte, end, filler = out[i], i, PAD
            if byte == 60:
                end, filler = _tag(out, i, stop, tables)
            elif byte == 92:
                end, filler = _command(out, i, start, stop, tables), np.uint8(32)
            elif byte == 91:
                end, filler = _forum_tag(out, i, start, stop, tables)
            elif byte == 93:
                end = _target(out, i, stop)
            fill(out, i, end, filler)
            i = max(end, i + 1)


@njit(cache=True, nogil=True)
def _past_pads(out, i, stop):
    while i < stop and out[i] == PAD:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _tag(out, at, stop, tables):
    """Returns (end, filler) of the HTML tag at `at`; the end is `at` if there is none."""
    nothing = (at, PAD)

    # The name decides on the filler: PAD if the tag can be inside a word, a blank if it separates words.
    i = _past_pads(out, at + 1, stop)
    closes = i < stop and out[i] == 47
    i = _past_pads(out, i + closes, stop)
    end, name = read_name(out, i, stop, TAG_VANISHES, True)
    filler = PAD
    if end == i:
        return nothing
    if lookup(tables, name) < 0:
        end, name = read_name(out, i, stop, TAG_BLANKS, True)
        filler = np.uint8(32)
        if lookup(tables, name) < 0:
            return nothing

    # The attributes. A "=" in them distinguishes a tag from `a <b and c> d`.
    i, words, valued, spaced = end, 0, closes, True
    while i < stop and i < at + MOST_TAG_BYTES and out[i] != 60:
        byte = out[i]
        if byte == 62:
            bare = _only_blanks(out, end, i)
            return (i + 1, filler) if bare or (valued and not closes) else nothing
        if i == end and not (byte <= 32 or byte == 47 or byte == PAD):
            return nothing
        valued |= byte == 61
        words += spaced and byte > 32
        spaced = byte <= 32
        if words > MOST_TAG_WORDS:
            return nothing
        i += 1
    return nothing


@njit(cache=True, nogil=True)
def _only_blanks(out, start, end):
    for i in range(start, end):
        if not (out[i] <= 32 or out[i] == 47 or out[i] == PAD):
            return False
    return True


@njit(cache=True, nogil=True)
def _command(out, at, start, stop, tables):
    """Returns the end of the TeX command at `at`, with its opening brace; `at` if there is no command for words."""
    end, name = read_name(out, at + 1, stop, TEX_BLANKS, True)
    if end == at + 1 or end >= stop or not (out[end] == 123 or out[end] <= 32):
        return at

    # \textbf{word}
    if out[end] == 123 and lookup(tables, name) >= 0:
        return end + 1

    # \textcolor{red}{word}: the first argument is removed with the command.
    if out[end] == 123:
        _, name = read_name(out, at + 1, stop, TEX_VALUE, True)
        if lookup(tables, name) < 0:
            return at
        i = end + 1
        while i < stop and i < at + MOST_TAG_BYTES and out[i] > 32 and out[i] != 92:
            if out[i] == 125:
                return i + 1
            i += 1
        return at

    # {\bf word}
    _, name = read_name(out, at + 1, stop, TEX_SWITCH, True)
    switches = at > start and out[at - 1] == 123 and out[end] <= 32 and lookup(tables, name) >= 0
    return end if switches else at


@njit(cache=True, nogil=True)
def _forum_tag(out, at, start, stop, tables):
    """Returns (end, filler) of the tag in brackets at `at`; the end is `at` if there is none. `x[i]` is not a tag."""
    nothing = (at, PAD)

    # The name decides on the filler, as in HTML.
    i = at + 1
    closes = i < stop and out[i] == 47
    end, name = read_name(out, i + closes, stop, FORUM_TAG, True)
    filler = PAD
    if end == i + closes or end >= stop or (out[end] != 93 and out[end] != 61):
        return nothing
    if lookup(tables, name) < 0:
        end, name = read_name(out, i + closes, stop, FORUM_BLOCK, True)
        filler = np.uint8(32)
        if lookup(tables, name) < 0:
            return nothing

    # An index of an array in code looks the same.
    indexes = at > start and (is_alphanumeric(out[at - 1]) or out[at - 1] == 95 or out[at - 1] == 41)
    if indexes and not closes and out[end] == 93:
        return nothing

    # A value after "=", up to the closing bracket.
    i = end
    while i < stop and i < at + MOST_TAG_BYTES and out[i] > 32 and out[i] != 91:
        if out[i] == 93:
            return i + 1, filler
        i += 1
    return nothing


@njit(cache=True, nogil=True)
def _target(out, at, stop):
    """Returns the end of `](https://...)`, the target of a Markdown link, at `at`; `at` if there is none."""
    if at + 2 >= stop or out[at + 1] != 40:
        return at

    links = out[at + 2] == 47 or out[at + 2] == 35  # / #
    i = at + 2
    while i < stop and i < at + MOST_TAG_BYTES and out[i] > 32 and out[i] != 93:
        links |= i + 2 < stop and out[i] == 58 and out[i + 1] == 47 and out[i + 2] == 47
        if out[i] == 41:
            return i + 1 if links else at
        i += 1
    return at
