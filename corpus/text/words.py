"""Cuts text into words: the tokens of spaCy's English rule tokenizer, to within a percent, on code points.

A run is a piece of text without white space. Words are cut from it in two steps:

- Punctuation is cut off at both ends, one mark at a time; an ellipsis is one word.
- The rest is cut at hyphens and commas between letters, at `. : < > = /` where spaCy does so, and before n't, 's, 'll,
  're, 've, 'm, 'd. Addresses (`://`, `www.`, `a@b.c`) are not cut.

Punctuation marks count as words. No character is lost: within a run, each word starts where the word before it ends.

In scripts that are written without spaces (Han, kana, Thai, Lao, Khmer, Burmese) each letter is a word, together with
the marks on it. A segmenter would find longer words. But it needs a dictionary for each language, is a hundred times
slower, and cuts the same sentence differently in another context, so copies would no longer be equal. Decontamination
and deduplication count the same words (corpus.text.normal). The limits for such languages are in filters/unspaced.py.

Source: spaCy 3, lang/en and lang/punctuation. datatrove's filters count spaCy's words, so published thresholds mean the
same here.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.text import classes
from corpus.text.mixing import GOLDEN, MURMUR_1, MURMUR_2

HAS_ALPHA = 1  # word flag: at least one letter
ALL_PUNCT = 2  # word flag: nothing but punctuation, symbols and control characters
IS_PUNCT = 4  # word flag: nothing but category P
IS_TERMINAL = 8  # word flag: one character, which ends a sentence

_ALPHA, _DIGIT = np.uint8(classes.ALPHA), np.uint8(classes.DIGIT)
_PUNCT, _SYMBOL = np.uint8(classes.PUNCT), np.uint8(classes.SYMBOL)
_UPPER, _LOWER, _TERMINAL = np.uint8(classes.UPPER), np.uint8(classes.LOWER), np.uint8(classes.TERMINAL)
MARK = np.uint8(classes.PUNCT | classes.SYMBOL)

_DOT, _COMMA, _HYPHEN, _AT, _COLON, _SLASH = (np.int32(ord(c)) for c in ".,-@:/")
_QUOTE, _CURLY_QUOTE, _ELLIPSIS, _DEGREE = np.int32(ord("'")), np.int32(0x2019), np.int32(0x2026), np.int32(0xB0)
_ABBREVIATIONS = (
    "Mr. Mrs. Ms. Dr. Prof. St. Mt. Rev. Gen. Gov. Sen. Rep. Jr. Sr. Co. Corp. Inc. Ltd. vs. v.s. e.g. i.e. "
    "E.g. I.e. E.G. I.E. a.m. p.m. A.M. P.M. Adm. Bros. Messrs. Jan. Feb. Mar. Apr. Jun. Jul. Aug. Sep. Sept. "
    "Oct. Nov. Dec. Ph.D. D.C. Ala. Ariz. Ark. Calif. Colo. Conn. Del. Fla. Ga. Ill. Ind. Kan. Ky. La. Mass. "
    "Mich. Minn. Miss. Mo. Mont. Neb. Nev. Okla. Ore. Pa. Tenn. Va. Wash. Wis."
)  # English forms whose full stop belongs to the word


HASH_START = GOLDEN


@njit(cache=True, nogil=True)
def stands_alone(point):
    """Whether the character belongs to a script without spaces between words: then the character alone is a word."""
    if point < 0x0E00:
        return False
    return (
        point < 0x0F00  # Thai, Lao
        or 0x1000 <= point < 0x10A0  # Burmese
        or 0x1780 <= point < 0x1800  # Khmer
        or 0x2E80 <= point < 0x3100  # radicals, ideographic marks, kana
        or 0x31F0 <= point < 0x3200
        or 0x3400 <= point < 0xA000  # Han
        or 0xF900 <= point < 0xFB00
        or 0x20000 <= point < 0x40000
    )


@njit(cache=True, nogil=True, inline="always")
def hash_step(h, point):
    """Returns the hash after one more code point."""
    h = (h ^ np.uint64(point)) * MURMUR_1
    return h ^ (h >> np.uint64(32))


@njit(cache=True, nogil=True, inline="always")
def hash_end(h, n):
    """Returns the finished hash of n code points, from the hash after the last of them."""
    h = (h ^ np.uint64(n)) * MURMUR_2
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True)
def hash_chars(chars, start, end):
    """Returns a 64-bit hash of the code points: multiply and shift per character, and a finalizer at the end."""
    h = HASH_START
    for i in range(start, end):
        h = hash_step(h, chars[i])
    return hash_end(h, end - start)


@lru_cache(maxsize=1)
def abbreviation_table() -> npt.NDArray[np.uint64]:
    """Returns the sorted hashes of the abbreviations, uint64."""
    forms = [np.array([ord(char) for char in form], np.int32) for form in _ABBREVIATIONS.split()]
    return np.array(sorted(hash_chars(form, 0, len(form)) for form in forms), np.uint64)


@njit(cache=True, nogil=True, inline="always")
def _peels(point, kind):
    """Whether spaCy peels this character off a word's end."""
    if not kind & (_PUNCT | _SYMBOL):
        return False
    if point >= 0x80:
        return True
    return not (
        point == 47 or point == 45 or point == 64 or point == 92  # / - @ \\
        or point == 94 or point == 124 or point == 43 or point == 126  # ^ | + ~
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _is_address(chars, a, b):
    """Whether [a, b) is an address: it has `://`, starts with `www.`, or has `@` and a full stop after it."""
    if b - a > 4 and chars[a] == 119 and chars[a + 1] == 119 and chars[a + 2] == 119 and chars[a + 3] == _DOT:
        return True

    at = False
    for i in range(a, b):
        if chars[i] == _COLON and i + 2 < b and chars[i + 1] == _SLASH and chars[i + 2] == _SLASH and i > a:
            return True
        if chars[i] == _AT and i > a:
            at = True
        elif at and chars[i] == _DOT and i + 1 < b:
            return True
    return False


@njit(cache=True, nogil=True)
def _contraction(chars, kinds, a, b):
    """Returns where a contraction starts in the word [a, b), or b if none does: n't, 's, 'm, 'd, 'll, 're, 've."""
    if b - a < 3:
        return b

    # One letter after the apostrophe. `| 32` makes an ASCII letter lower-case.
    last, mark = chars[b - 1] | 32, chars[b - 2]
    if mark in (_QUOTE, _CURLY_QUOTE):
        if last == 116:  # t
            return b - 3 if b - a > 3 and (chars[b - 3] | 32) == 110 else b
        return b - 2 if last == 115 or last == 109 or last == 100 else b  # s m d

    # Two letters after it.
    mark = chars[b - 3]
    if b - a > 3 and (mark in (_QUOTE, _CURLY_QUOTE)):
        before = chars[b - 2] | 32
        if (last == 108 and before == 108) or (last == 101 and (before == 114 or before == 118)):  # ll re ve
            return b - 3
    return b


@njit(cache=True, nogil=True)
def _cuts(chars, kinds, i, a, b):
    """Returns how many characters from i, inside the word [a, b), spaCy makes a separate word; 0 if it does not cut."""
    point, before = chars[i], kinds[i - 1]

    # An ellipsis of full stops, or of one character; symbols.
    if point == _DOT and i + 1 < b and chars[i + 1] == _DOT:
        n = 2
        while i + n < b and chars[i + n] == _DOT:
            n += 1
        return n
    if point == _ELLIPSIS or (kinds[i] & _SYMBOL and point >= 0x2000):
        return 1
    if i + 1 >= b:
        return 0
    after = kinds[i + 1]

    # Hyphens and dashes between letters; a hyphen between digits.
    if point == _HYPHEN or 0x2013 <= point <= 0x2014 or point == 126:  # - – — ~
        n = 1
        while i + n < b and (chars[i + n] == _HYPHEN or chars[i + n] == 0x2014):
            n += 1
        if i + n < b and before & _ALPHA and kinds[i + n] & _ALPHA:
            return n
        return 1 if before & _DIGIT and after & _DIGIT and point == _HYPHEN else 0

    # For the other marks, the characters on both sides decide.
    if point == _DOT:
        return 1 if before & _LOWER and after & _UPPER else 0
    if point == _COMMA:
        return 1 if before & _ALPHA and after & _ALPHA else 0
    if point in (_COLON, _SLASH) or point == 60 or point == 61 or point == 62:  # : < = > /
        return 1 if before & (_ALPHA | _DIGIT) and after & _ALPHA else 0
    if point == 43 or point == 42 or point == 94:  # + * ^
        return 1 if before & _DIGIT and after & _DIGIT else 0
    return 0


@njit(cache=True, nogil=True)
def word_flags(kinds, a, b):
    """Returns HAS_ALPHA | ALL_PUNCT | IS_PUNCT | IS_TERMINAL of the word [a, b)."""
    every, some, marks = np.uint8(0xFF), np.uint8(0), True
    for i in range(a, b):
        every &= kinds[i]
        some |= kinds[i]
        marks = marks and kinds[i] & MARK != 0
    return (
        (HAS_ALPHA if some & _ALPHA else 0)
        | (ALL_PUNCT if marks else 0)
        | (IS_PUNCT if every & _PUNCT else 0)
        | (IS_TERMINAL if b - a == 1 and some & _TERMINAL else 0)
    )


@njit(cache=True, nogil=True)
def _middle(chars, kinds, a, b, ends, w):
    """Cuts the middle of a run, whose ends are already peeled off, at infixes and contractions.

    Writes the words' ends into `ends` from w on and returns the next w.
    """
    tail = _contraction(chars, kinds, a, b)

    # `cut` is where the current word begins. A mark that is cut ends the word before it and is a word itself.
    i, cut = a + 1, a
    while i < tail:
        if kinds[i] & MARK:
            n = _cuts(chars, kinds, i, a, tail)
            if n:
                if i > cut:
                    ends[w] = i
                    w += 1
                i += n
                ends[w] = cut = i
                w += 1
                continue
        i += 1

    if cut < tail:
        ends[w] = tail
        w += 1
    if tail < b:
        ends[w] = b
        w += 1
    return w


@njit(cache=True, nogil=True)
def _front(chars, kinds, a, b):
    """Returns how many characters at the front of the run [a, b) are a separate word."""
    if not _peels(chars[a], kinds[a]):
        return 0
    if chars[a] == _DOT:  # one full stop stays with the word (".5"), an ellipsis is cut off
        n = 1
        while a + n < b and chars[a + n] == _DOT:
            n += 1
        return n if n > 1 or b - a == 1 else 0
    if (chars[a] == _QUOTE or chars[a] == _CURLY_QUOTE) and _contraction(chars, kinds, a - 1, b) == a:
        return 0
    return 1


@njit(cache=True, nogil=True)
def _back(chars, kinds, a, b, abbreviations):
    """Returns how many characters at the back of the run [a, b) are a separate word."""
    last = chars[b - 1]
    if not _peels(last, kinds[b - 1]):
        return 0

    if last == _DOT:
        # An ellipsis is one word.
        n = 1
        while b - n > a and chars[b - n - 1] == _DOT:
            n += 1
        if n > 1 or b - a == 1:
            return n

        # A full stop stays with an initial, and after a symbol or a combining mark.
        before = kinds[b - 2]
        if before & _UPPER and not (b - a > 2 and kinds[b - 3] & _UPPER):
            return 0  # an initial: "J.", "U.S."
        if not before & (_LOWER | _DIGIT | _PUNCT | _UPPER | _ALPHA):
            return 0

        # It also stays with an abbreviation.
        if before & _LOWER and b - a <= 9:
            h = hash_chars(chars, a, b)
            slot = np.searchsorted(abbreviations, h)
            if slot < abbreviations.size and abbreviations[slot] == h:
                return 0
            if b - a == 2 or chars[b - 3] == _DOT:
                return 0  # "a.", "e.g."
        return 1
    return 1


@njit(cache=True, nogil=True)
def cut_run(chars, kinds, a, b, abbreviations, backs, ends, w):
    """Cuts the run [a, b), which has no white space but has marks, into words.

    Writes the words' ends into `ends` from w on and returns the next w. No character is lost: each word starts where
    the word before it ends. `backs` is scratch: it keeps the ends of the words that are peeled off the back, last
    word first.
    """
    # Peel both ends: as many as possible off the front, then one off the back, and again.
    n_backs = 0
    while a < b:
        n = _front(chars, kinds, a, b)
        if n:
            a += n
            ends[w] = a
            w += 1
            continue
        n = _back(chars, kinds, a, b, abbreviations)
        if n == 0 or n_backs == backs.size:
            break
        backs[n_backs] = b
        n_backs += 1
        b -= n

    if a < b:
        if _is_address(chars, a, b):
            ends[w] = b
            w += 1
        else:
            w = _middle(chars, kinds, a, b, ends, w)

    for k in range(n_backs - 1, -1, -1):
        ends[w] = backs[k]
        w += 1
    return w


@njit(cache=True, nogil=True)
def cut_unspaced(chars, kinds, a, b, abbreviations, backs, ends, w):
    """Does the same as `cut_run` for a run with letters of scripts without spaces: each letter is a word.

    The marks on a letter belong to its word. Other pieces of the run are cut by `cut_run`.
    """
    while a < b:
        stop = a + 1

        if stands_alone(chars[a]):
            # Characters without any flag are the marks on the letter.
            while stop < b and kinds[stop] == 0 and stands_alone(chars[stop]):
                stop += 1
            ends[w] = stop
            w += 1
        else:
            some = kinds[a]
            while stop < b and not stands_alone(chars[stop]):
                some |= kinds[stop]
                stop += 1
            if some & MARK:
                w = cut_run(chars, kinds, a, stop, abbreviations, backs, ends, w)
            else:
                ends[w] = stop
                w += 1

        a = stop
    return w
