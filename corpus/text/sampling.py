"""Samples some hundred characters of each text, from several places, for models that do not read the whole text.

White space is folded before characters are counted, so a page that begins with a thousand blanks gets a useful sample,
too. A text in capitals is sampled in lower case, because models have seen more lower case.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.text import classes
from corpus.text.segment import Segments

_SPACE, _ALPHA = np.uint8(classes.SPACE), np.uint8(classes.ALPHA)
_UPPER, _LOWER = np.uint8(classes.UPPER), np.uint8(classes.LOWER)
_SEARCH = 60  # a piece begins at a blank that is at most this many characters behind its planned start


def samples(segments: Segments, n_characters: int, n_places: int) -> list[str]:
    """Returns up to `n_characters` of each of the D texts, from `n_places` places if the text is longer.

    The sample of a text without letters is ''.
    """
    points = np.empty((len(segments.n_bytes), n_characters), np.int32)
    lengths = np.zeros(len(segments.n_bytes), np.int64)
    _sample(segments, n_places, classes.lower(), points, lengths)
    rows = points.astype("<u4")
    return [rows[d, : lengths[d]].tobytes().decode("utf-32-le") for d in range(len(lengths))]


@njit(cache=True, nogil=True)
def _sample(s: Segments, n_places: int, lower: npt.NDArray[np.int32], points: npt.NDArray[np.int32], lengths) -> None:
    """Fills points (D, n_characters) with the samples and lengths (D,) with their numbers of characters.

    For each document: find its first and last character that is not white space. Then copy piece by piece: characters
    from the start of the next word on, with runs of white space as one space, until the piece is full or the next piece
    begins. Then, if capitals prevail, write the sample in lower case.
    """
    size = points.shape[1]
    for d in range(s.n_bytes.size):
        # Trim, and decide on the number of pieces: a text that fits is one piece.
        first, last = s.char_offsets[d], s.char_offsets[d + 1]
        while first < last and s.kinds[first] & _SPACE:
            first += 1
        while first < last and s.kinds[last - 1] & _SPACE:
            last -= 1
        places = n_places if last - first > size else 1

        n, n_letters, n_upper, n_lower = 0, 0, 0, 0
        for k in range(places):
            # The pieces begin at equal distances. All except the first move to the end of the word they fall into.
            c, end = first + (last - first) * k // places, first + (last - first) * (k + 1) // places
            if k > 0:
                search = c
                # The search is bounded: a script without spaces has no blank to find.
                while search < end and search < c + _SEARCH and not s.kinds[search] & _SPACE:
                    search += 1
                c = search if search < end and s.kinds[search] & _SPACE else c

            # Copy the piece. NUL counts as white space.
            stop = size * (k + 1) // places
            while c < end and n < stop:
                kind = s.kinds[c]
                if kind & _SPACE or s.chars[c] == 0:
                    if n > 0 and points[d, n - 1] != 32:
                        points[d, n] = 32
                        n += 1
                else:
                    points[d, n] = s.chars[c]
                    n_letters += kind & _ALPHA != 0
                    n_upper += kind & _UPPER != 0
                    n_lower += kind & _LOWER != 0
                    n += 1
                c += 1

            # A space between pieces.
            if n > 0 and n < stop and points[d, n - 1] != 32 and k + 1 < places:
                points[d, n] = 32
                n += 1

        if n_upper > n_lower:
            for i in range(n):
                points[d, i] = lower[points[d, i]]
        lengths[d] = n if n_letters else 0
