"""C4's line rules. Source: Raffel et al. 2020, JMLR 21(140), section 2.2, and its code (tensorflow_datasets c4_utils).

The rules are applied as datatrove's C4QualityFilter does it. A line is kept if it passes all of these, in this order:

1. No word is longer than 1,000 characters.
2. After citation marks such as "[12]" are cut off its end, it ends in . ? ! " or ' but not in "...".
3. It has at least three words (split at white space).
4. It contains neither "javascript" nor a policy phrase.
"""

import numpy as np
from numba import njit

from corpus.text import classes

MIN_WORDS, MAX_WORD = 3, 1000
_SPACE, _DIGIT = np.uint8(classes.SPACE), np.uint8(classes.DIGIT)
LOREM, JAVASCRIPT, POLICY = 1, 2, 4
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
    """Returns (LOREM | JAVASCRIPT | POLICY, whether the line has '{') for the line [start, end).

    One pass over the characters. The first letter decides which phrases are compared at a position; numbers are code
    points.
    """
    found, curly = 0, False
    for i in range(start, end):
        point = chars[i]
        if point < 97:
            curly = curly or point == 123
            point = _lower(point)

        if point == 117:  # u
            if _at(chars, i, end, _USES) or _at(chars, i, end, _USE_OF) or _at(chars, i, end, _USE):
                found |= POLICY
        elif point == 116:  # t
            found |= POLICY if _at(chars, i, end, _TERMS) else 0
        elif point == 112:  # p
            found |= POLICY if _at(chars, i, end, _PRIVACY) else 0
        elif point == 99:  # c
            found |= POLICY if _at(chars, i, end, _COOKIE) else 0
        elif point == 108:  # l
            found |= LOREM if _at(chars, i, end, _LOREM_IPSUM) else 0
        elif point == 106:  # j
            found |= JAVASCRIPT if _at(chars, i, end, _JS) else 0
        elif point == 123:
            curly = True
    return found, curly


@njit(cache=True, nogil=True)
def without_citations(chars, kinds, start, end):
    """Returns the end of [start, end) after trailing "[12]", "[edit]" and "[citation needed]" are cut off."""
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

    # `length` counts the characters of the current word.
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
def keeps(chars, kinds, start, end):
    """Whether C4 keeps the trimmed line."""
    found, _ = phrases(chars, start, end)
    return found & (JAVASCRIPT | POLICY) == 0 and well_shaped(chars, kinds, start, end)
