"""Replaces Cyrillic and Greek look-alikes by Latin letters, in words with Latin letters or next to such words."""

import numpy as np
from numba import njit

from corpus.text.folding import SEPARATOR, VANISHES
from corpus.text.segment import code_point
from decontam.disguises.names import LATIN, LOOKS_LATIN, NEUTRAL, OTHER, PAD, SEPARATES


@njit(cache=True, nogil=True)
def latinize(out, start, stop, tables):
    """Writes Latin letters for look-alikes in words with Latin letters, and in words of only look-alikes next to these.

    One pass over the characters. `seen` collects the kinds of characters of the current word, which begins at `word`
    and is judged at its end. A word of only look-alikes waits for the next word, unless the word before it was Latin.
    `waiting` is the start of the first word that waits; both are -1 if there is none.
    """
    kinds, fold = tables.kinds, tables.fold
    word = waiting = np.int64(-1)
    seen, after_latin = np.int64(0), False

    i = start
    while i <= stop:
        # The kind of the character at i.
        kind, width = SEPARATES, 1  # one step past the end closes the last word
        if i < stop:
            byte = out[i]
            if byte < 0x80:
                kind = LATIN if 97 <= byte | 32 <= 122 else NEUTRAL if 48 <= byte <= 57 else SEPARATES
            elif byte == PAD:
                kind = NEUTRAL
            elif (
                0xC2 <= byte < 0xD5 and i + 1 < stop
            ):  # most letters of such documents: a small table instead of the large one
                kind, width = kinds[(np.int64(byte) & 0x1F) << 6 | np.int64(out[i + 1] & 0x3F)], 2
            else:
                point, width = code_point(out, i, stop)
                kind = LATIN if 0x1E00 <= point < 0x1F00 else OTHER
                if fold[point] <= SEPARATOR and fold[point] >= VANISHES:
                    kind = SEPARATES if fold[point] == SEPARATOR else NEUTRAL

        # The word continues, or it ends and is judged.
        if kind != SEPARATES:
            seen |= 1 << kind
            if word < 0:
                word = i
        elif word >= 0:
            if seen & 1 << OTHER:
                after_latin, waiting = False, np.int64(-1)
            elif seen & 1 << LATIN or (after_latin and seen & 1 << LOOKS_LATIN):
                if seen & 1 << LOOKS_LATIN or waiting >= 0:
                    _latinize_words(out, word if waiting < 0 else waiting, i, tables.alike)
                after_latin, waiting = True, np.int64(-1)
            elif seen & 1 << LOOKS_LATIN and waiting < 0:
                waiting = word
            word, seen = np.int64(-1), np.int64(0)

        i += width


@njit(cache=True, nogil=True)
def _latinize_words(out, start, end, alike):
    """Writes Latin letters for all look-alikes from byte `start` to `end`."""
    i = start
    while i < end:
        width = 1
        if 0xC2 <= out[i] < 0xD5 and i + 1 < end:
            point = (np.int64(out[i]) & 0x1F) << 6 | out[i + 1] & 0x3F
            if alike[point]:
                out[i], out[i + 1] = alike[point], PAD
            width = 2
        i += width
