"""Texts as a reader sees them: a copy, of the same length, in which words do not hide behind another spelling.

    character references     &nbsp; &#101; &#x65; &amp;nbsp;      become the character
    percent-encoding         %20 %3F %C3%A9                       becomes the character
    markup of words          <b>word</b>, <a href="...">          is taken out; tags of blocks become blanks
                             \textbf{word}, \textcolor{red}{word}
                             [b]word[/b], [word](https://...)
    look-alikes              Cyrillic and Greek letters in a word that has Latin letters too, and words of nothing but
                             look-alikes beside a word of Latin letters, become Latin letters
    zero-width characters    in a run of more than 20 letters without white space stand for blanks; in shorter runs they
                             vanish with the rest of the format characters

What stands for several bytes is written as one character and filled up with PAD, a byte that no UTF-8 has and that
vanishes when words are cut (`folding`). So every word keeps its place: positions in the copy are positions in the text.
Documents and benchmarks are read the same way. Deduplication does not read this copy.

Sources: names of characters are the HTML standard's (`html.entities`); look-alikes are letters that Unicode's
confusables.txt pairs with a Latin one, besides lower-case letters of the shape of Latin capitals.
"""

from functools import lru_cache
from html.entities import html5
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text import folding as folding_module
from corpus.text.buffers import Bytes, Offsets, string_array, string_buffers
from corpus.text.classes import N_CODE_POINTS
from corpus.text.folding import SEPARATOR, VANISHES, Folding
from corpus.text.segment import _code_point

PAD = np.uint8(0xFF)
MOST_TAG_BYTES = 400  # a longer tag is left alone
MOST_TAG_WORDS = 7  # and so is one with more parts: its attributes may hold an item, which has eight words
LONG_RUN = 20  # letters without white space from which zero-width characters stand for blanks

_VANISHING = (
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd mark nobr q s samp small span strike strong sub sup "
    "time tt u var wbr"
)
_BLANKED = (
    "address article aside audio blockquote body br button canvas caption center col colgroup dd details dialog dir div "
    "dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe img input "
    "label legend li link main map menu meta nav noscript object ol optgroup option output p param picture pre ruby rb "
    "rp rt rtc script section select source style summary svg table tbody td template textarea tfoot th thead title tr "
    "ul video"
)
_TEX = (
    "bm boldsymbol emph fbox hbox hl lowercase mathbf mathit mathnormal mathrm mathsf mathtt mbox operatorname pmb st "
    "text textbf textit textmd textnormal textrm textsc textsf textsl texttt textup uline ul underline uppercase"
)
_TEX_WITH_VALUE = "color colorbox href textcolor"  # whose first argument is no text
_TEX_SWITCHES = "bf bfseries em it itshape rm sc sf sl tt"  # {\bf word}
_FORUM = "b i u s url color size font sub sup center quote code list img email spoiler"

# Letters of two bytes: each pair is a look-alike and its Latin letter.
_LOOK_ALIKES = (
    "аaбbвbгrеeһhкkмmнhоoрpсcтtуyхxьbѕsіiјjԁdԛqԝwӏlүyҮyґrѵvѡwпn"
    "АAВBЕEЗ3КKМMНHОOРPСCТTУYХXЅSІIЈJԌGԚQԜWЬbҺhӀlѴvЁeёeЇiїi"
    "οoαaιiκkνvρpτtυuχxγyεeηnωwϲcϳjβbϱp"
    "ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXϹCͿJάaέeήnίiόoύuώwΆAΈEΉHΊIΌOΎY"
)
_TAG_VANISHES, _TAG_BLANKS, _TEX_BLANKS, _TEX_VALUE, _TEX_SWITCH, _FORUM_TAG = (np.uint64(kind) for kind in range(1, 7))
_PRIME, _BASIS = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)
_ENCODED, _MARKED_UP, _ALIKE, _ZERO_WIDTH = 1, 2, 4, 8  # what a document may hide


