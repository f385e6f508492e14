"""Hashes Arrow strings to 64 or 128 bits. Source: XXH64, specification at github.com/Cyan4973/xxHash.

XXH64 was chosen because anyone can recompute it. A 128-bit hash is two of them, with seeds 0 and 1, written as 32 hex
digits: among 10^10 documents the odds of one collision are below 10^-18.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.buffers import Bytes, Offsets, string_buffers

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)

Hashes = npt.NDArray[np.uint64]


@njit(cache=True, nogil=True, inline="always")
def _rotate(x, bits):
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@njit(cache=True, nogil=True, inline="always")
def _word(data, i):
    """Returns the eight bytes from `i` as a little-endian number."""
    word = np.uint64(0)
    for k in range(8):
        word |= np.uint64(data[i + k]) << np.uint64(8 * k)
    return word


@njit(cache=True, nogil=True, inline="always")
def _round(lane, word):
    return _rotate(lane + word * _P2, 31) * _P1


@njit(cache=True, nogil=True)
def xxh64(data, start, end, seed):
    """Returns the XXH64 of data[start:end]; `seed` is a uint64.

    Steps of the specification: four lanes over blocks of 32 bytes, the lanes merged into h, then the last bytes in
    steps of 8, 4 and 1, then the final mix.
    """
    n, i = end - start, start

    # Blocks of 32 bytes: lanes a, b, c, d take 8 bytes each.
    if n >= 32:
        a, b, c, d = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while i <= end - 32:
            a, b = _round(a, _word(data, i)), _round(b, _word(data, i + 8))
            c, d = _round(c, _word(data, i + 16)), _round(d, _word(data, i + 24))
            i += 32
        h = _rotate(a, 1) + _rotate(b, 7) + _rotate(c, 12) + _rotate(d, 18)
        for lane in (a, b, c, d):
            h = (h ^ _round(np.uint64(0), lane)) * _P1 + _P4
    else:
        h = seed + _P5

    # The last bytes, fewer than 32.
    h += np.uint64(n)
    while i <= end - 8:
        h = _rotate(h ^ _round(np.uint64(0), _word(data, i)), 27) * _P1 + _P4
        i += 8
    if i <= end - 4:
        word = np.uint64(0)
        for k in range(4):
            word |= np.uint64(data[i + k]) << np.uint64(8 * k)
        h = _rotate(h ^ (word * _P1), 23) * _P2 + _P3
        i += 4
    while i < end:
        h = _rotate(h ^ (np.uint64(data[i]) * _P5), 11) * _P1
        i += 1

    # The final mix.
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    return h ^ (h >> np.uint64(32))


@njit(cache=True, nogil=True)
def _hash_each(offsets: Offsets, data: Bytes, seed: np.uint64, hashes: Hashes) -> None:
    for d in range(hashes.size):
        hashes[d] = xxh64(data, offsets[d], offsets[d + 1], seed)


def hash64(text: pa.Array | pa.ChunkedArray, seed: int = 0) -> Hashes:
    """Returns the XXH64 of each string or binary value: uint64 (D,)."""
    offsets, data = string_buffers(text)
    hashes = np.empty(len(offsets) - 1, np.uint64)
    _hash_each(offsets, data, np.uint64(seed), hashes)
    return hashes


def hash128(text: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Returns each value's 128-bit hash as a string of 32 hex digits: XXH64 with seed 0, then with seed 1."""
    return hex128(hash64(text, 0), hash64(text, 1))


def hex128(high: Hashes, low: Hashes) -> pa.Array:
    """Returns a string array (D,) of 32 hex digits each, from two uint64 (D,)."""
    n_documents = len(high)
    words = np.stack([high, low], axis=1).astype(">u8").view(np.uint8)  # (D, 16), most significant byte first
    digits = np.empty((n_documents, 32), np.uint8)
    digits[:, 0::2], digits[:, 1::2] = _HEX[words >> 4], _HEX[words & 15]
    offsets = np.arange(0, 32 * n_documents + 1, 32, dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), n_documents, [None, pa.py_buffer(offsets), pa.py_buffer(digits.tobytes())]
    )
