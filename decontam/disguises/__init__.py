"""Texts as a reader sees them: a copy, of the same length, in which words do not hide behind another spelling.

    character references     &nbsp; &#101; &#x65; &amp;nbsp; become the character
    percent-encoding         %20 %3F %C3%A9 becomes the character
    markup of words          <b>word</b>, <a href="...">, \\textbf{word}, \\textcolor{red}{word}, [b]word[/b] and the
                             target of [word](https://...) go, or become blanks where they part words, as <br> does
    look-alikes              Cyrillic and Greek letters in a word that has Latin letters too, and words of nothing but
                             look-alikes beside a word of Latin letters, become Latin letters
    zero-width characters    become blanks in a run of more than 20 letters without white space; elsewhere they vanish,
                             as they do in normal text

What stands for several bytes is written as one character and filled up with PAD, a byte that no UTF-8 has and that
vanishes when words are cut (`folding`). So every word keeps its place: positions in the copy are positions in the text.
Documents and benchmarks are read the same way. Deduplication does not read this copy.
"""

from functools import lru_cache

import numpy as np
import pyarrow as pa
from numba import njit

from corpus.text.buffers import Bytes, Offsets, string_array, string_buffers
from corpus.text.folding import VANISHES, Folding
from corpus.text.folding import folding as normal_folding
from decontam.disguises.encoded import decode, may_encode
from decontam.disguises.letters import latinize
from decontam.disguises.markup import may_mark_up, strip
from decontam.disguises.names import ALIKE, ENCODED, MARKED_UP, PAD, ZERO_WIDTH, tables
from decontam.disguises.spaces import space


@lru_cache(maxsize=1)
def folding() -> Folding:
    """The folding of normal text, but PAD vanishes: it is read as U+FFFD, for which a `Reader` writes blanks."""
    table = normal_folding()
    point = table.point.copy()
    point[0xFFFD] = VANISHES
    return table._replace(point=point)


class Reader:
    """Reads batches, reusing its scratch: what it returned before is overwritten."""

    def __init__(self) -> None:
        self._scratch = np.empty(0, np.uint8)

    def __call__(self, offsets: Offsets, data: Bytes) -> tuple[Offsets, Bytes]:
        """(offsets, data) as a reader sees them: themselves where nothing hides, else copies, from 0 on."""
        hides = np.empty(len(offsets) - 1, np.uint8)
        _look(offsets, data, hides)
        if not hides.any():
            return offsets, data

        own = offsets - offsets[0]
        n_bytes = int(own[-1])
        if len(self._scratch) < n_bytes:
            self._scratch = np.empty(n_bytes, np.uint8)
        self._scratch[:n_bytes] = data[offsets[0] : offsets[-1]]
        _rewrite(own, hides, tables(), self._scratch)

        seen = self._scratch[:n_bytes]
        own.flags.writeable = seen.flags.writeable = False  # as Arrow's buffers: kernels compile once
        return own, seen


def plain_texts(text: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The texts as a reader sees them, without PAD: for where positions do not matter."""
    offsets, data = Reader()(*string_buffers(text))
    out = data[offsets[0] : offsets[-1]]
    kept = out != PAD
    before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return string_array(before[offsets - offsets[0]], out[kept])


def plain_text(text: str) -> str:
    """One text as a reader sees it."""
    return str(plain_texts(pa.array([text], pa.large_string()))[0].as_py())


@njit(cache=True, nogil=True)
def _look(offsets, data, hides):
    """Writes to `hides` what each document may hide, and 0 where it can hide nothing.

    Comparisons without a branch, which run on 16 bytes or more at once as long as their results end in an array of
    bytes (Numba's own type of `a | b` is 64 bits wide): a pass over all bytes, and another over the documents with a
    lead byte of the zero-width characters, which begins quotes and dashes too.
    """
    for d in range(offsets.size - 1):
        own = data[offsets[d] : offsets[d + 1]]
        encoded = marked_up = alike = zero_width = np.uint8(0)
        for i in range(own.size):
            encoded |= may_encode(own[i])
            marked_up |= may_mark_up(own[i])
            alike |= np.uint8(np.uint8(own[i] - 0xCD) < np.uint8(8))  # leads Greek and Cyrillic letters
            zero_width |= np.uint8(own[i] == 0xE2) | np.uint8(own[i] == 0xEF)
        hides[d] = encoded | marked_up << 1 | alike << 2 | zero_width << 3

    for d in range(offsets.size - 1):
        if not hides[d] & ZERO_WIDTH or offsets[d + 1] - offsets[d] < 3:
            continue
        start, stop = offsets[d], offsets[d + 1]
        a, b, c = data[start : stop - 2], data[start + 1 : stop - 1], data[start + 2 : stop]
        some = np.uint8(0)
        for i in range(a.size):  # U+200B to U+200F, U+2060 to U+207F, U+FEFF, U+FFFD
            some |= (
                np.uint8(a[i] == 0xE2) & np.uint8(b[i] == 0x80) & np.uint8(np.uint8(c[i] - 0x8B) < np.uint8(5))
                | np.uint8(a[i] == 0xE2) & np.uint8(b[i] == 0x81) & np.uint8(c[i] >= 0xA0)
                | np.uint8(a[i] == 0xEF) & np.uint8(b[i] == 0xBB) & np.uint8(c[i] == 0xBF)
                | np.uint8(a[i] == 0xEF) & np.uint8(b[i] == 0xBF) & np.uint8(c[i] == 0xBD)
            )
        hides[d] = hides[d] & np.uint8(7) | some << 3


@njit(cache=True, nogil=True)
def _rewrite(offsets, hides, tables, out):
    """Rewrites `out`, a copy of the documents, in place.

    Up to four passes over a document, each only where the document may hide what it looks for: encoded characters;
    markup, which may have been encoded; letters; zero-width characters. A pass reads what the one before has written,
    and steps over PAD.
    """
    for d in range(offsets.size - 1):
        hidden, start, stop = hides[d], offsets[d], offsets[d + 1]
        if hidden & ENCODED:
            hidden |= decode(out, start, stop, tables)
        if hidden & MARKED_UP:
            strip(out, start, stop, tables)
        if hidden & ALIKE:
            latinize(out, start, stop, tables)
        if hidden & ZERO_WIDTH:
            space(out, start, stop)
