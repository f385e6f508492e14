"""Builds the index of all n-grams of the protected benchmarks, 4 ≤ n ≤ 13, with the places where they occur.

The texts of an item are its units: question, choices and answer, if they have four words or more. An n-gram does not
reach over a unit's end. Some units identify their item, which means that a document with the unit contains the item:

- a question of at least eight words;
- a shorter question together with the choices and the answer, as an additional unit, if these have eight words;
- an answer of at least 25 words. Many people would write the same shorter answer, for example the loop that finds a
  greatest common divisor.

Choices alone ("true, false") never identify an item. In scripts without blanks, each letter is a word
(corpus.text.words), and five letters count as three words for these limits.

The positions in all units are sorted by the words that follow them: a suffix array cut at 13 words. So an n-gram is an
interval of the suffix array. It is known by n and the interval's first row; the number (n - 4) * W + row is called
`gram`. A hash table of the distinct 4-grams leads to their intervals. Every array is a .npy file, built once and
memory-mapped.

W words in all units, U units, I items.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.task import digest
from corpus.text.mixing import GOLDEN
from corpus.text.normal import normal_points, normalize
from corpus.text.words import stands_alone
from decontam.benchmarks import Benchmark
from decontam.disguises import plain_texts

VERSION = 3  # raise it when the same benchmarks give another index
N_MIN, N_MAX = 4, 13  # AFM: "4- to 13-grams"
UNIT_WORDS, ANSWER_WORDS = 8, 25  # a shorter question, or answer, does not identify an item alone
LETTERS = 5 / 3  # letters of a script without blanks per word of other scripts: 1.65 in Chinese (filters/unspaced.py)


class Arrays(NamedTuple):
    """The index as arrays for kernels."""

    words: npt.NDArray[np.uint64]  # (W,) word hashes
    unit: npt.NDArray[np.int32]  # (W,) unit of each word
    unit_offsets: npt.NDArray[np.int64]  # (U + 1,) the words of unit u are offsets[u] to offsets[u + 1]
    unit_item: npt.NDArray[np.int32]  # (U,) item of each unit
    identifies: npt.NDArray[np.bool_]  # (U,) whether a document that holds the unit contains the item
    unspaced: npt.NDArray[np.bool_]  # (U,) whether most of its words are letters of a script without blanks
    points: npt.NDArray[np.int32]  # code points of all words; a hash hit is compared with them
    point_offsets: npt.NDArray[np.int64]  # (W + 1,) the code points of word w are offsets[w] to offsets[w + 1]
    suffixes: npt.NDArray[np.int32]  # (W,) positions, sorted by the words that follow
    shared: npt.NDArray[np.uint8]  # (W,) words that a suffix shares with the suffix before it, at most 13
    length: npt.NDArray[np.uint8]  # (W,) words from a position to its unit's end, at most 13
    table: npt.NDArray[np.int32]  # (2^k,) hash table: first row of a 4-gram's interval, or -1
    bitmap: npt.NDArray[np.uint8]  # (2^j / 8,) one bit per hash value: whether a 4-gram has it


@dataclass(frozen=True, slots=True)
class Index:
    """The arrays, and the names and texts of the items."""

    arrays: Arrays
    items: list[tuple[str, str]]  # (benchmark, item) of each item
    texts: list[tuple[str, str, str]]  # (question, choices, answer) of each item
    unidentified: int  # items without a unit that identifies them

    @property
    def n_words(self) -> int:
        """The number of words in all units."""
        return len(self.arrays.words)


def key(benchmarks: Sequence[Benchmark]) -> str:
    """Returns a hash that names the index of these benchmarks."""
    return digest([VERSION, [benchmark.key for benchmark in benchmarks]])


def build(benchmarks: Sequence[Benchmark]) -> Index:
    """Returns the index of all items of the benchmarks."""
    items = [(benchmark.name, item.item) for benchmark in benchmarks for item in benchmark.items]
    texts = [(item.question, item.choices, item.answer) for benchmark in benchmarks for item in benchmark.items]
    plain = plain_texts(pa.array([text for own in texts for text in own], pa.large_string()))
    fields = normalize(plain)

    # The size of each text in words, with letters of scripts without blanks converted to words.
    letters = _unspaced_letters(plain)
    n_all = np.diff(fields.offsets)
    sizes = n_all - letters * (1 - 1 / LETTERS)

    # The units of each item, as the module's docstring defines them.
    units: list[tuple[str, int, bool]] = []  # text, item, whether it identifies the item
    for i, (own, n_words, size) in enumerate(
        zip(texts, n_all.reshape(-1, 3).tolist(), sizes.reshape(-1, 3).tolist(), strict=True)
    ):
        identifying = (size[0] >= UNIT_WORDS, False, size[2] >= ANSWER_WORDS)
        units += [(text, i, yes) for text, n, yes in zip(own, n_words, identifying, strict=True) if n >= N_MIN]
        if not identifying[0] and sum(size) >= UNIT_WORDS and n_words[0]:
            units.append((" ".join(own), i, True))

    # Their words, as hashes and as code points.
    column = plain_texts(pa.array([text for text, _, _ in units], pa.large_string()))
    words = normalize(column)
    points, point_offsets = _points(column)
    assert len(point_offsets) == len(words.hash) + 1
    unit = np.repeat(np.arange(len(units), dtype=np.int32), np.diff(words.offsets))

    # The sorted positions, and the tables that lead to them.
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
    """Returns how many letters of a script without blanks replace an n-gram of `n_words` words, at most 13."""
    return min(round(n_words * LETTERS), N_MAX)


def _unspaced_letters(column: pa.Array) -> npt.NDArray[np.int64]:
    """Returns int64 (D,): the number of letters of scripts without blanks in each normal text."""
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
    """Returns the normal words of a unit."""
    first, end = index.arrays.unit_offsets[unit : unit + 2].tolist()
    bounds = index.arrays.point_offsets[first : end + 1].tolist()
    return ["".join(map(chr, index.arrays.points[start:stop].tolist())) for start, stop in pairwise(bounds)]


def _points(column: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Returns (code points of all words without spaces, offsets of the words) of the normal texts."""
    points, offsets = normal_points(column)

    # A word starts at the start of a text and after a space.
    starts = np.zeros(len(points), np.bool_)
    starts[offsets[:-1][np.diff(offsets) > 0]] = True
    spaces = points == 32
    starts[1:] |= spaces[:-1]
    word_starts = np.flatnonzero(starts & ~spaces)

    # Without the spaces, each word starts as many places earlier as there are spaces before it.
    before = np.cumsum(spaces)  # spaces up to each place, this place included
    kept = points[~spaces]
    return kept, np.concatenate([word_starts - before[word_starts], [len(kept)]]).astype(np.int64)


