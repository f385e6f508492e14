"""All n-grams of the protected benchmarks, 4 ≤ n ≤ 13, with where they stand.

An item's texts are its units: question, choices and answer, those with four words or more; n-grams do not reach over a
unit's end. A question of eight words identifies its item; a shorter question does together with the choices and the
answer, as one more unit. So does an answer of 25 words, while shorter ones are what many would write (the loop that
finds a greatest common divisor); choices alone ("true, false") never do. In scripts without blanks, in which each
letter is a word (corpus.text.words), five letters count as three words.

Positions in units are sorted by the words that follow (a suffix array cut at 13 words), so that an n-gram is an
interval of it, known by n and the interval's first row: `gram`. A table of the distinct 4-grams leads from a hash to
its interval. Every array is a .npy file, built once and memory-mapped.

W words in all units, U units, I items.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.task import digest
from corpus.text.normal import normal_points, normalize
from corpus.text.words import stands_alone
from decontam.benchmarks import Benchmark
from decontam.disguises import plain_texts

VERSION = 3  # raised when the same benchmarks would give another index
N_MIN, N_MAX = 4, 13  # AFM: "4- to 13-grams"
UNIT_WORDS, ANSWER_WORDS = 8, 25  # a shorter question, or answer, says too little alone
LETTERS = 5 / 3  # of a script without blanks that say as much as a word: 1.65 in Chinese (filters/unspaced.py)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Arrays(NamedTuple):
    """The index, as kernels take it."""

    words: npt.NDArray[np.uint64]  # (W,) word hashes
    unit: npt.NDArray[np.int32]  # (W,) unit of each word
    unit_offsets: npt.NDArray[np.int64]  # (U + 1,)
    unit_item: npt.NDArray[np.int32]  # (U,)
    identifies: npt.NDArray[np.bool_]  # (U,) whether who holds the unit has seen the item
    unspaced: npt.NDArray[np.bool_]  # (U,) whether most of its words are letters of a script without blanks
    points: npt.NDArray[np.int32]  # code points of the words, to verify a hash hit against the text
    point_offsets: npt.NDArray[np.int64]  # (W + 1,)
    suffixes: npt.NDArray[np.int32]  # (W,) positions, sorted by the words that follow
    shared: npt.NDArray[np.uint8]  # (W,) words that a suffix shares with the one before it, at most 13
    length: npt.NDArray[np.uint8]  # (W,) words from a position to its unit's end, at most 13
    table: npt.NDArray[np.int32]  # (2^k,) first row of a 4-gram's interval, or -1
    bitmap: npt.NDArray[np.uint8]  # (2^j / 8,) which hashes of 4-grams there are


@dataclass(frozen=True, slots=True)
class Index:
    """The arrays, and the names behind units and items."""

    arrays: Arrays
    items: list[tuple[str, str]]  # (benchmark, item) of each item
    texts: list[tuple[str, str, str]]  # (question, choices, answer) of each item
    unidentified: int  # items with fewer than eight words

    @property
    def n_words(self) -> int:
        """Words in all units."""
        return len(self.arrays.words)


def key(benchmarks: Sequence[Benchmark]) -> str:
    """Stands for the index of these benchmarks."""
    return digest([VERSION, [benchmark.key for benchmark in benchmarks]])


def build(benchmarks: Sequence[Benchmark]) -> Index:
    """The index of all items."""
    items = [(benchmark.name, item.item) for benchmark in benchmarks for item in benchmark.items]
    texts = [(item.question, item.choices, item.answer) for benchmark in benchmarks for item in benchmark.items]
    plain = plain_texts(pa.array([text for own in texts for text in own], pa.large_string()))
    fields = normalize(plain)

    letters = _unspaced_letters(plain)
    n_all = np.diff(fields.offsets)
    sizes = n_all - letters * (1 - 1 / LETTERS)  # in words that say as much as others do

    units: list[tuple[str, int, bool]] = []  # text, item, whether it identifies
    for i, (own, n_words, size) in enumerate(
        zip(texts, n_all.reshape(-1, 3).tolist(), sizes.reshape(-1, 3).tolist(), strict=True)
    ):
        identifying = (size[0] >= UNIT_WORDS, False, size[2] >= ANSWER_WORDS)
        units += [(text, i, yes) for text, n, yes in zip(own, n_words, identifying, strict=True) if n >= N_MIN]
        if not identifying[0] and sum(size) >= UNIT_WORDS and n_words[0]:
            units.append((" ".join(own), i, True))

    column = plain_texts(pa.array([text for text, _, _ in units], pa.large_string()))
    words = normalize(column)
    points, point_offsets = _points(column)
    assert len(point_offsets) == len(words.hash) + 1
    unit = np.repeat(np.arange(len(units), dtype=np.int32), np.diff(words.offsets))

    suffixes, shared, length = _suffix_array(words.hash, words.offsets, unit)
    table, bitmap = _table(words.hash, suffixes, shared, length)
    unit_item = np.array([i for _, i, _ in units], np.int32)
    identifies = np.array([yes for _, _, yes in units], np.bool_)
    unspaced = 2 * _unspaced_letters(column) > np.diff(words.offsets)
    arrays = Arrays(
        words.hash.copy(), unit, words.offsets.copy(), unit_item, identifies, unspaced, points, point_offsets, suffixes,
        shared, length, table, bitmap,
    )  # fmt: skip
    return Index(arrays, items, texts, len(items) - len({i for _, i, yes in units if yes}))


def letters_of(n_words: int) -> int:
    """So many letters of a script without blanks say as much as an n-gram of words; no n-gram is longer than 13."""
    return min(round(n_words * LETTERS), N_MAX)


def _unspaced_letters(column: pa.Array) -> npt.NDArray[np.int64]:
    """int64 (D,): letters of scripts without blanks in each normal text."""
    points, offsets = normal_points(column)
    counts = np.concatenate([[0], np.cumsum(_are_unspaced(points))])
    return np.diff(counts[offsets])


@njit(cache=True, nogil=True)
def _are_unspaced(points):
    alone = np.empty(points.size, np.bool_)
    for i in range(points.size):
        alone[i] = stands_alone(points[i])
    return alone


def unit_words(index: Index, unit: int) -> list[str]:
    """The normal words of a unit."""
    first, end = index.arrays.unit_offsets[unit : unit + 2].tolist()
    bounds = index.arrays.point_offsets[first : end + 1].tolist()
    return ["".join(map(chr, index.arrays.points[start:stop].tolist())) for start, stop in pairwise(bounds)]


def _points(column: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """(code points of all words in a row, offsets of the words) of normal texts."""
    points, offsets = normal_points(column)
    starts = np.zeros(len(points), np.bool_)
    starts[offsets[:-1][np.diff(offsets) > 0]] = True
    spaces = points == 32
    starts[1:] |= spaces[:-1]
    word_starts = np.flatnonzero(starts & ~spaces)
    before = np.cumsum(spaces)  # spaces up to and with each place
    kept = points[~spaces]
    return kept, np.concatenate([word_starts - before[word_starts], [len(kept)]]).astype(np.int64)


def _suffix_array(
    words: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64], unit: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """(suffixes, shared, length): positions sorted by up to 13 words that follow inside the unit."""
    n_words = len(words)
    length = np.minimum(offsets[1:][unit] - np.arange(n_words), N_MAX).astype(np.uint8)
    _, rank = np.unique(words, return_inverse=True)
    order = np.arange(n_words)
    for n in range(N_MAX - 1, -1, -1):  # least significant first; past the unit's end comes before every word
        at = np.minimum(order + n, max(n_words - 1, 0))
        column = np.where(length[order] > n, rank[at] + 1, 0)
        order = order[np.argsort(column, kind="stable")]
    return order.astype(np.int32), _shared(words, order, length), length


@njit(cache=True, nogil=True)
def _shared(words, order, length):
    shared = np.zeros(order.size, np.uint8)
    for row in range(1, order.size):
        i, j = order[row - 1], order[row]
        most = min(length[i], length[j])
        n = 0
        while n < most and words[i + n] == words[j + n]:
            n += 1
        shared[row] = n
    return shared


@njit(cache=True, nogil=True, inline="always")
def hash4(words, i):
    """Hash of the four words from i."""
    h = words[i] * _GOLDEN
    h = (h ^ (h >> np.uint64(29)) ^ words[i + 1]) * _GOLDEN
    h = (h ^ (h >> np.uint64(29)) ^ words[i + 2]) * _GOLDEN
    h = (h ^ (h >> np.uint64(29)) ^ words[i + 3]) * _GOLDEN
    return h ^ (h >> np.uint64(32))


def _table(
    words: npt.NDArray[np.uint64], suffixes: npt.NDArray[np.int32], shared: npt.NDArray[np.uint8],
    length: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:  # fmt: skip
    first = np.flatnonzero((length[suffixes] >= N_MIN) & (shared < N_MIN))
    n_slots = 1 << max(4, int(2 * len(first)).bit_length())
    table = np.full(n_slots, -1, np.int32)
    bitmap = np.zeros(max(1 << 12, n_slots), np.uint8)  # eight bits a slot, sixteen and more a 4-gram
    _fill(words, suffixes, first, table, bitmap)
    return table, bitmap


@njit(cache=True, nogil=True)
def _fill(words, suffixes, first, table, bitmap):
    mask, bits = np.uint64(table.size - 1), np.uint64(8 * bitmap.size - 1)
    for row in first:
        h = hash4(words, suffixes[row])
        bit = (h >> np.uint64(20)) & bits
        bitmap[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))
        slot = h & mask
        while table[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = row


def save(index: Index, folder: Path) -> None:
    """Writes the index; the folder appears when it is whole."""
    if folder.exists():
        return
    temporary = folder.with_name(f".{folder.name}-{uuid4().hex[:8]}.tmp")
    temporary.mkdir(parents=True)
    for name, array in index.arrays._asdict().items():
        np.save(temporary / f"{name}.npy", array, allow_pickle=False)
    names = {"items": index.items, "texts": index.texts, "unidentified": index.unidentified}
    (temporary / "items.json").write_text(json.dumps(names))
    try:
        os.replace(temporary, folder)
    except OSError:  # another process was faster
        if not folder.exists():
            raise


def load(folder: Path) -> Index:
    """The index in a folder, memory-mapped."""
    mapped = (np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in Arrays._fields)
    names = json.loads((folder / "items.json").read_text())
    arrays = Arrays(*(np.asarray(array) for array in mapped))
    return Index(arrays, [tuple(i) for i in names["items"]], [tuple(t) for t in names["texts"]], names["unidentified"])
