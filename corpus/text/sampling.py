"""Some hundred characters of each text, from several places, for whoever has to know what it is without reading it all.

White space is folded before anything is counted, so that a page that begins with a thousand blanks is looked at, too;
and a text in capitals comes out in lower case, which models have seen more of.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.text import classes
from corpus.text.segment import Segments

_SPACE, _ALPHA = np.uint8(classes.SPACE), np.uint8(classes.ALPHA)
_UPPER, _LOWER = np.uint8(classes.UPPER), np.uint8(classes.LOWER)
_SEARCH = 60  # characters from where a sample should begin to a blank where it may


def samples(segments: Segments, n_characters: int, n_places: int) -> list[str]:
    """Up to `n_characters` of each of the D texts, in `n_places` pieces where it is longer; '' without letters."""
    points = np.empty((len(segments.n_bytes), n_characters), np.int32)
    lengths = np.zeros(len(segments.n_bytes), np.int64)
    _sample(segments, n_places, classes.lower(), points, lengths)
    rows = points.astype("<u4")
    return [rows[d, : lengths[d]].tobytes().decode("utf-32-le") for d in range(len(lengths))]


@njit(cache=True, nogil=True)
def _sample(s: Segments, n_places: int, lower: npt.NDArray[np.int32], points: npt.NDArray[np.int32], lengths) -> None:
    # For each document: its first and last character that is no blank; then, piece by piece, characters from the next
    # word's start on, runs of blanks as one, until the piece is full or the next one begins; then its case.
    size = points.shape[1]
    for d in range(s.n_bytes.size):
        first, last = s.char_offsets[d], s.char_offsets[d + 1]
        while first < last and s.kinds[first] & _SPACE:
            first += 1
        while first < last and s.kinds[last - 1] & _SPACE:
            last -= 1
        places = n_places if last - first > size else 1

        n, n_letters, n_upper, n_lower = 0, 0, 0, 0
        for k in range(places):
            c, end = first + (last - first) * k // places, first + (last - first) * (k + 1) // places
            if k > 0:
                search = c
                while search < end and search < c + _SEARCH and not s.kinds[search] & _SPACE:
                    search += 1
                c = search if search < end and s.kinds[search] & _SPACE else c
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
            if n > 0 and n < stop and points[d, n - 1] != 32 and k + 1 < places:
                points[d, n] = 32
                n += 1

        if n_upper > n_lower:
            for i in range(n):
                points[d, i] = lower[points[d, i]]
        lengths[d] = n if n_letters else 0
