"""MinHash signatures beside datatrove, datasketch and rensa: from raw text, from ready shingles, from ready hashes.

From raw text each peer is called as its documentation does it, at its fastest settings; what is slow there is mostly the
shingling in Python. So the peers are also given ready shingles, for nothing, while ours begins with the text; and
rensa, which takes hashes, the very hashes that our own kernel gets.
"""

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from benchmarks.claims import Claim, best, claim, named

_PEER_TEXTS = 200  # pages on which the slow peers are measured
_REPEATS = 3  # of which the best counts, on both sides
_N_HASHES = 112
_WHAT = f"word 5-grams, {_N_HASHES} hashes"


def run(source: pa.Array) -> Iterator[Claim]:
    """MB/s of raw text, one core, best of several runs, all warmed."""
    from corpus.dedup.near.minhash import Sketch, signatures

    mine = _rate(source.nbytes, lambda: signatures(source, Sketch()), _REPEATS)
    few, some = source[:_PEER_TEXTS].nbytes, source[:_PEER_TEXTS].to_pylist()
    every, n_bytes = source.to_pylist(), source.nbytes

    rate = _rate(few, lambda: _datatrove(some), _REPEATS)
    yield claim("dedup.signatures_datatrove", mine, rate, named("datatrove"), "MB/s", 150.0, f"from raw text: {_WHAT}")
    rate = _rate(few, lambda: _datasketch([_shingles(text) for text in some]), _REPEATS)
    yield claim("dedup.signatures_datasketch", mine, rate, f"{named('datasketch')}, xxHash", "MB/s", 15.0,
                f"from raw text: {_WHAT}")  # fmt: skip
    rate = _rate(n_bytes, lambda: _rensa([_shingles(text) for text in every]), _REPEATS)
    yield claim("dedup.signatures_rensa", mine, rate, f"{named('rensa')}, digest matrix", "MB/s", 3.0,
                f"from raw text: {_WHAT}")  # fmt: skip

    ready = [_shingles(text) for text in every]
    rate = _rate(n_bytes, lambda: _datasketch(ready), _REPEATS)
    yield claim("dedup.shingled_datasketch", mine, rate, f"{named('datasketch')}, xxHash", "MB/s", 1.0,
                "Pomona from raw text, the peer from finished shingles: the time for making them is not counted")  # fmt: skip
    rate = _rate(n_bytes, lambda: _rensa(ready), _REPEATS)
    yield claim("dedup.shingled_rensa", mine, rate, f"{named('rensa')}, digest matrix", "MB/s", 1.0,
                "Pomona from raw text, the peer from finished shingles: the time for making them is not counted")  # fmt: skip
    yield _hashed(source)

    touch_and_hash(*_buffers(source))
    limit = _rate(n_bytes, lambda: touch_and_hash(*_buffers(source)), _REPEATS)
    yield claim("dedup.signatures_limit", mine, limit, "touching every byte, hashing every word", "MB/s", 0.25)


def _rate(n_bytes: int, work: Callable[[], Any], repeats: int) -> float:
    work()
    return n_bytes / best(work, repeats) / 1e6


def _hashed(source: pa.Array) -> Claim:
    """Both from the same 64-bit hashes of shingles in one flat array."""
    from rensa import RMinHash

    from corpus.dedup.near.minhash import Sketch, _least, _shingle_batches, permutations

    batches = [(hashes.copy(), offsets.copy()) for hashes, offsets in _shingle_batches(source, Sketch())]
    hashes = np.concatenate([one for one, _ in batches])
    offsets = np.cumsum(np.concatenate([[0], *(np.diff(one) for _, one in batches)]))
    a, b = permutations(_N_HASHES, 1)
    found = np.empty((len(source), _N_HASHES), np.uint32)
    ours = _rate(source.nbytes, lambda: _least(hashes, offsets, a, b, found), _REPEATS)
    theirs = _rate(
        source.nbytes, lambda: RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, _N_HASHES, 1), _REPEATS
    )
    return claim("dedup.hashed_rensa", ours, theirs, f"{named('rensa')}, flat hashes", "MB/s", 1.0,
                 f"both from the same {len(hashes):,} hashes of shingles")  # fmt: skip


def _datatrove(documents: list[str]) -> None:
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupSignature

    with tempfile.TemporaryDirectory() as folder:
        step = MinhashDedupSignature(folder)
        step.run((Document(text, str(i)) for i, text in enumerate(documents)), 0, 1)


def _shingles(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))]


def _datasketch(documents: list[list[str]]) -> None:
    import xxhash
    from datasketch import MinHash

    for shingles in documents:
        found = MinHash(num_perm=_N_HASHES, hashfunc=xxhash.xxh32_intdigest)
        found.update_batch([shingle.encode() for shingle in shingles])


def _rensa(documents: list[list[str]]) -> None:
    from rensa import RMinHash

    RMinHash.digest_matrix_from_token_sets(documents, _N_HASHES, 1)


def _buffers(source: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    from corpus.text.buffers import string_buffers

    return string_buffers(source)


@njit(cache=True)
def touch_and_hash(offsets, data):
    """The least that can be done: FNV-1a of what stands between white space."""
    folded = np.uint64(0)
    for d in range(offsets.size - 1):
        h = np.uint64(14695981039346656037)
        for i in range(offsets[d], offsets[d + 1]):
            if data[i] <= 32:
                folded ^= h
                h = np.uint64(14695981039346656037)
            else:
                h = (h ^ np.uint64(data[i])) * np.uint64(0x100000001B3)
        folded ^= h
    return folded
