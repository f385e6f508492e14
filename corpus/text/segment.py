"""A batch of documents cut into characters, words and lines, once, for every kernel that measures them.

Definitions
  character  a Unicode code point
  line       what stands between two "\\n"; a text without any is one line
  word       what spaCy's English rule tokenizer calls a token, to within a percent: runs without white space, from
             which punctuation is peeled off both ends one mark at a time (an ellipsis is one word), then cut at
             hyphens and commas between letters, at `. : < > = /` where spaCy does, and before n't, 's, 'll, 're,
             've, 'm, 'd. Addresses (`://`, `www.`, `a@b.c`) stay whole. Punctuation marks count as words.
Source: the tokenizer that datatrove's filters use for English, so that published thresholds mean the same here.

D documents, C characters, W words, L lines.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.text import classes
from corpus.text.buffers import Bytes, Offsets

HAS_ALPHA = 1  # word flag: at least one letter
ALL_PUNCT = 2  # word flag: nothing but punctuation, symbols and control characters
IS_PUNCT = 4  # word flag: nothing but category P
IS_TERMINAL = 8  # word flag: one character, which ends a sentence


class Segments(NamedTuple):
    """Positions are indexes into `chars`; the rows of document d are offsets[d] to offsets[d + 1]."""

    n_bytes: npt.NDArray[np.int64]  # (D,)
    chars: npt.NDArray[np.int32]  # (C,) code points
    kinds: npt.NDArray[np.uint8]  # (C,) flags of corpus.text.classes
    char_offsets: npt.NDArray[np.int64]  # (D + 1,)
    word_start: npt.NDArray[np.int32]  # (W,)
    word_end: npt.NDArray[np.int32]  # (W,)
    word_hash: npt.NDArray[np.uint64]  # (W,)
    word_flags: npt.NDArray[np.uint8]  # (W,)
    word_offsets: npt.NDArray[np.int64]  # (D + 1,)
    line_start: npt.NDArray[np.int32]  # (L,)
    line_end: npt.NDArray[np.int32]  # (L,) without the "\n"
    line_offsets: npt.NDArray[np.int64]  # (D + 1,)


@njit(cache=True, nogil=True)
def _code_point(data, i, end):
    """(code point, width in bytes) of the UTF-8 character at i, which is not ASCII.

    The lake holds valid UTF-8; elsewhere a byte that starts no character is U+FFFD.
    """
    byte = np.int64(data[i])
    point, width = np.int64(0xFFFD), 1
    if 0xC2 <= byte < 0xE0 and i + 1 < end:
        point, width = ((byte & 0x1F) << 6) | np.int64(data[i + 1] & 0x3F), 2
    elif 0xE0 <= byte < 0xF0 and i + 2 < end:
        point = ((byte & 0x0F) << 12) | (np.int64(data[i + 1] & 0x3F) << 6) | np.int64(data[i + 2] & 0x3F)
        width = 3
    elif 0xF0 <= byte < 0xF5 and i + 3 < end:
        point = ((byte & 0x07) << 18) | (np.int64(data[i + 1] & 0x3F) << 12)
        point |= (np.int64(data[i + 2] & 0x3F) << 6) | np.int64(data[i + 3] & 0x3F)
        width = 4
        if point >= N_CODE_POINTS:
            point, width = np.int32(0xFFFD), 1
    return point, width


N_CODE_POINTS = np.int64(classes.N_CODE_POINTS)
_SPACE, _ALPHA, _DIGIT = np.uint8(classes.SPACE), np.uint8(classes.ALPHA), np.uint8(classes.DIGIT)
_PUNCT, _SYMBOL = np.uint8(classes.PUNCT), np.uint8(classes.SYMBOL)
_UPPER, _LOWER, _TERMINAL = np.uint8(classes.UPPER), np.uint8(classes.LOWER), np.uint8(classes.TERMINAL)
_MARK = np.uint8(classes.PUNCT | classes.SYMBOL)

_DOT, _COMMA, _HYPHEN, _AT, _COLON, _SLASH = (np.int32(ord(c)) for c in ".,-@:/")
_QUOTE, _CURLY_QUOTE, _ELLIPSIS, _DEGREE = np.int32(ord("'")), np.int32(0x2019), np.int32(0x2026), np.int32(0xB0)
_ABBREVIATIONS = (
    "Mr. Mrs. Ms. Dr. Prof. St. Mt. Rev. Gen. Gov. Sen. Rep. Jr. Sr. Co. Corp. Inc. Ltd. vs. v.s. e.g. i.e. "
    "E.g. I.e. E.G. I.E. a.m. p.m. A.M. P.M. Adm. Bros. Messrs. Jan. Feb. Mar. Apr. Jun. Jul. Aug. Sep. Sept. "
    "Oct. Nov. Dec. Ph.D. D.C. Ala. Ariz. Ark. Calif. Colo. Conn. Del. Fla. Ga. Ill. Ind. Kan. Ky. La. Mass. "
    "Mich. Minn. Miss. Mo. Mont. Neb. Nev. Okla. Ore. Pa. Tenn. Va. Wash. Wis."
)  # the English forms whose full stop is no mark of its own


_HASH_START = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True, inline="always")
def _hash_step(h, point):
    h = (h ^ np.uint64(point)) * np.uint64(0xFF51AFD7ED558CCD)
    return h ^ (h >> np.uint64(32))


@njit(cache=True, nogil=True, inline="always")
def _hash_end(h, n):
    h = (h ^ np.uint64(n)) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True)
def hash_chars(chars, start, end):
    """64-bit hash of code points: multiply and shift per character, a finalizer at the end."""
    h = _HASH_START
    for i in range(start, end):
        h = _hash_step(h, chars[i])
    return _hash_end(h, end - start)


@lru_cache(maxsize=1)
def _abbreviation_table() -> npt.NDArray[np.uint64]:
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
    """`://`, a leading `www.`, or `@` with a full stop behind it."""
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
    """Where a contraction starts in the word [a, b), or b: n't, 's, 'm, 'd, 'll, 're, 've."""
    if b - a < 3:
        return b
    last, mark = chars[b - 1] | 32, chars[b - 2]
    if mark in (_QUOTE, _CURLY_QUOTE):
        if last == 116:  # t
            return b - 3 if b - a > 3 and (chars[b - 3] | 32) == 110 else b
        return b - 2 if last == 115 or last == 109 or last == 100 else b  # s m d
    mark = chars[b - 3]
    if b - a > 3 and (mark in (_QUOTE, _CURLY_QUOTE)):
        before = chars[b - 2] | 32
        if (last == 108 and before == 108) or (last == 101 and (before == 114 or before == 118)):  # ll re ve
            return b - 3
    return b


