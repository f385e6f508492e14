"""Cuts texts into pieces, the units inside which BPE merges bytes or characters, at about 100 MB/s on one core.

A piece is what the pattern `PATTERN` matches, as the `tokenizers` library applies it, leftmost alternative first:

  a digit alone          every number is split into single digits (AFM, paper section 2.7)
  letters                with one character before them that is no letter, digit or line end: " word", "(word"
  other characters       with a blank before them, and with the line ends that follow
  white space            up to its last line end; else all but its last character, which belongs to the next piece

The kernel gives every distinct piece a number. So BPE, which is slow, runs once per distinct piece and not once per
occurrence: pieces of text repeat, and a few hundred thousand of them make up gigabytes.

A kernel's arrays: D documents, N bytes of text, P pieces of the batch, K distinct pieces so far.
"""

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.text.classes import N_CODE_POINTS, run_lengths
from corpus.text.mixing import mix64

PATTERN = (
    r"\p{N}|[^\r\n\p{L}\p{M}\p{N}]?[\p{L}\p{M}]+| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)  # fmt: skip
LETTER, NUMBER, SPACE, NEWLINE = 1, 2, 4, 8  # NEWLINE is \r or \n, and also SPACE
LONGEST_KNOWN = 128  # bytes; longer pieces hardly repeat, so each gets a number of its own
_FILE = "data/classes.npz"
_EMPTY = np.int32(-1)


@lru_cache(maxsize=1)
def classes() -> npt.NDArray[np.uint8]:
    r"""Returns uint8 (0x110000,): LETTER (\p{L}, \p{M}), NUMBER (\p{N}), SPACE (\s) and NEWLINE per code point.

    The table is stored as data. `python -m corpus.tokenizer.pieces` writes it from the `tokenizers` library itself, so
    that both agree on every character.
    """
    with np.load(str(files("corpus.tokenizer") / _FILE), allow_pickle=False) as table:
        flags = np.repeat(table["flags"], table["run"])
    flags.flags.writeable = False
    return flags


class Known(NamedTuple):
    """The distinct pieces so far, in a hash table of a power of two of slots."""

    slots: npt.NDArray[np.int32]  # (S,) number of the piece, or -1
    hashes: npt.NDArray[np.uint64]  # (most pieces,)
    starts: npt.NDArray[np.int64]  # (most pieces + 1,) where each piece's bytes begin in `data`
    data: npt.NDArray[np.uint8]  # (most bytes,)


def new_known(n_pieces: int, n_bytes: int) -> Known:
    """Returns a table with room for some pieces and bytes."""
    n_slots = 1 << int(2 * n_pieces - 1).bit_length()
    return Known(
        np.full(n_slots, _EMPTY, np.int32), np.zeros(n_pieces, np.uint64), np.zeros(n_pieces + 1, np.int64),
        np.empty(n_bytes, np.uint8),
    )  # fmt: skip


def grown(known: Known, n_known: int, n_bytes: int) -> Known:
    """Returns the table with twice the room for what is full: pieces, or bytes, of which it lacks `n_bytes`."""
    used = int(known.starts[n_known])
    most_pieces, most_bytes = len(known.hashes), len(known.data)
    n_pieces = 2 * most_pieces if n_known == most_pieces else most_pieces
    larger = new_known(n_pieces, 2 * most_bytes + n_bytes if n_bytes else most_bytes)
    larger.hashes[:n_known], larger.starts[: n_known + 1] = known.hashes[:n_known], known.starts[: n_known + 1]
    larger.data[:used] = known.data[:used]
    _enter(larger.slots, larger.hashes, n_known)
    return larger


@njit(cache=True, nogil=True)
def _enter(slots, hashes, n_known):
    """Fills the slots of a new table."""
    mask = np.uint64(slots.size - 1)
    for piece in range(n_known):
        at = hashes[piece] & mask
        while slots[at] != _EMPTY:
            at = (at + np.uint64(1)) & mask
        slots[at] = piece


@njit(cache=True, nogil=True, inline="always")
def _code_point(data, i):
    """Returns (code point, bytes) of the character that begins at byte i of valid UTF-8."""
    first = data[i]
    if first < 0x80:
        return np.int64(first), 1
    if first < 0xE0:
        return (np.int64(first & 0x1F) << 6) | (data[i + 1] & 0x3F), 2
    if first < 0xF0:
        return (np.int64(first & 0x0F) << 12) | (np.int64(data[i + 1] & 0x3F) << 6) | (data[i + 2] & 0x3F), 3
    return (
        (np.int64(first & 0x07) << 18)
        | (np.int64(data[i + 1] & 0x3F) << 12)
        | (np.int64(data[i + 2] & 0x3F) << 6)
        | (data[i + 3] & 0x3F)
    ), 4


@njit(cache=True, nogil=True)
def _run(data, i, end, flags, wanted, other):
    """Returns the end of the run of characters that have a flag of `wanted`, or none of `other` if `wanted` is 0."""
    while i < end:
        point, width = _code_point(data, i)
        kind = flags[point]
        if (wanted and not kind & wanted) or (kind & other):
            break
        i += width
    return i


@njit(cache=True, nogil=True)
def _piece_end(data, i, end, flags):
    """Returns the end of the piece that begins at byte i; `end` is that of the document."""
    point, width = _code_point(data, i)
    kind, after = flags[point], i + width
    if kind & NUMBER:
        return after
    if kind & LETTER:
        return _run(data, after, end, flags, LETTER, 0)

    next_kind = np.uint8(0)
    if after < end:
        next_point, _ = _code_point(data, after)
        next_kind = flags[next_point]
        if next_kind & LETTER and not kind & NEWLINE:
            return _run(data, after, end, flags, LETTER, 0)
    if not kind & SPACE or (point == 0x20 and after < end and not next_kind & (LETTER | NUMBER | SPACE)):
        others = _run(data, after, end, flags, 0, LETTER | NUMBER | SPACE)
        return _run(data, others, end, flags, NEWLINE, 0)

    first_end, last_start, last_newline = after, i, np.int64(-1)
    while i < end:
        point, width = _code_point(data, i)
        if not flags[point] & SPACE:
            break
        last_start, i = i, i + width
        if flags[point] & NEWLINE:
            last_newline = i
    if last_newline >= 0:
        return last_newline
    return i if i == end else max(last_start, first_end)


@njit(cache=True, nogil=True)
def number(offsets, data, flags, known, n_known, longest, d, i, numbers, counts):
    """Numbers pieces from byte i of document d on, until all are done or an array is full.

    Fills numbers (P,) with the number of each piece, and counts (D,) with the pieces of each document.

    One pass over the bytes: find the end of a piece, hash it, look it up, and compare its bytes. A piece that is not in
    the table gets the next number, and its bytes are copied to the arena. Returns (d, i, pieces, K, bytes that the
    arena lacks).
    """
    slots, hashes, starts, arena = known
    mask = np.uint64(slots.size - 1)
    n, n_documents = 0, offsets.size - 1
    while d < n_documents:
        end, before = offsets[d + 1], n
        while i < end:
            stop = _piece_end(data, i, end, flags)
            length = stop - i
            lacking = starts[n_known] + length - arena.size
            if n == numbers.size or n_known == hashes.size or lacking > 0:
                counts[d] = n - before
                return d, i, n, n_known, max(lacking, 0)

            h = np.uint64(length)
            for j in range(i, stop):
                h = (h ^ np.uint64(data[j])) * np.uint64(0x100000001B3)
            h = mix64(h)

            at, piece = h & mask, _EMPTY
            while length <= longest and slots[at] != _EMPTY:
                candidate = slots[at]
                start = starts[candidate]
                if hashes[candidate] == h and starts[candidate + 1] - start == length:
                    same = True
                    for j in range(length):
                        if arena[start + j] != data[i + j]:
                            same = False
                            break
                    if same:
                        piece = candidate
                        break
                at = (at + np.uint64(1)) & mask

            if piece == _EMPTY:
                piece = np.int32(n_known)
                start = starts[n_known]
                arena[start : start + length] = data[i:stop]
                starts[n_known + 1], hashes[n_known] = start + length, h
                if length <= longest:
                    slots[at] = piece
                n_known += 1
            numbers[n] = piece
            n += 1
            i = stop
        counts[d] = n - before
        d += 1
    return d, i, n, n_known, 0


@njit(cache=True, nogil=True)
def spread(numbers, id_offsets, ids, counts, tokens, lengths):
    """Fills tokens with the ids of each piece, one after the other, and adds to lengths (D,) each document's tokens."""
    n, at = 0, 0
    for d in range(counts.size):  # documents, their pieces, the ids of a piece
        before = at
        for _ in range(counts[d]):
            piece = numbers[n]
            for j in range(id_offsets[piece], id_offsets[piece + 1]):
                tokens[at] = ids[j]
                at += 1
            n += 1
        lengths[d] += at - before
    return at


def _generate() -> dict[str, npt.NDArray[np.int32]]:
    """Returns the classes as the `tokenizers` library sees them, in runs."""
    from tokenizers import Regex, pre_tokenizers

    kinds = np.zeros(N_CODE_POINTS, np.int32)
    points = [point for point in range(N_CODE_POINTS) if not 0xD800 <= point < 0xE000]
    text = "".join(map(chr, points))
    for flag, pattern in ((LETTER, r"[\p{L}\p{M}]"), (NUMBER, r"\p{N}"), (SPACE, r"\s")):
        split = pre_tokenizers.Split(Regex(f"{pattern}+"), "removed")
        matches = np.ones(len(points), bool)
        for _, (start, end) in split.pre_tokenize_str(text):
            matches[start:end] = False
        kinds[np.array(points)[matches]] |= flag
    kinds[[0x0A, 0x0D]] |= NEWLINE
    flags, run = run_lengths(kinds)
    return {"flags": flags.astype(np.uint8), "run": run}


if __name__ == "__main__":
    from pathlib import Path

    np.savez_compressed(Path(__file__).parent / _FILE, allow_pickle=False, **_generate())
