"""Measures how much of a document repeats itself.

Source: Gopher, Rae et al. 2021, arXiv:2112.11446, table A1, as datatrove's GopherRepetitionFilter computes it:

- A duplicate is every occurrence after the first.
- Lines are cut at runs of "\\n", paragraphs at runs of two or more "\\n" in the stripped text.
- The characters of the top n-gram include its blanks; those of duplicate n-grams do not.
- After a duplicate n-gram, the search continues behind its last word.
- Shares are of the text's characters.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.segment import Segments, trim
from corpus.text.words import hash_chars
from filters.signals import Batch, Signal

_GOPHER = "Gopher, Rae et al. 2021, arXiv:2112.11446, table A1"
_FINEWEB = "FineWeb, Penedo et al. 2024, arXiv:2406.17557, section 3.6"
TOP, DUPLICATE = (2, 3, 4), (5, 6, 7, 8, 9, 10)

SIGNALS = (
    Signal("duplicate_line_fraction", pa.float64(), "Share of lines that repeat an earlier one", _GOPHER),
    Signal("duplicate_line_character_fraction", pa.float64(), "Share of characters in such lines", _GOPHER),
    Signal("duplicate_paragraph_fraction", pa.float64(), "Share of paragraphs that repeat an earlier one", _GOPHER),
    Signal("duplicate_paragraph_character_fraction", pa.float64(), "Share of characters in such paragraphs", _GOPHER),
    *(
        Signal(
            f"top_{n}_gram_character_fraction",
            pa.float64(),
            f"Share of characters in the most frequent word {n}-gram's occurrences",
            _GOPHER,
        )
        for n in TOP
    ),
    *(
        Signal(
            f"duplicate_{n}_gram_character_fraction",
            pa.float64(),
            f"Share of characters in word {n}-grams that repeat an earlier one",
            _GOPHER,
        )
        for n in DUPLICATE
    ),
    Signal(
        "duplicate_nonblank_line_character_fraction",
        pa.float64(),
        "Characters of non-blank lines that repeat an earlier one, over characters other than line ends",
        _FINEWEB,
    ),
)


@njit(cache=True, nogil=True, inline="always")
def _add(keys, marks, mark, key):
    """Adds `key` to a hash set and returns whether the set had it.

    A slot belongs to the set if its mark is the current `mark`, so a new mark empties the set.
    """
    mask = keys.size - 1
    slot = np.int64(key & np.uint64(mask))
    while marks[slot] == mark and keys[slot] != key:
        slot = (slot + 1) & mask
    if marks[slot] == mark:
        return True
    marks[slot], keys[slot] = mark, key
    return False


@njit(cache=True, nogil=True)
def _line_duplicates(s, d, keys, marks, mark, out):
    """Writes the duplicate line signals of document d: rows 0, 1 and 13 of `out`.

    Lines are cut at runs of line ends. As re.split does it, a text that begins or ends with a line end has an empty
    line there. `blanks` counts these empty lines; a second one is a duplicate.
    """
    first, last = s.line_offsets[d], s.line_offsets[d + 1]
    n_lines, n_duplicates, characters, blanks = 0, 0, 0, 0
    nonblank_characters, text_characters = 0, 0
    for line in range(first, last):
        start, end = s.line_start[line], s.line_end[line]
        text_characters += end - start
        if start == end:
            if line == first or line == last - 1:
                n_lines += 1
                n_duplicates += blanks > 0
                blanks += 1
            continue

        n_lines += 1
        if _add(keys, marks, mark, hash_chars(s.chars, start, end)):
            n_duplicates += 1
            characters += end - start
            a, b = trim(s, start, end)
            if b > a:
                nonblank_characters += end - start

    n_chars = s.char_offsets[d + 1] - s.char_offsets[d]
    out[0, d], out[1, d] = n_duplicates / max(n_lines, 1), characters / max(n_chars, 1)
    out[13, d] = nonblank_characters / max(text_characters, 1)


@njit(cache=True, nogil=True)
def _paragraph_duplicates(s, d, keys, marks, mark, out):
    """Writes the duplicate paragraph signals of document d: rows 2 and 3 of `out`.

    Paragraphs of the stripped text are cut at two or more line ends.
    """
    a, b = trim(s, s.char_offsets[d], s.char_offsets[d + 1])
    n_paragraphs, n_duplicates, characters, start, i = 0, 0, 0, a, a
    while i <= b:
        # The run of line ends at i.
        run = 0
        while i + run < b and s.chars[i + run] == 10:
            run += 1

        # The paragraph from `start` ends here, or at the end of the text.
        if run >= 2 or i == b:
            n_paragraphs += 1
            if _add(keys, marks, mark, hash_chars(s.chars, start, i)):
                n_duplicates += 1
                characters += i - start
            if i == b:
                break
            start = i + run
        i += max(run, 1)

    n_chars = s.char_offsets[d + 1] - s.char_offsets[d]
    out[2, d], out[3, d] = n_duplicates / max(n_paragraphs, 1), characters / max(n_chars, 1)


@njit(cache=True, nogil=True, inline="always")
def _gram(hashes, w, n):
    """Returns the hash of the n words from w. It depends on the words' order and borders."""
    h = np.uint64(n)
    for k in range(n):
        h = (h ^ hashes[w + k]) * np.uint64(0x9FB21C651E98DF25)
        h ^= h >> np.uint64(32)
    return h