@njit(cache=True, nogil=True)
def _cuts(chars, kinds, i, a, b):
    """How many characters from i, inside the word [a, b), spaCy makes a word of their own; 0 where it cuts none."""
    point, before = chars[i], kinds[i - 1]
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
    if point == _HYPHEN or 0x2013 <= point <= 0x2014 or point == 126:  # - – — ~
        n = 1
        while i + n < b and (chars[i + n] == _HYPHEN or chars[i + n] == 0x2014):
            n += 1
        if i + n < b and before & _ALPHA and kinds[i + n] & _ALPHA:
            return n
        return 1 if before & _DIGIT and after & _DIGIT and point == _HYPHEN else 0
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
def _word_flags(kinds, a, b):
    every, some, marks = np.uint8(0xFF), np.uint8(0), True
    for i in range(a, b):
        every &= kinds[i]
        some |= kinds[i]
        marks = marks and kinds[i] & _MARK != 0
    return (
        (HAS_ALPHA if some & _ALPHA else 0)
        | (ALL_PUNCT if marks else 0)
        | (IS_PUNCT if every & _PUNCT else 0)
        | (IS_TERMINAL if b - a == 1 and some & _TERMINAL else 0)
    )


@njit(cache=True, nogil=True)
def _middle(chars, kinds, a, b, ends, w):
    """The inside of a run, its ends peeled, cut at infixes and contractions: the words' ends, appended at w."""
    tail = _contraction(chars, kinds, a, b)
    i, cut = a + 1, a
    while i < tail:
        if kinds[i] & _MARK:
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
    """How many characters at the front of the run [a, b) are a word of their own."""
    if not _peels(chars[a], kinds[a]):
        return 0
    if chars[a] == _DOT:  # a full stop alone stays (".5"), an ellipsis goes
        n = 1
        while a + n < b and chars[a + n] == _DOT:
            n += 1
        return n if n > 1 or b - a == 1 else 0
    if (chars[a] == _QUOTE or chars[a] == _CURLY_QUOTE) and _contraction(chars, kinds, a - 1, b) == a:
        return 0
    return 1


