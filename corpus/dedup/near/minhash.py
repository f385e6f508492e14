"""MinHash signatures: the least hashes of a text's shingles. The share of equal entries estimates Jaccard similarity.

Source: Broder, On the resemblance and containment of documents, 1997. The permutations are datasketch's scheme
"affine32": x → (a_k · fmix32(x) + b_k) mod 2^32 with a_k odd, so that each is a bijection. A signature of this module
is the signature that `datasketch.MinHash(seed=..., scheme="affine32")` gives for the same 32-bit shingle hashes.

Definitions
  shingle     `ngram` consecutive words of the normal text (corpus.text.normal), or that many of its characters;
              a shorter text is one shingle. The shingles of a text are a set.
  jaccard     shingles in both texts / shingles in either
D documents, K hashes, S shingles.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.dedup.near.kinds import Unit
from corpus.text.buffers import slices, string_buffers
from corpus.text.mixing import GOLDEN, mix64
from corpus.text.normal import Normalizer, normal_points

VERSION = 1  # raise it when the same text gives another signature
EMPTY = np.uint32(0xFFFFFFFF)  # every entry of the signature of a text without words
_BATCH_BYTES = 1 << 20  # keeps the scratch arrays of a batch in the CPU cache

Signatures = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Sketch:
    """The options of a signature."""

    unit: Unit = "words"
    ngram: int = 5
    n_hashes: int = 112
    seed: int = 1

    def options(self) -> dict[str, Any]:
        """Returns the fields as a JSON object."""
        return asdict(self)


@lru_cache(maxsize=8)
def permutations(n_hashes: int, seed: int) -> tuple[Signatures, Signatures]:
    """Returns (a, b), uint32 (K,) each: the parameters that datasketch draws for this seed."""
    draw = np.random.RandomState(seed)
    a = draw.randint(0, 1 << 31, n_hashes, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, draw.randint(0, 1 << 32, n_hashes, dtype=np.uint32)


def signatures(text: pa.Array | pa.ChunkedArray, sketch: Sketch) -> tuple[Signatures, npt.NDArray[np.int64]]:
    """Returns (signatures uint32 (D, K), number of shingles, with repeats, int64 (D,)) of texts."""
    n_documents, done = len(text), 0
    least = np.empty((n_documents, sketch.n_hashes), np.uint32)
    counts = np.empty(n_documents, np.int64)
    a, b = permutations(sketch.n_hashes, sketch.seed)
    for hashes, offsets in _shingle_batches(text, sketch):
        rows = slice(done, done + len(offsets) - 1)
        _least(hashes, offsets, a, b, least[rows])
        counts[rows] = np.diff(offsets)
        done = rows.stop
    return least, counts


def shingle_sets(text: pa.Array | pa.ChunkedArray, sketch: Sketch) -> tuple[npt.NDArray[np.uint64], npt.NDArray[Any]]:
    """Returns (64-bit shingle hashes uint64 (S,), sorted and distinct in each text; offsets int64 (D + 1,))."""
    sets: list[npt.NDArray[np.uint64]] = []
    lengths: list[npt.NDArray[np.int64]] = [np.zeros(1, np.int64)]
    for hashes, offsets in _shingle_batches(text, sketch):
        distinct = np.empty(len(hashes), np.uint64)
        counts = np.empty(len(offsets) - 1, np.int64)
        n_distinct = _distinct(hashes, offsets, distinct, counts)
        sets.append(distinct[:n_distinct])
        lengths.append(counts)
    return np.concatenate([*sets, np.empty(0, np.uint64)]), np.cumsum(np.concatenate(lengths))


def _shingle_batches(
    text: pa.Array | pa.ChunkedArray, sketch: Sketch
) -> Iterator[tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]]:
    """Yields (shingle hashes, offsets) of one slice of the texts after the other. Each overwrites the one before."""
    offsets, data = string_buffers(text)
    normalizer = Normalizer()
    hashes, shingle_offsets = np.empty(0, np.uint64), np.empty(0, np.int64)
    for start, end in slices(offsets, _BATCH_BYTES):
        if sketch.unit == "words":
            words = normalizer(offsets[start : end + 1], data)
            units, unit_offsets = words.hash, words.offsets
        else:
            points, unit_offsets = normal_points(text[start:end])
            units = points.astype(np.uint64)
        if len(hashes) < len(units) or len(shingle_offsets) < len(unit_offsets):
            hashes, shingle_offsets = np.empty(len(units), np.uint64), np.empty(len(unit_offsets), np.int64)
        n_shingles = shingle_hashes(units, unit_offsets, sketch.ngram, hashes, shingle_offsets)
        yield hashes[:n_shingles], shingle_offsets[: len(unit_offsets)]


@njit(cache=True, nogil=True)
def shingle_hashes(units, offsets, ngram, hashes, shingle_offsets):
    """Computes a polynomial modulo 2^64 over word hashes, or code points, and mixes it.

    The polynomial rolls on from unit to unit.
    """
    s = 0
    shingle_offsets[0] = 0
    for d in range(offsets.size - 1):
        first, end = offsets[d], offsets[d + 1]
        n = min(ngram, end - first)
        if n > 0:
            h, top = np.uint64(0), np.uint64(1)
            for i in range(first, first + n):
                h = h * GOLDEN + units[i]
                top *= GOLDEN
            hashes[s] = mix64(h + np.uint64(n))
            s += 1
            for i in range(first + n, end):
                h = h * GOLDEN + (units[i] - top * units[i - n])
                hashes[s] = mix64(h + np.uint64(n))
                s += 1
        shingle_offsets[d + 1] = s
    return s


@njit(cache=True, nogil=True, inline="always")
def _fmix32(h):
    """MurmurHash3's finalizer of 32 bits, over the upper half of a hash."""
    x = np.uint32(h >> np.uint64(32))
    x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    x = np.uint32((x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(x ^ (x >> np.uint32(16)))


@njit(cache=True, nogil=True)
def _least(hashes, offsets, a, b, least):
    """Finds the least value of each permutation over a document's shingles."""
    for d in range(offsets.size - 1):
        row = least[d]
        row[:] = EMPTY
        i, end = offsets[d], offsets[d + 1]

        # Take four shingles at a time, so that the compiler vectorizes the loop over permutations.
        while i + 4 <= end:
            x0, x1, x2, x3 = _fmix32(hashes[i]), _fmix32(hashes[i + 1]), _fmix32(hashes[i + 2]), _fmix32(hashes[i + 3])
            # For each permutation, take the least of its four values and of the values before.
            for k in range(a.size):
                left = min(np.uint32(a[k] * x0 + b[k]), np.uint32(a[k] * x1 + b[k]))
                right = min(np.uint32(a[k] * x2 + b[k]), np.uint32(a[k] * x3 + b[k]))
                row[k] = min(row[k], min(left, right))
            i += 4

        # Take the last shingles one by one.
        while i < end:
            x = _fmix32(hashes[i])
            # For each permutation, as above.
            for k in range(a.size):
                row[k] = min(row[k], np.uint32(a[k] * x + b[k]))
            i += 1


@njit(cache=True, nogil=True)
def _distinct(hashes, offsets, distinct, counts):
    n = 0
    for d in range(counts.size):
        ordered = np.sort(hashes[offsets[d] : offsets[d + 1]])
        first = n
        for i in range(ordered.size):
            if i == 0 or ordered[i] != ordered[i - 1]:
                distinct[n] = ordered[i]
                n += 1
        counts[d] = n - first
    return n


@njit(cache=True, nogil=True)
def agreement(left, right):
    """Returns the share of equal entries of two signatures (K,): the estimate of their Jaccard similarity."""
    equal = 0
    for k in range(left.size):
        equal += left[k] == right[k]
    return equal / left.size


@njit(cache=True, nogil=True)
def jaccard(left, right):
    """Returns the Jaccard similarity of two sorted sets."""
    i = j = both = 0
    while i < left.size and j < right.size:
        if left[i] == right[j]:
            both += 1
            i += 1
            j += 1
        elif left[i] < right[j]:
            i += 1
        else:
            j += 1
    either = left.size + right.size - both
    return both / either if either else 1.0


@njit(cache=True, nogil=True)
def agreements(stored, query):
    """Returns float64 (D,): the estimated similarity of each of the signatures (D, K) to one signature (K,)."""
    estimates = np.empty(len(stored), np.float64)
    for d in range(len(stored)):
        estimates[d] = agreement(stored[d], query)
    return estimates


def as_binary(found: Signatures) -> pa.Array:
    """Returns a column of `signatures`: each row's K entries, 32 bits each, little-endian."""
    n_documents, n_hashes = found.shape
    offsets = np.arange(0, 4 * n_hashes * n_documents + 1, 4 * n_hashes, dtype=np.int64)
    values = np.ascontiguousarray(found, dtype="<u4")
    return pa.Array.from_buffers(pa.large_binary(), n_documents, [None, pa.py_buffer(offsets), pa.py_buffer(values)])


def from_binary(column: pa.Array | pa.ChunkedArray, n_hashes: int) -> Signatures:
    """Returns uint32 (D, K) from a column of `signatures`."""
    offsets, data = string_buffers(column)
    if len(offsets) > 1 and not (np.diff(offsets) == 4 * n_hashes).all():
        raise ValueError(f"the signatures hold {int(offsets[1] - offsets[0]) // 4} hashes, not {n_hashes}")
    return data[offsets[0] : offsets[-1]].view("<u4").reshape(len(offsets) - 1, n_hashes)
