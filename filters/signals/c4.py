"""Measures how much of a document C4's line rules would keep, and counts the boilerplate phrases of these rules.

Source: C4, Raffel et al. 2020, section 2.2; the line rules are in corpus.text.c4_lines.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.c4_lines import JAVASCRIPT, LOREM, POLICY, phrases, well_shaped, without_citations
from corpus.text.segment import Segments, trim
from filters.signals import Batch, Signal
from filters.signals.lengths import sentences

_C4 = "C4, Raffel et al. 2020, JMLR 21(140), section 2.2"

SIGNALS = (
    Signal("c4_kept_line_fraction", pa.float64(), "Share of non-blank lines that C4's line rules keep", _C4),
    Signal("c4_sentences", pa.int64(), "Sentences in the lines that C4's line rules keep", _C4),
    Signal("c4_curly_bracket_lines", pa.int64(), "Lines with '{' among those that pass C4's shape rules", _C4),
    Signal("c4_lorem_ipsum_lines", pa.int64(), "Lines with 'lorem ipsum' among those that pass C4's shape rules", _C4),
    Signal("lorem_ipsum_lines", pa.int64(), "Lines that mention 'lorem ipsum', in any case"),
    Signal("javascript_lines", pa.int64(), "Lines that mention 'javascript', in any case"),
    Signal("policy_lines", pa.int64(), "Lines with a phrase such as 'privacy policy' or 'uses cookies'"),
)


@njit(cache=True, nogil=True)
def _measure(s: Segments, out: npt.NDArray[np.float64]) -> None:
    """Fills out (7, D).

    One pass over the lines of each document: C4's steps in their order. A line that fails a step is not counted by the
    later steps. w is the next word after the line.
    """
    for d in range(s.n_bytes.size):
        w, last = s.word_offsets[d], s.word_offsets[d + 1]
        nonblank, kept, count, curly_lines, lorem_shaped = 0, 0, 0, 0, 0
        lorem, javascript, policy = 0, 0, 0
        for line in range(s.line_offsets[d], s.line_offsets[d + 1]):
            # The words of the line are first to w.
            first = w
            while w < last and s.word_start[w] < s.line_end[line]:
                w += 1

            start, end = trim(s, s.line_start[line], s.line_end[line])
            if start == end:
                continue
            nonblank += 1

            found, curly = phrases(s.chars, start, end)
            lorem += found & LOREM != 0
            javascript += found & JAVASCRIPT != 0
            policy += found & POLICY != 0

            if not well_shaped(s.chars, s.kinds, start, end):
                continue
            lorem_shaped += found & LOREM != 0
            if found & JAVASCRIPT:
                continue
            curly_lines += curly
            if found & POLICY:
                continue

            # Sentences are counted without the citation marks at the line's end.
            kept += 1
            stop = without_citations(s.chars, s.kinds, start, end)
            final = w
            while final > first and s.word_start[final - 1] >= stop:
                final -= 1
            count += sentences(s.word_flags, first, final)

        out[0, d], out[1, d] = kept / max(nonblank, 1), count
        out[2, d], out[3, d] = curly_lines, lorem_shaped
        out[4, d], out[5, d], out[6, d] = lorem, javascript, policy


def measure(batch: Batch) -> list[npt.NDArray[np.float64]]:
    """Returns one float64 (D,) per signal."""
    out = np.empty((len(SIGNALS), len(batch.offsets) - 1))
    _measure(batch.segments, out)
    return list(out)