@njit(cache=True, nogil=True)
def _back(chars, kinds, a, b, abbreviations):
    """How many characters at the back of the run [a, b) are a word of their own."""
    last = chars[b - 1]
    if not _peels(last, kinds[b - 1]):
        return 0
    if last == _DOT:
        n = 1
        while b - n > a and chars[b - n - 1] == _DOT:
            n += 1
        if n > 1 or b - a == 1:
            return n
        before = kinds[b - 2]
        if before & _UPPER and not (b - a > 2 and kinds[b - 3] & _UPPER):
            return 0  # an initial: "J.", "U.S."
        if not before & (_LOWER | _DIGIT | _PUNCT | _UPPER | _ALPHA):
            return 0
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
def _run(chars, kinds, a, b, abbreviations, backs, ends, w):
    """Cuts a run [a, b) without white space but with marks: the words' ends, appended at w; returns the next w.

    Nothing is lost: each word starts where the one before it ends.
    """
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
def _segment(offsets, data, table, abbreviations, s):
    backs = np.empty(4096, np.int32)
    chars, kinds = s.chars, s.kinds
    c, w, n_lines = 0, 0, 0
    s.char_offsets[0] = s.word_offsets[0] = s.line_offsets[0] = 0
    for d in range(offsets.size - 1):
        s.n_bytes[d] = offsets[d + 1] - offsets[d]
        i, end, line, run = offsets[d], offsets[d + 1], c, c
        h, some = _HASH_START, np.uint8(0)
        while i <= end:  # one step past the end closes the last word
            if i < end:
                point, width = np.int64(data[i]), 1  # the ASCII fast path
                if point >= 0x80:
                    point, width = _code_point(data, i, end)
                kind = table[point]
                chars[c], kinds[c] = point, kind
                if not kind & _SPACE:
                    h = _hash_step(h, point)
                    some |= kind
                    c += 1
                    i += width
                    continue
            else:
                point, width = np.int64(0), 1
            if c > run:
                if some & _MARK:
                    first, w = w, _run(chars, kinds, run, c, abbreviations, backs, s.word_end, w)
                    for k in range(first, w):
                        stop = s.word_end[k]
                        s.word_start[k] = run
                        s.word_hash[k] = hash_chars(chars, run, stop)
                        s.word_flags[k] = _word_flags(kinds, run, stop)
                        run = stop
                else:
                    s.word_start[w], s.word_end[w] = run, c
                    s.word_hash[w] = _hash_end(h, c - run)
                    s.word_flags[w] = HAS_ALPHA if some & _ALPHA else 0
                    w += 1
                h, some = _HASH_START, np.uint8(0)
            if i < end:
                if point == 10:
                    s.line_start[n_lines], s.line_end[n_lines] = line, c
                    n_lines += 1
                    line = c + 1
                c += 1
                run = c
            i += width
        s.line_start[n_lines], s.line_end[n_lines] = line, c
        n_lines += 1
        s.char_offsets[d + 1], s.word_offsets[d + 1], s.line_offsets[d + 1] = c, w, n_lines
    return c, w, n_lines


@njit(cache=True, nogil=True, inline="always")
def trim(s, start, end):
    """(start, end) without the white space at both ends; empty as (end, end)."""
    while start < end and s.kinds[start] & _SPACE:
        start += 1
    while end > start and s.kinds[end - 1] & _SPACE:
        end -= 1
    return start, end


class Segmenter:
    """Cuts batches into `Segments`, reusing its scratch: what it returned before is overwritten."""

    def __init__(self) -> None:
        self._capacity = (-1, -1, -1)

    def __call__(self, offsets: Offsets, data: Bytes) -> Segments:
        """Segments of the documents data[offsets[d]:offsets[d + 1]]; about 22 bytes of scratch a byte of text."""
        n_documents = len(offsets) - 1
        n_bytes = int(offsets[-1] - offsets[0])
        n_lines = n_documents + int(np.count_nonzero(data[offsets[0] : offsets[-1]] == 10))
        self._reserve(n_documents, n_bytes, n_lines)
        s = self._scratch
        c, w, lines = _segment(offsets, data, classes.flags(), _abbreviation_table(), s)
        return Segments(
            s.n_bytes[:n_documents], s.chars[:c], s.kinds[:c], s.char_offsets[: n_documents + 1],
            s.word_start[:w], s.word_end[:w], s.word_hash[:w], s.word_flags[:w], s.word_offsets[: n_documents + 1],
            s.line_start[:lines], s.line_end[:lines], s.line_offsets[: n_documents + 1],
        )  # fmt: skip

    def _reserve(self, documents: int, n_bytes: int, lines: int) -> None:
        if all(have >= need for have, need in zip(self._capacity, (documents, n_bytes, lines), strict=True)):
            return
        documents, n_bytes, lines = (
            max(a, b) for a, b in zip(self._capacity, (documents, n_bytes, lines), strict=True)
        )
        self._capacity = (documents, n_bytes, lines)
        self._scratch = Segments(
            np.empty(documents, np.int64),
            np.empty(n_bytes, np.int32), np.empty(n_bytes, np.uint8), np.empty(documents + 1, np.int64),
            np.empty(n_bytes, np.int32), np.empty(n_bytes, np.int32), np.empty(n_bytes, np.uint64),
            np.empty(n_bytes, np.uint8), np.empty(documents + 1, np.int64),
            np.empty(lines, np.int32), np.empty(lines, np.int32), np.empty(documents + 1, np.int64),
        )  # fmt: skip
