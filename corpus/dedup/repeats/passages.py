"""Finds passages: paragraphs, lines, or all runs of some words, each with a 64-bit hash of its normal words.

Case, marks and spacing do not matter (corpus.text.normal).

  paragraph, line   the text between blank lines, or between line ends. Sources: Penedo et al. 2023, RefinedWeb,
                    section 3.3; Penedo et al. 2024, FineWeb, appendix E.3 ("line deduplication with minimum number of
                    words")
  span              every run of `n_words` words. The union of the repeated runs is the text that a suffix array finds
                    as repeated for that many words or more. Source: Lee et al. 2022, Deduplicating Training Data Makes
                    Language Models Better

D is the number of documents.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.dedup.near.minhash import shingle_hashes
from corpus.text.buffers import string_buffers
from corpus.text.cutting import characters_before
from corpus.text.mixing import GOLDEN, mix64
from corpus.text.normal import NormalWords, normalize

Unit = Literal["paragraph", "line", "span"]


@dataclass(frozen=True, slots=True)
class Passages:
    """The definition of a passage."""

    unit: Unit
    n_words: int  # words of a span; minimum words of a paragraph or line
    only: tuple[str, ...] | None = None  # names of the sources that are searched; None: all sources

    def options(self) -> dict[str, Any]:
        """Returns the fields as a JSON object."""
        return asdict(self)


def rank(ids: pa.Array, place: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Returns int64 (D,): the rank of each document. Of the copies of a passage, the copy with the least rank stays.

    The rank orders documents by source, then by the first 54 bits of the id.
    """
    offsets, data = string_buffers(ids)
    digits = data[offsets[0] : offsets[-1]].reshape(-1, 32)[:, :14].astype(np.int64)
    digits = np.where(digits >= 97, digits - 87, digits - 48)
    value = (digits << (4 * np.arange(13, -1, -1))).sum(axis=1)
    return (np.minimum(place, 255).astype(np.int64) << 54) | (value >> 2)


def find(
    text: pa.Array | pa.ChunkedArray, passages: Passages
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.uint64]]:
    """Returns (document, first character, character after the last, hash) of every passage in the texts."""
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
    """Returns (document, first word, last word, hash) of every run of `n_words` words."""
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
    """Finds paragraphs, or lines, of at least `n_words` words, each with the blank lines, or the line end, after it.

    It makes one pass over the bytes. A block grows line by line until a line with text follows a blank line. The words
    are in the order of the text, so each line takes the words that begin before its end. Writes one entry per block,
    and returns the number of blocks.
    """
    n = 0
    for d in range(offsets.size - 1):
        w, i, stop = words.offsets[d], offsets[d], offsets[d + 1]
        while i < stop:
            first, h, n_block_words = i, np.uint64(0), 0
            blank = seen = False

            # Read line by line. A paragraph ends where text follows a blank line. A line ends at its own end.
            while i < stop:
                low, empty = i, True
                # Read to the end of the line. It is blank if it has only white space and control characters.
                while i < stop and data[i] != 10:
                    empty = empty and data[i] <= 32
                    i += 1
                i += i < stop
                if blank and not empty:
                    i = low
                    break
                blank, seen = empty and seen, seen or not empty

                # Add the line's words to the hash of the block.
                while w < words.offsets[d + 1] and words.start[w] < i:
                    h = (h + words.hash[w]) * GOLDEN
                    n_block_words += 1
                    w += 1
                if not paragraphs:
                    break

            if n_block_words >= n_words:
                document[n], start[n], end[n] = d, first, i
                hashes[n] = mix64(h + np.uint64(n_block_words))
                n += 1
    return n
