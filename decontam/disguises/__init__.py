"""Writes texts as a reader sees them: a copy of the same length, in which no word is disguised by another spelling.

    character references     &nbsp; &#101; &#x65; &amp;nbsp; become the character
    percent-encoding         %20 %3F %C3%A9 becomes the character
    markup of words          <b>word</b>, <a href="...">, \\textbf{word}, \\textcolor{red}{word}, [b]word[/b] and the
                             target of [word](https://...) are removed, or become blanks if they separate words, as
                             <br> does
    look-alikes              Cyrillic and Greek letters become Latin letters in a word that has Latin letters, too, and
                             in words of only look-alikes next to a word of Latin letters
    zero-width characters    become blanks in a run of more than 20 letters without white space; elsewhere they vanish,
                             as they do in normal text

A sequence of bytes that is replaced by a shorter character is filled up with PAD, a byte that does not occur in UTF-8
and that vanishes when words are cut (`folding`). So every word keeps its place: positions in the copy are positions in
the text. Documents and benchmarks are read in the same way. Deduplication does not read this copy.
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
    """Returns the folding of normal text, except that PAD vanishes.

    PAD is read as U+FFFD, so U+FFFD vanishes here. A `Reader` writes blanks for U+FFFD in the text itself.
    """
    table = normal_folding()
    point = table.point.copy()
    point[0xFFFD] = VANISHES
    return table._replace(point=point)


class Reader:
    """Reads batches. It reuses its array: each call overwrites the result of the call before."""

    def __init__(self) -> None:
        self._scratch = np.empty(0, np.uint8)

    def __call__(self, offsets: Offsets, data: Bytes) -> tuple[Offsets, Bytes]:
        """Returns (offsets, data) as a reader sees them.

        They are the given arrays if the batch has no disguise, otherwise copies whose offsets begin at 0.
        """
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
        # Read-only as Arrow's buffers: otherwise Numba would compile each kernel a second time.
        own.flags.writeable = seen.flags.writeable = False
        return own, seen


def plain_texts(text: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Returns the texts as a reader sees them, without PAD, for uses where positions do not matter."""
    offsets, data = Reader()(*string_buffers(text))
    out = data[offsets[0] : offsets[-1]]
    kept = out != PAD
    before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return string_array(before[offsets - offsets[0]], out[kept])


def plain_text(text: str) -> str:
    """Returns one text as a reader sees it."""
    return str(plain_texts(pa.array([text], pa.large_string()))[0].as_py())


@njit(cache=True, nogil=True)
def _look(offsets, data, hides):
    """Fills hides (D,) with bits for the disguises that each document may have, 0 for none.

    Two passes: one over all bytes, and one over the documents with a lead byte of the zero-width characters, which is
    also the lead byte of quotes and dashes. The comparisons have no branch, so they run on 16 bytes or more at once, as
    long as their results end in an array of bytes (Numba's own type of `a | b` is 64 bits wide).
    """
    for d in range(offsets.size - 1):
        own = data[offsets[d] : offsets[d + 1]]
        encoded = marked_up = alike = zero_width = np.uint8(0)
        for i in range(own.size):
            encoded |= may_encode(own[i])
            marked_up |= may_mark_up(own[i])
            alike |= np.uint8(np.uint8(own[i] - 0xCD) < np.uint8(8))  # lead byte of Greek and Cyrillic letters
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

    Up to four passes over a document, for encoded characters, markup, letters and zero-width characters. A pass runs
    only if the document may have its disguise. It reads the result of the pass before, because markup, for example,
    may have been encoded, and skips PAD.
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
