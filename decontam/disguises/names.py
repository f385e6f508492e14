"""Tables of disguises (names of characters and markup, look-alike letters) and functions that their kernels share.

Sources: the names of characters are the HTML standard's (`html.entities`). The look-alikes are letters that Unicode's
confusables.txt pairs with a Latin letter, and lower-case letters with the shape of Latin capitals.
"""

from functools import lru_cache
from html.entities import html5
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.text.folding import SEPARATOR, VANISHES, folding

PAD = np.uint8(0xFF)  # a byte that does not occur in UTF-8; it fills up a place that became shorter
BLOCK = 64  # bytes that are checked at once for a byte that begins a disguise

_VANISHING = (
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd mark nobr q s samp small span strike strong sub sup "
    "time tt u var wbr"
)
_BLANKED = (
    "address article aside audio blockquote body br button canvas caption center col colgroup dd details dialog dir "
    "div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe img "
    "input "
    "label legend li link main map menu meta nav noscript object ol optgroup option output p param picture pre ruby rb "
    "rp rt rtc script section select source style summary svg table tbody td template textarea tfoot th thead title tr "
    "ul video"
)
_TEX = (
    "bm boldsymbol emph fbox hbox hl lowercase mathbf mathit mathnormal mathrm mathsf mathtt mbox operatorname pmb st "
    "text textbf textit textmd textnormal textrm textsc textsf textsl texttt textup uline ul underline uppercase"
)
_TEX_WITH_VALUE = "color colorbox href textcolor"  # commands whose first argument is not text
_TEX_SWITCHES = "bf bfseries em it itshape rm sc sf sl tt"  # {\bf word}
_FORUM = "b i u s url color size font sub sup email"
_FORUM_BLOCKS = "center quote code list img spoiler"

# Letters of two bytes: each pair is a look-alike and its Latin letter.
_LOOK_ALIKES = (
    "аaбbвbгrеeһhкkмmнhоoрpсcтtуyхxьbѕsіiјjԁdԛqԝwӏlүyҮyґrѵvѡwпn"
    "АAВBЕEЗ3КKМMНHОOРPСCТTУYХXЅSІIЈJԌGԚQԜWЬbҺhӀlѴvЁeёeЇiїi"
    "οoαaιiκkνvρpτtυuχxγyεeηnωwϲcϳjβbϱp"
    "ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXϹCͿJάaέeήnίiόoύuώwΆAΈEΉHΊIΌOΎY"
)

# Kinds of names. The kind is a part of a name's hash.
CHARACTER, TAG_VANISHES, TAG_BLANKS, TEX_BLANKS, TEX_VALUE, TEX_SWITCH, FORUM_TAG, FORUM_BLOCK = (
    np.uint64(kind) for kind in range(8)
)
# Roles of a character in a word.
SEPARATES, NEUTRAL, LATIN, LOOKS_LATIN, OTHER = range(5)
# Disguises that a document may have.
ENCODED, MARKED_UP, ALIKE, ZERO_WIDTH = (np.uint8(1 << bit) for bit in range(4))
_PRIME, _BASIS = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)  # constants of the hash FNV-1a


class Tables(NamedTuple):
    """The tables for kernels. A loop over characters takes its arrays out of the tuple first, which is much faster."""

    names: npt.NDArray[np.uint64]  # (K,) sorted hashes of the names of characters (kind 0) and of markup
    points: npt.NDArray[np.int32]  # (K,) the name's code point; 1 for markup
    alike: npt.NDArray[np.uint8]  # (0x540,) the Latin letter that a code point looks like, or 0
    kinds: npt.NDArray[np.int64]  # (0x540,) the role of a code point in a word: SEPARATES, NEUTRAL, ...
    fold: npt.NDArray[np.int32]  # (0x110000,) `point` of corpus.text.folding


@lru_cache(maxsize=1)
def tables() -> Tables:
    """Returns the tables."""
    # Names, with the hash as the key.
    characters = {name[:-1]: ord(char) for name, char in html5.items() if name[-1] == ";" and len(char) == 1}
    named = {_hash(CHARACTER, name): point for name, point in characters.items()}
    markup = {
        TAG_VANISHES: _VANISHING,
        TAG_BLANKS: _BLANKED,
        TEX_BLANKS: _TEX,
        TEX_VALUE: _TEX_WITH_VALUE,
        TEX_SWITCH: _TEX_SWITCHES,
        FORUM_TAG: _FORUM,
        FORUM_BLOCK: _FORUM_BLOCKS,
    }
    for kind, words in markup.items():
        named |= {_hash(kind, word): 1 for word in words.split()}
    assert len(named) == len(characters) + sum(len(words.split()) for words in markup.values())  # no hash twice
    names = np.array(sorted(named), np.uint64)
    points = np.array([named[int(name)] for name in names], np.int32)

    alike = np.zeros(0x540, np.uint8)
    for look, letter in zip(_LOOK_ALIKES[::2], _LOOK_ALIKES[1::2], strict=True):
        alike[ord(look)] = ord(letter)

    fold = folding().point
    kinds = np.where(np.arange(0x540) < 0x250, LATIN, OTHER)
    kinds[fold[:0x540] == SEPARATOR], kinds[fold[:0x540] == VANISHES] = SEPARATES, NEUTRAL
    kinds[alike > 0] = LOOKS_LATIN
    return Tables(names, points, alike, kinds, fold)


def _hash(kind: np.uint64, name: str) -> int:
    h = int(_BASIS)
    for byte in (int(kind), *name.encode()):
        h = (h ^ byte) * int(_PRIME) & 0xFFFF_FFFF_FFFF_FFFF
    return h


@njit(cache=True, nogil=True)
def lookup(tables, name):
    """Returns the row of a hash in the sorted names, or -1. It is a binary search."""
    names = tables.names
    low, high = 0, names.size
    while low < high:
        middle = (low + high) // 2
        if names[middle] < name:
            low = middle + 1
        else:
            high = middle
    return low if low < names.size and names[low] == name else -1


@njit(cache=True, nogil=True)
def read_name(out, at, stop, kind, lower):
    """Returns (end, hash) of the name of letters and digits at `at`, at most 32 bytes; `lower` makes it lower case."""
    h, i = (_BASIS ^ kind) * _PRIME, at
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
def fill(out, start, end, byte):
    """Writes `byte` into out[start:end]."""
    for i in range(start, end):
        out[i] = byte


@njit(cache=True, nogil=True)
def is_alphanumeric(byte):
    """Whether the byte is an ASCII letter or digit."""
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122
