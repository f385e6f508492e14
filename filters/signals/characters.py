"""Measures the kinds of characters in a document, and its symbols per word."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text import classes
from corpus.text.segment import Segments
from filters.signals import Batch, Signal

_GOPHER = "Gopher, Rae et al. 2021, arXiv:2112.11446, A.1.1"
_SHARE = "Share of characters, in [0, 1], that are"

SIGNALS = (
    Signal("alphabetic_fraction", pa.float64(), f"{_SHARE} letters (categories L*)"),
    Signal("digit_fraction", pa.float64(), f"{_SHARE} decimal digits"),
    Signal("uppercase_fraction", pa.float64(), f"{_SHARE} upper-case letters"),
    Signal("whitespace_fraction", pa.float64(), f"{_SHARE} white space"),
    Signal("punctuation_fraction", pa.float64(), f"{_SHARE} punctuation (categories P*)"),
    Signal("symbol_fraction", pa.float64(), f"{_SHARE} symbols or control characters (categories S*, C*)"),
    Signal("non_ascii_fraction", pa.float64(), f"{_SHARE} outside ASCII"),
    Signal("n_curly_brackets", pa.int64(), "Opening curly brackets", "C4, Raffel et al. 2020, section 2.2"),
    Signal("hash_to_word_ratio", pa.float64(), "'#' signs per word; 0 without words", _GOPHER),
    Signal("ellipsis_to_word_ratio", pa.float64(), "Ellipses ('...' or U+2026) per word; 0 without words", _GOPHER),
)

_ALPHA, _DIGIT, _SPACE = np.uint8(classes.ALPHA), np.uint8(classes.DIGIT), np.uint8(classes.SPACE)
_PUNCT, _SYMBOL, _UPPER = np.uint8(classes.PUNCT), np.uint8(classes.SYMBOL), np.uint8(classes.UPPER)


@njit(cache=True, nogil=True)
def _measure(s: Segments, out: npt.NDArray[np.float64]) -> None:
    """Fills out (10, D).

    For each document: one pass over its characters fills a histogram of their flags (bit masks of corpus.text.classes)
    and counts some single characters. Then a pass over the histogram gives the shares.
    """
    histogram = np.zeros(256, np.int64)
    for d in range(s.n_bytes.size):
        first, last = s.char_offsets[d], s.char_offsets[d + 1]
        histogram[:] = 0
        curly, hashes, ellipses, dots, wide = 0, 0, 0, 0, 0
        for c in range(first, last):
            point, kind = s.chars[c], s.kinds[c]
            histogram[kind] += 1
            wide += point >= 0x80
            if kind & (_PUNCT | _SYMBOL):
                curly += point == 123
                hashes += point == 35
                ellipses += point == 0x2026
                # Three full stops in a row are an ellipsis.
                dots = dots + 1 if point == 46 else 0
                if dots == 3:
                    ellipses += 1
                    dots = 0
            else:
                dots = 0

        n_chars = max(last - first, 1)
        n_words = max(s.word_offsets[d + 1] - s.word_offsets[d], 1)
        alpha, digit, upper, space, punct, symbol = 0, 0, 0, 0, 0, 0
        for kind in range(256):
            n = histogram[kind]
            if n:
                alpha += n if kind & _ALPHA else 0
                digit += n if kind & _DIGIT else 0
                upper += n if kind & _UPPER else 0
                space += n if kind & _SPACE else 0
                punct += n if kind & _PUNCT else 0
                symbol += n if kind & _SYMBOL else 0

        out[0, d], out[1, d], out[2, d] = alpha / n_chars, digit / n_chars, upper / n_chars
        out[3, d], out[4, d], out[5, d] = space / n_chars, punct / n_chars, symbol / n_chars
        out[6, d], out[7, d] = wide / n_chars, curly
        out[8, d], out[9, d] = hashes / n_words, ellipses / n_words


def measure(batch: Batch) -> list[npt.NDArray[np.float64]]:
    """Returns one float64 (D,) per signal."""
    out = np.empty((len(SIGNALS), len(batch.offsets) - 1))
    _measure(batch.segments, out)
    return list(out)
