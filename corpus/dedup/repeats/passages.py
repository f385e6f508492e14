"""Finds passages: paragraphs, lines, or every run of some words, each with a 64-bit hash of its normal words.

Case, marks and spacing make no difference (corpus.text.normal).

  paragraph, line   the text between blank lines, or line ends. Sources: Penedo et al. 2023, RefinedWeb, section 3.3;
                    Penedo et al. 2024, FineWeb, appendix E.3 ("line deduplication with minimum number of words")
  span              every run of `n_words` words. The union of repeated runs is what a suffix array finds as repeated
                    for that many words or more. Source: Lee et al. 2022, Deduplicating Training Data Makes Language
                    Models Better

D documents.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.dedup.near.minhash import mix64, shingle_hashes
from corpus.text.buffers import string_buffers
from corpus.text.cutting import characters_before
from corpus.text.normal import NormalWords, normalize

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

Unit = Literal["paragraph", "line", "span"]


@dataclass(frozen=True, slots=True)
class Passages:
    """What counts as a passage."""

    unit: Unit
    n_words: int  # of a span, and at least of a paragraph or line
    only: tuple[str, ...] | None = None  # sources that are looked at; None for all

    def options(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def rank(ids: pa.Array, place: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """int64 (D,): documents in the order in which their copies stay: by source, then by the first 54 bits of the id."""
    offsets, data = string_buffers(ids)
    digits = data[offsets[0] : offsets[-1]].reshape(-1, 32)[:, :14].astype(np.int64)
    digits = np.where(digits >= 97, digits - 87, digits - 48)
    value = (digits << (4 * np.arange(13, -1, -1))).sum(axis=1)
    return (np.minimum(place, 255).astype(np.int64) << 54) | (value >> 2)


def find(
    text: pa.Array | pa.ChunkedArray, passages: Passages
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.uint64]]:
    """(document, first character, character after the last, hash) of every passage of the texts."""
    offsets, data = string_buffers(text)
    words = normalize(text)
    if passages.unit == "span":
        document, first, last, hashes = _spans(words, passages.n_words)
        start, end = words.start[first], words.end[last]
    else:
        capacity = len(words.hash) // passages.n_words + 1
        document, start, end = (np.empty(capacity, np.int64) for _ in range(3))
        hashes = np.empty(capacity, np.uint64)
        n = _blocks(offsets, data, words, passages.unit == "paragraph", passages.n_words, document, start, end, hashes)
        document, start, end, hashes = document[:n], start[:n], end[:n], hashes[:n]
    before = characters_before(offsets, data)
    base = before[offsets[document] - offsets[0]]
    start, end = before[start - offsets[0]] - base, before[end - offsets[0]] - base
    return document, start.astype(np.int32), end.astype(np.int32), hashes


def _spans(words: NormalWords, n_words: int) -> tuple[npt.NDArray[Any], ...]:
    """(document, first word, last word, hash) of every run of `n_words` words."""
    lengths = np.diff(words.offsets)
    counts = np.maximum(lengths - n_words + 1, 0)
    hashes, offsets = np.empty(len(words.hash), np.uint64), np.empty(len(words.offsets), np.int64)
    shingle_hashes(words.hash, words.offsets, n_words, hashes, offsets)
    document = np.repeat(np.arange(len(lengths)), counts)
    within = np.arange(len(document)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = words.offsets[document] + within
    return document, first, first + n_words - 1, hashes[offsets[document] + within]


@njit(cache=True, nogil=True)
def _blocks(offsets, data, words, paragraphs, n_words, document, start, end, hashes):
    """Paragraphs, or lines, of `n_words` words or more; each with the blank lines, or the line end, behind it.

    One pass over the bytes: a block grows line by line until a line with text follows a blank one. The words, which are
    in the order of the text, are taken along by their places. Writes one entry per block, and returns how many.
    """
    n = 0
    for d in range(offsets.size - 1):
        w, i, stop = words.offsets[d], offsets[d], offsets[d + 1]
        while i < stop:
            first, h, n_own = i, np.uint64(0), 0
            blank = seen = False

            # A line at a time: a paragraph ends where text follows a blank line, a line at its own end.
            while i < stop:
                low, empty = i, True
                # To the end of the line; it is blank if it holds nothing but white space and controls.
                while i < stop and data[i] != 10:
                    empty = empty and data[i] <= 32
                    i += 1
                i += i < stop
                if blank and not empty:
                    i = low
                    break
                blank, seen = empty and seen, seen or not empty

                # The line's words join the hash of the block.
                while w < words.offsets[d + 1] and words.start[w] < i:
                    h = (h + words.hash[w]) * _GOLDEN
                    n_own += 1
                    w += 1
                if not paragraphs:
                    break

            if n_own >= n_words:
                document[n], start[n], end[n] = d, first, i
                hashes[n] = mix64(h + np.uint64(n_own))
                n += 1
    return n