@njit(cache=True, nogil=True)
def _top_gram(s, first, last, n, keys, marks, mark, counts, origins):
    """Returns the number of characters in all occurrences of the most frequent n-gram, blanks included.

    Of several equally frequent n-grams, the one that begins first counts. One pass counts the n-grams of the words
    [first, last) in a hash table: keys holds their hashes, counts their numbers, origins their first words. A slot is
    in use if its mark is the current `mark`.
    """
    mask, best, best_slot, used = keys.size - 1, 0, -1, 0
    for w in range(first, last - n + 1):
        key = _gram(s.word_hash, w, n)
        slot = np.int64(key & np.uint64(mask))
        # Search from the key's slot for the key or a free slot.
        while marks[slot] == mark and keys[slot] != key:
            slot = (slot + 1) & mask
        if marks[slot] != mark:
            marks[slot], keys[slot], counts[slot], origins[slot] = mark, key, 0, w
            used += 1
        counts[slot] += 1
        if counts[slot] > best or (counts[slot] == best and origins[slot] < origins[best_slot]):
            best, best_slot = counts[slot], slot

    if best == 0:
        return 0
    length = n - 1  # the blanks
    for w in range(origins[best_slot], origins[best_slot] + n):
        length += s.word_end[w] - s.word_start[w]
    return length * best


@njit(cache=True, nogil=True)
def _duplicate_grams(s, first, last, n, keys, marks, mark):
    """Returns the number of characters, without blanks, of n-grams that occurred before.

    After such an n-gram, the search continues behind its last word.
    """
    characters, w = 0, first
    while w < last - n + 1:
        if _add(keys, marks, mark, _gram(s.word_hash, w, n)):
            for k in range(w, w + n):
                characters += s.word_end[k] - s.word_start[k]
            w += n
        else:
            w += 1
    return characters


@njit(cache=True, nogil=True)
def _measure(s: Segments, out: npt.NDArray[np.float64]) -> None:
    """Fills out (14, D). For each document: lines, then paragraphs, then the words once per length of n-gram.

    All of them share one hash table of `size` slots. A new mark empties it, so no array is cleared between documents.
    """
    size, mark = 1024, np.int64(0)
    keys, marks = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    counts, origins = np.zeros(size, np.int32), np.zeros(size, np.int64)

    for d in range(s.n_bytes.size):
        # The table stays at least half empty.
        first, last = s.word_offsets[d], s.word_offsets[d + 1]
        need = 2 * max(last - first, s.line_offsets[d + 1] - s.line_offsets[d])
        if need > size:
            while need > size:
                size *= 2
            keys, marks = np.zeros(size, np.uint64), np.zeros(size, np.int64)
            counts, origins = np.zeros(size, np.int32), np.zeros(size, np.int64)

        n_chars = max(s.char_offsets[d + 1] - s.char_offsets[d], 1)
        mark += 1
        _line_duplicates(s, d, keys, marks, mark, out)
        mark += 1
        _paragraph_duplicates(s, d, keys, marks, mark, out)

        for n in range(2, 5):
            mark += 1
            out[2 + n, d] = _top_gram(s, first, last, n, keys, marks, mark, counts, origins) / n_chars
        for n in range(5, 11):
            mark += 1
            out[2 + n, d] = _duplicate_grams(s, first, last, n, keys, marks, mark) / n_chars


def measure(batch: Batch) -> list[npt.NDArray[np.float64]]:
    """Returns one float64 (D,) per signal."""
    out = np.empty((len(SIGNALS), len(batch.offsets) - 1))
    _measure(batch.segments, out)
    return list(out)