def _suffix_array(
    words: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64], unit: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Returns (suffixes, shared, length): the positions, sorted by up to 13 words that follow inside the unit.

    It is a radix sort: a stable sort by the last word, then by the word before it, and so on.
    """
    n_words = len(words)
    length = np.minimum(offsets[1:][unit] - np.arange(n_words), N_MAX).astype(np.uint8)
    _, rank = np.unique(words, return_inverse=True)

    order = np.arange(n_words)
    for n in range(N_MAX - 1, -1, -1):  # the end of a unit sorts before every word
        at = np.minimum(order + n, max(n_words - 1, 0))
        column = np.where(length[order] > n, rank[at] + 1, 0)
        order = order[np.argsort(column, kind="stable")]
    return order.astype(np.int32), _shared(words, order, length), length


@njit(cache=True, nogil=True)
def _shared(words, order, length):
    """Returns uint8 (W,): how many words each suffix shares with the suffix before it, inside both units."""
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
    """Returns the hash of the four words from i."""
    h = words[i] * GOLDEN
    h = (h ^ (h >> np.uint64(29)) ^ words[i + 1]) * GOLDEN
    h = (h ^ (h >> np.uint64(29)) ^ words[i + 2]) * GOLDEN
    h = (h ^ (h >> np.uint64(29)) ^ words[i + 3]) * GOLDEN
    return h ^ (h >> np.uint64(32))


def _table(
    words: npt.NDArray[np.uint64], suffixes: npt.NDArray[np.int32], shared: npt.NDArray[np.uint8],
    length: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:  # fmt: skip
    """Returns (table, bitmap) over the distinct 4-grams; see `Arrays`."""
    first = np.flatnonzero((length[suffixes] >= N_MIN) & (shared < N_MIN))  # first rows of the 4-grams' intervals
    n_slots = 1 << max(4, int(2 * len(first)).bit_length())
    table = np.full(n_slots, -1, np.int32)
    bitmap = np.zeros(max(1 << 12, n_slots), np.uint8)  # eight bits per slot, at least sixteen per 4-gram
    _fill(words, suffixes, first, table, bitmap)
    return table, bitmap


@njit(cache=True, nogil=True)
def _fill(words, suffixes, first, table, bitmap):
    """Enters each 4-gram into the bitmap and into the hash table, which has linear probing."""
    mask, bits = np.uint64(table.size - 1), np.uint64(8 * bitmap.size - 1)
    for row in first:
        h = hash4(words, suffixes[row])
        bit = (h >> np.uint64(20)) & bits
        bitmap[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))
        slot = h & mask
        while table[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = row


FILES = (*(f"{name}.npy" for name in Arrays._fields), "items.json")  # of a stored index


def save(index: Index, folder: Path) -> None:
    """Writes the index into an empty folder."""
    for name, array in index.arrays._asdict().items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    names = {"items": index.items, "texts": index.texts, "unidentified": index.unidentified}
    (folder / "items.json").write_text(json.dumps(names))


def load(folder: Path) -> Index:
    """Returns the index in a folder, with memory-mapped arrays."""
    mapped = (np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in Arrays._fields)
    names = json.loads((folder / "items.json").read_text())
    arrays = Arrays(*(np.asarray(array) for array in mapped))
    return Index(arrays, [tuple(i) for i in names["items"]], [tuple(t) for t in names["texts"]], names["unidentified"])
