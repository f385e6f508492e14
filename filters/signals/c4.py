"""What C4's line rules would leave of a document, and the boilerplate phrases they look for.

Source: C4, Raffel et al. 2020, section 2.2, and its code (tensorflow_datasets c4_utils), as datatrove's
C4QualityFilter applies it. A line is kept when, in this order: no word is longer than 1,000 characters; with
citation marks such as "[12]" cut off its end, it ends in . ? ! " or ' and in no "..."; it has at least three
words (split at white space); it mentions neither "javascript" nor a policy phrase.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text import classes
from corpus.text.segment import Segments
from filters.signals import Batch, Signal
from filters.signals.lengths import sentences
from filters.signals.lines import trim

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

MIN_WORDS, MAX_WORD = 3, 1000
_SPACE, _DIGIT = np.uint8(classes.SPACE), np.uint8(classes.DIGIT)
_LOREM, _JAVASCRIPT, _POLICY = 1, 2, 4
_PHRASES = tuple(
    np.array([ord(char) for char in phrase], np.int32)
    for phrase in (
        "lorem ipsum",
        "javascript",
        "terms of use",
        "privacy policy",
        "cookie policy",
        "uses cookies",
        "use of cookies",
        "use cookies",
        "[edit]",
        "[citation needed]",
    )
)
_LOREM_IPSUM, _JS, _TERMS, _PRIVACY, _COOKIE, _USES, _USE_OF, _USE, _EDIT, _NEEDED = _PHRASES


@njit(cache=True, nogil=True, inline="always")
def _lower(point):
    return point + 32 if 65 <= point <= 90 else point


@njit(cache=True, nogil=True)
def _at(chars, i, end, phrase):
    """Whether the lower-cased text at i is `phrase`."""
    if end - i < phrase.size:
        return False
    for k in range(phrase.size):
        if _lower(chars[i + k]) != phrase[k]:
            return False
    return True


@njit(cache=True, nogil=True)
def phrases(chars, start, end):
    """_LOREM | _JAVASCRIPT | _POLICY of a line, and whether it holds '{'."""
    found, curly = 0, False
    for i in range(start, end):
        point = chars[i]
        if point < 97:
            curly = curly or point == 123
            point = _lower(point)
        if point == 117:  # u
            if _at(chars, i, end, _USES) or _at(chars, i, end, _USE_OF) or _at(chars, i, end, _USE):
                found |= _POLICY
        elif point == 116:  # t
            found |= _POLICY if _at(chars, i, end, _TERMS) else 0
        elif point == 112:  # p
            found |= _POLICY if _at(chars, i, end, _PRIVACY) else 0
        elif point == 99:  # c
            found |= _POLICY if _at(chars, i, end, _COOKIE) else 0
        elif point == 108:  # l
            found |= _LOREM if _at(chars, i, end, _LOREM_IPSUM) else 0
        elif point == 106:  # j
            found |= _JAVASCRIPT if _at(chars, i, end, _JS) else 0
        elif point == 123:
            curly = True
    return found, curly


@njit(cache=True, nogil=True)
def without_citations(chars, kinds, start, end):
    """The end of [start, end) with trailing "[12]", "[edit]" and "[citation needed]" cut off."""
    while end - start >= 2 and chars[end - 1] == 93:
        i = end - 2
        while i >= start and kinds[i] & _DIGIT:
            i -= 1
        if i >= start and chars[i] == 91:
            end = i
        elif end - start >= 6 and chars[end - 6] == 91 and _at(chars, end - 6, end, _EDIT):
            end -= 6
        elif end - start >= 17 and chars[end - 17] == 91 and _at(chars, end - 17, end, _NEEDED):
            end -= 17
        else:
            break
    return end


@njit(cache=True, nogil=True)
def well_shaped(chars, kinds, start, end):
    """Whether the trimmed line passes the rules on word length, ending and word count, in C4's order."""
    n_words, length = 0, 0
    for i in range(start, end):
        if kinds[i] & _SPACE:
            length = 0
        else:
            n_words += length == 0
            length += 1
            if length > MAX_WORD:
                return False
    end = without_citations(chars, kinds, start, end)
    if end == start or n_words < MIN_WORDS:
        return False
    last = chars[end - 1]
    if last == 46:
        return not (end - start >= 3 and chars[end - 2] == 46 and chars[end - 3] == 46)
    return last == 63 or last == 33 or last == 34 or last == 39


@njit(cache=True, nogil=True)
def _measure(s: Segments, out: npt.NDArray[np.float64]) -> None:
    for d in range(s.n_bytes.size):
        w, last = s.word_offsets[d], s.word_offsets[d + 1]
        nonblank, kept, count, curly_lines, lorem_shaped = 0, 0, 0, 0, 0
        lorem, javascript, policy = 0, 0, 0
        for line in range(s.line_offsets[d], s.line_offsets[d + 1]):
            first = w
            while w < last and s.word_start[w] < s.line_end[line]:
                w += 1
            start, end = trim(s, s.line_start[line], s.line_end[line])
            if start == end:
                continue
            nonblank += 1
            found, curly = phrases(s.chars, start, end)
            lorem += found & _LOREM != 0
            javascript += found & _JAVASCRIPT != 0
            policy += found & _POLICY != 0
            if not well_shaped(s.chars, s.kinds, start, end):
                continue
            lorem_shaped += found & _LOREM != 0
            if found & _JAVASCRIPT:
                continue
            curly_lines += curly
            if found & _POLICY:
                continue
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
    """One float64 (D,) a signal."""
    out = np.empty((len(SIGNALS), len(batch.offsets) - 1))
    _measure(batch.segments, out)
    return list(out)
