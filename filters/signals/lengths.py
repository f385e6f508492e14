"""Measures the length of a document in every unit that a rule set counts."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.segment import Segments
from corpus.text.words import ALL_PUNCT, IS_PUNCT, IS_TERMINAL
from filters.signals import Batch, Signal

SIGNALS = (
    Signal("n_bytes", pa.int64(), "Bytes of the text in UTF-8"),
    Signal("n_characters", pa.int64(), "Unicode code points"),
    Signal("n_words", pa.int64(), "Words, punctuation marks among them (corpus.text.segment)"),
    Signal("n_plain_words", pa.int64(), "Words with at least one character that is not punctuation or a symbol"),
    Signal("n_lines", pa.int64(), "Lines, as str.splitlines counts them: none in an empty text"),
    Signal("n_nonblank_lines", pa.int64(), "Lines with a character that is not white space"),
    Signal("n_paragraphs", pa.int64(), "Runs of non-empty lines between empty ones"),
    Signal("n_sentences", pa.int64(), "Sentences: a terminal mark ends one if a word follows it in its line"),
    Signal(
        "mean_word_length",
        pa.float64(),
        "Mean number of characters per plain word; 0 without words",
        "Gopher, Rae et al. 2021, arXiv:2112.11446, A.1.1",
    ),
)


@njit(cache=True, nogil=True)
def sentences(flags, first, last):
    """Returns the number of sentences in the words [first, last), cut as spaCy's sentencizer cuts them.

    A sentence ends at a terminal mark and the punctuation after it.
    """
    count, ended = 0, False
    if last > first:
        count = 1

    for w in range(first, last):
        if flags[w] & IS_TERMINAL:
            ended = True
        elif ended and not flags[w] & IS_PUNCT:
            count += 1
            ended = False
    return count


@njit(cache=True, nogil=True)
def _measure(s: Segments, out: npt.NDArray[np.float64]) -> None:
    """Fills out (9, D).

    For each document: count its plain words. Then, line by line, count its non-blank lines, paragraphs and sentences.
    """
    for d in range(s.n_bytes.size):
        chars = s.char_offsets[d + 1] - s.char_offsets[d]
        first, last = s.word_offsets[d], s.word_offsets[d + 1]
        plain, length = 0, 0
        for w in range(first, last):
            if not s.word_flags[w] & ALL_PUNCT:
                plain += 1
                length += s.word_end[w] - s.word_start[w]

        nonblank, paragraphs, count, inside, w = 0, 0, 0, False, first
        for line in range(s.line_offsets[d], s.line_offsets[d + 1]):
            # The words of the line are line_first to w.
            line_first = w
            while w < last and s.word_start[w] < s.line_end[line]:
                w += 1
            nonblank += w > line_first
            empty = s.line_end[line] == s.line_start[line]
            paragraphs += not empty and not inside
            inside = not empty
            count += sentences(s.word_flags, line_first, w)

        # An empty last line is not a line: the text ends with a line end or is empty.
        n_lines = s.line_offsets[d + 1] - s.line_offsets[d]
        final = s.line_offsets[d + 1] - 1
        n_lines -= s.line_end[final] == s.line_start[final]
        out[0, d], out[1, d], out[2, d], out[3, d] = s.n_bytes[d], chars, last - first, plain
        out[4, d], out[5, d], out[6, d], out[7, d] = n_lines, nonblank, paragraphs, count
        out[8, d] = length / max(plain, 1)


def measure(batch: Batch) -> list[npt.NDArray[np.float64]]:
    """Returns one float64 (D,) per signal."""
    out = np.empty((len(SIGNALS), len(batch.offsets) - 1))
    _measure(batch.segments, out)
    return list(out)