class Tables(NamedTuple):
    """What kernels look up."""

    names: npt.NDArray[np.uint64]  # (K,) sorted hashes of the names of characters, with kind 0, and of markup
    points: npt.NDArray[np.int32]  # (K,) the character; 1 for markup
    alike: npt.NDArray[np.uint8]  # (0x530,) the Latin letter that a code point looks like, or 0
    fold: npt.NDArray[np.int32]  # (0x110000,) of corpus.text.folding


@lru_cache(maxsize=1)
def tables() -> Tables:
    """The tables."""
    named = {_hash(np.uint64(0), name[:-1]): ord(char) for name, char in html5.items() if name[-1] == ";" and len(char) == 1}
    for kind, words in ((_TAG_VANISHES, _VANISHING), (_TAG_BLANKS, _BLANKED), (_TEX_BLANKS, _TEX),
                        (_TEX_VALUE, _TEX_WITH_VALUE), (_TEX_SWITCH, _TEX_SWITCHES), (_FORUM_TAG, _FORUM)):  # fmt: skip
        named |= {_hash(kind, word): 1 for word in words.split()}
    names = np.array(sorted(named), np.uint64)
    points = np.array([named[int(name)] for name in names], np.int32)

    alike = np.zeros(0x530, np.uint8)
    for look, letter in zip(_LOOK_ALIKES[::2], _LOOK_ALIKES[1::2], strict=True):
        alike[ord(look)] = ord(letter)
    return Tables(names, points, alike, folding_module.folding().point)


@lru_cache(maxsize=1)
def folding() -> Folding:
    """The folding of the normal text, in which PAD, read as U+FFFD, vanishes; of the copy U+FFFD itself is gone."""
    own = folding_module.folding()
    point = own.point.copy()
    point[0xFFFD] = VANISHES
    return own._replace(point=point)


def plain(offsets: Offsets, data: Bytes) -> Bytes:
    """The bytes data[offsets[0]:offsets[-1]] as a reader sees them, in their places; `data` itself where nothing hides."""
    hides = np.empty(len(offsets) - 1, np.uint8)
    if not _look(offsets, data, hides):
        return data
    out = np.empty(int(offsets[-1]), np.uint8)
    out[offsets[0] :] = data[offsets[0] : offsets[-1]]
    _rewrite(offsets, hides, tables(), out)
    out.flags.writeable = False  # as Arrow's buffers: kernels compile once
    return out


def plain_texts(text: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The texts as a reader sees them, without PAD: for where positions do not matter."""
    offsets, data = string_buffers(text)
    out = plain(offsets, data)[offsets[0] : offsets[-1]]
    kept = out != PAD
    before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return string_array(before[offsets - offsets[0]], out[kept])


def _hash(kind: np.uint64, name: str) -> int:
    h = int(_BASIS ^ kind)
    for byte in name.encode():
        h = (h ^ byte) * int(_PRIME) & 0xFFFF_FFFF_FFFF_FFFF
    return h


@njit(cache=True, nogil=True)
def _look(offsets, data, hides):
    """Whether any document may hide something; `hides` says what each may. One pass, without a branch per byte."""
    some = 0
    for d in range(offsets.size - 1):
        seen = np.uint8(0)
        for i in range(offsets[d], offsets[d + 1]):
            seen |= _KINDS[data[i]]
        if seen & _ZERO_WIDTH and not _has_zero_width(data, offsets[d], offsets[d + 1]):
            seen &= np.uint8(255 - _ZERO_WIDTH)
        hides[d] = seen
        some |= seen
    return some


def _kinds() -> npt.NDArray[np.uint8]:
    kinds = np.zeros(256, np.uint8)
    kinds[[ord("&"), ord("%")]] = _ENCODED
    kinds[[ord("<"), ord("\\"), ord("["), ord("]")]] = _MARKED_UP
    kinds[0xCD:0xD5] = _ALIKE
    kinds[[0xE2, 0xEF]] = _ZERO_WIDTH
    return kinds


_KINDS = _kinds()


@njit(cache=True, nogil=True)
def _has_zero_width(data, start, stop):
    """Whether U+200B to U+200F, U+2060 to U+2064, U+FEFF or U+FFFD is there; most of the lead bytes are quotes."""
    for i in range(start, stop - 2):
        if data[i] == 0xE2:
            if (data[i + 1] == 0x80 and 0x8B <= data[i + 2] <= 0x8F) or (data[i + 1] == 0x81 and data[i + 2] >= 0xA0):
                return True
        elif data[i] == 0xEF and (
            (data[i + 1] == 0xBB and data[i + 2] == 0xBF) or (data[i + 1] == 0xBF and data[i + 2] == 0xBD)
        ):
            return True
    return False


@njit(cache=True, nogil=True)
def _rewrite(offsets, hides, tables, out):
    """Rewrites `out`, a copy of the documents, in place.

    Up to four passes over a document, each only where the document may hide what it looks for: encoded characters;
    markup, which may have been encoded; letters; zero-width characters. A pass reads what the one before has written,
    and steps over PAD.
    """
    for d in range(offsets.size - 1):
        hidden, start, stop = hides[d], offsets[d], offsets[d + 1]
        if hidden & _ENCODED and _decode(out, start, stop, tables):
            hidden |= np.uint8(_MARKED_UP | _ALIKE | _ZERO_WIDTH)
        if hidden & _MARKED_UP:
            _strip(out, start, stop, tables)
        if hidden & _ALIKE:
            _latinize(out, start, stop, tables)
        if hidden & _ZERO_WIDTH:
            _space(out, start, stop, tables.fold)


@njit(cache=True, nogil=True)
def _fill(out, start, end, byte):
    for i in range(start, end):
        out[i] = byte


@njit(cache=True, nogil=True)
def _write(out, at, end, point):
    """Writes a character at `at` and fills up with PAD; what is no character becomes a blank."""
    if point == 0 or point == 0xFFFD or 0xD800 <= point < 0xE000 or point >= N_CODE_POINTS:
        point = 32
    _fill(out, at, end, PAD)
    if point < 0x80:
        out[at] = point
    elif point < 0x800:
        out[at], out[at + 1] = 0xC0 | point >> 6, 0x80 | point & 0x3F
    elif point < 0x10000:
        out[at], out[at + 1], out[at + 2] = 0xE0 | point >> 12, 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F
    else:
        out[at], out[at + 1] = 0xF0 | point >> 18, 0x80 | point >> 12 & 0x3F
        out[at + 2], out[at + 3] = 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F


@njit(cache=True, nogil=True)
def _lookup(tables, name):
    """The place of a hash among the names, or -1."""
    low, high = 0, tables.names.size
    while low < high:
        middle = (low + high) // 2
        if tables.names[middle] < name:
            low = middle + 1
        else:
            high = middle
    return low if low < tables.names.size and tables.names[low] == name else -1


@njit(cache=True, nogil=True)
def _name(out, at, stop, kind, lower):
    """(end, hash) of the name of letters and digits at `at`."""
    h, i = _BASIS ^ kind, at
    while i < stop and i < at + 32:
        byte = out[i]
        if lower and 65 <= byte <= 90:
            byte |= np.uint8(32)
        if not (97 <= byte <= 122 or 65 <= byte <= 90 or 48 <= byte <= 57):
            break
        h = (h ^ np.uint64(byte)) * _PRIME
        i += 1
    return i, h


@njit(cache=True, nogil=True)
def _decode(out, start, stop, tables):
    """Writes encoded characters in their places; whether there were any."""
    some = False
    i = start
    while i < stop:
        end, point = i + 1, 0
        if out[i] == 38:  # &
            end, point = _reference(out, i, stop, tables)
        elif out[i] == 37:  # %
            end, point = _percent(out, i, stop)
        if end > i + 1:
            _write(out, i, end, point)
            some = True
        i = end
    return some


@njit(cache=True, nogil=True)
def _reference(out, at, stop, tables):
    """(end, code point) of the character reference at `at`, or (at + 1, 0)."""
    i = at + 1
    while i + 4 <= stop and out[i] | 32 == 97 and out[i + 1] | 32 == 109 and out[i + 2] | 32 == 112 and out[i + 3] == 59:
        i += 4  # "amp;" again and again: encoded more than once
    if i < stop and out[i] == 35:  # #
        end, point = _number(out, i + 1, stop)
    else:
        end, name = _name(out, i, stop, np.uint64(0), False)
        place = _lookup(tables, name)
        if place < 0:
            end, name = _name(out, i, stop, np.uint64(0), True)
            place = _lookup(tables, name)
        point = np.int64(tables.points[place]) if place >= 0 else np.int64(-1)
    if end < stop and out[end] == 59 and point >= 0:
        return end + 1, point
    return (i, np.int64(38)) if i > at + 1 else (at + 1, np.int64(0))


@njit(cache=True, nogil=True)
def _number(out, at, stop):
    """(end, value) of the decimal or, after an x, hexadecimal number at `at`; the value is -1 where there is none."""
    base, i, value, digits = 10, at, np.int64(0), 0
    if i < stop and out[i] | 32 == 120:
        base, i = 16, i + 1
    while i < stop and digits < 12:
        digit = _digit(out[i])
        if digit < 0 or digit >= base:
            break
        value = min(value * base + digit, np.int64(N_CODE_POINTS))
        digits += 1
        i += 1
    return i, value if digits else np.int64(-1)


@njit(cache=True, nogil=True)
def _digit(byte):
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    low = byte | 32
    return np.int64(low) - 87 if 97 <= low <= 102 else np.int64(-1)


@njit(cache=True, nogil=True)
def _percent(out, at, stop):
    """(end, code point) of the percent-encoded character at `at`, or (at + 1, 0)."""
    byte = _encoded_byte(out, at, stop)
    if 0 <= byte < 0x80:
        return at + 3, byte
    width = 2 if 0xC2 <= byte < 0xE0 else 3 if 0xE0 <= byte < 0xF0 else 4 if 0xF0 <= byte < 0xF5 else 0
    if not width:
        return at + 1, np.int64(0)

    point = byte & (0x7F >> width)
    for k in range(1, width):
        byte = _encoded_byte(out, at + 3 * k, stop)
        if byte < 0x80 or byte >= 0xC0:
            return at + 1, np.int64(0)
        point = point << 6 | byte & 0x3F
    return at + 3 * width, point


@njit(cache=True, nogil=True)
def _encoded_byte(out, at, stop):
    """The value of %XX at `at`, or -1."""
    if at + 2 >= stop or out[at] != 37:
        return np.int64(-1)
    high, low = _digit(out[at + 1]), _digit(out[at + 2])
    return high * 16 + low if high >= 0 and low >= 0 else np.int64(-1)


@njit(cache=True, nogil=True)
def _strip(out, start, stop, tables):
    """Takes markup out: what stands inside a word vanishes, what stands between words becomes blanks."""
    i = start
    while i < stop:
        byte, end, filler = out[i], i, PAD
        if byte == 60:  # <
            end, filler = _tag(out, i, stop, tables)
        elif byte == 92:  # \
            end, filler = _command(out, i, start, stop, tables), np.uint8(32)
        elif byte == 91:  # [
            end, filler = _forum_tag(out, i, start, stop, tables)
        elif byte == 93:  # ]
            end = _target(out, i, stop)
        _fill(out, i, end, filler)
        i = max(end, i + 1)


@njit(cache=True, nogil=True)
def _past_pads(out, i, stop):
    while i < stop and out[i] == PAD:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _tag(out, at, stop, tables):
    """(end, filler) of the HTML tag at `at`; the end is `at` where there is none."""
    nothing = (at, PAD)
    i = _past_pads(out, at + 1, stop)
    closes = i < stop and out[i] == 47
    i = _past_pads(out, i + closes, stop)
    end, name = _name(out, i, stop, _TAG_VANISHES, True)
    filler = PAD
    if _lookup(tables, name) < 0:
        end, name = _name(out, i, stop, _TAG_BLANKS, True)
        filler = np.uint8(32)
        if _lookup(tables, name) < 0:
            return nothing

    # Attributes: a "=" among them tells a tag from `a <b and c> d`.
    i, words, valued, spaced = end, 0, closes, True
    while i < stop and i < at + MOST_TAG_BYTES and out[i] != 60:
        byte = out[i]
        if byte == 62:
            bare = _only_blanks(out, end, i)
            return (i + 1, filler) if bare or (valued and not closes) else nothing
        if i == end and not (byte <= 32 or byte == 47 or byte == PAD):
            return nothing
        valued |= byte == 61
        words += spaced and byte > 32
        spaced = byte <= 32
        if words > MOST_TAG_WORDS:
            return nothing
        i += 1
    return nothing


@njit(cache=True, nogil=True)
def _only_blanks(out, start, end):
    for i in range(start, end):
        if not (out[i] <= 32 or out[i] == 47 or out[i] == PAD):
            return False
    return True


@njit(cache=True, nogil=True)
def _command(out, at, start, stop, tables):
    """The end of the TeX command at `at`, with its opening brace; `at` where there is none that marks words."""
    end, name = _name(out, at + 1, stop, _TEX_BLANKS, True)
    if end == at + 1 or end >= stop:
        return at
    if out[end] == 123 and _lookup(tables, name) >= 0:
        return end + 1
    if out[end] == 123:
        _, name = _name(out, at + 1, stop, _TEX_VALUE, True)
        if _lookup(tables, name) < 0:
            return at
        i = end + 1
        while i < stop and i < at + MOST_TAG_BYTES and out[i] > 32:
            if out[i] == 125:
                return i + 1
            i += 1
        return at

    _, name = _name(out, at + 1, stop, _TEX_SWITCH, True)
    switches = at > start and out[at - 1] == 123 and out[end] <= 32 and _lookup(tables, name) >= 0
    return end if switches else at


@njit(cache=True, nogil=True)
def _forum_tag(out, at, start, stop, tables):
    """(end, filler) of the tag in brackets at `at`; the end is `at` where there is none. `x[i]` is no tag."""
    nothing = (at, PAD)
    i = at + 1
    closes = i < stop and out[i] == 47
    end, name = _name(out, i + closes, stop, _FORUM_TAG, True)
    if end >= stop or _lookup(tables, name) < 0:
        return nothing
    if not closes and at > start and (_is_alphanumeric(out[at - 1]) or out[at - 1] == 95 or out[at - 1] == 41):
        return nothing

    i = end
    while i < stop and i < at + MOST_TAG_BYTES and out[i] > 32:
        if out[i] == 93:
            return i + 1, PAD
        if i == end and out[i] != 61:
            return nothing
        i += 1
    return nothing


@njit(cache=True, nogil=True)
def _target(out, at, stop):
    """The end of `](https://...)`, where a Markdown link goes; `at` where there is none."""
    if at + 2 >= stop or out[at + 1] != 40:
        return at
    links = out[at + 2] == 47 or out[at + 2] == 35  # / #
    i = at + 2
    while i < stop and i < at + MOST_TAG_BYTES and out[i] > 32:
        links |= i + 2 < stop and out[i] == 58 and out[i + 1] == 47 and out[i + 2] == 47
        if out[i] == 41:
            return i + 1 if links else at
        i += 1
    return at


@njit(cache=True, nogil=True)
def _is_alphanumeric(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122


@njit(cache=True, nogil=True)
def _run(out, at, stop, tables):
    """(end, Latin letters, look-alikes, other letters) of the word at `at`; it is empty at a separator."""
    i, latin, alike, others = at, 0, 0, 0
    while i < stop:
        byte = out[i]
        if byte < 0x80:
            if not _is_alphanumeric(byte):
                break
            latin += byte > 57
            i += 1
            continue
        if byte == PAD:
            i += 1
            continue
        point, width = _code_point(out, i, stop)
        if tables.fold[point] == SEPARATOR:
            break
        if point < tables.alike.size and tables.alike[point]:
            alike += 1
        elif tables.fold[point] == VANISHES:
            pass
        elif point < 0x250 or 0x1E00 <= point < 0x1F00:
            latin += 1
        else:
            others += 1
        i += width
    return i, latin, alike, others


@njit(cache=True, nogil=True)
def _latinize(out, start, stop, tables):
    """Writes Latin letters for look-alikes: in words that have Latin letters, and beside such words."""
    after_latin = False
    i = start
    while i < stop:
        if out[i] < 0x80 and not _is_alphanumeric(out[i]):
            i += 1
            continue
        end, latin, alike, others = _run(out, i, stop, tables)
        if end == i:  # a separator of several bytes
            i += _code_point(out, i, stop)[1]
            continue

        if alike and not others:
            if latin or after_latin or _before_latin(out, end, stop, tables):
                _latinize_word(out, i, end, tables)
                latin += alike
        if latin or alike or others:
            after_latin = latin > 0 and not others
        i = end


@njit(cache=True, nogil=True)
def _before_latin(out, at, stop, tables):
    """Whether the next word has Latin letters, or look-alikes in a row lead to one that has."""
    i = at
    while i < stop and i < at + 64:
        if out[i] < 0x80 and not _is_alphanumeric(out[i]):
            i += 1
            continue
        end, latin, alike, others = _run(out, i, stop, tables)
        if others:
            return False
        if latin:
            return True
        i = end if end > i else i + _code_point(out, i, stop)[1]
    return False


@njit(cache=True, nogil=True)
def _latinize_word(out, start, end, tables):
    i = start
    while i < end:
        if out[i] < 0x80 or out[i] == PAD:
            i += 1
            continue
        point, width = _code_point(out, i, end)
        if point < tables.alike.size and tables.alike[point]:
            out[i], out[i + 1] = tables.alike[point], PAD
        i += width


@njit(cache=True, nogil=True)
def _space(out, start, stop, fold):
    """Writes blanks for zero-width characters in long runs without white space, and for U+FFFD everywhere."""
    i = start
    while i < stop:
        end, letters, wide, zero_width = _unspaced(out, i, stop, fold)
        joins = 2 * wide > letters  # in other scripts joiners belong to the spelling
        while zero_width and i < end:
            if out[i] < 0x80 or out[i] == PAD:
                i += 1
                continue
            point, width = _code_point(out, i, stop)
            if point == 0xFFFD or (letters > LONG_RUN and _is_zero_width(point) and not (joins and _joins(point))):
                _fill(out, i, i + width, np.uint8(32))
            i += width
        i = max(end, i) + 1


@njit(cache=True, nogil=True)
def _unspaced(out, at, stop, fold):
    """(end, letters, those beyond ASCII, zero-width characters or U+FFFD) of the run without white space at `at`."""
    i, letters, wide, zero_width = at, 0, 0, 0
    while i < stop and out[i] > 32:
        byte = out[i]
        if byte < 0x80 or byte == PAD:
            letters += _is_alphanumeric(byte)
            i += 1
            continue
        point, width = _code_point(out, i, stop)
        if point == 0xFFFD or _is_zero_width(point):
            zero_width += 1
        elif fold[point] != SEPARATOR and fold[point] != VANISHES:
            letters += 1
            wide += 1
        i += width
    return i, letters, wide, zero_width


@njit(cache=True, nogil=True)
def _is_zero_width(point):
    return 0x200B <= point <= 0x200F or 0x2060 <= point <= 0x2064 or point == 0xFEFF


@njit(cache=True, nogil=True)
def _joins(point):
    return 0x200C <= point <= 0x200F
