"""Bands and rows: which pairs of signatures are looked at, and with what probability.

A signature of `bands` x `rows` entries is cut into bands; two documents are candidates when all rows of one band agree.
At Jaccard similarity s that happens with probability 1 - (1 - s^rows)^bands, an S-curve.
Source: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, section 3.4.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.dedup.near.minhash import Signatures
from corpus.errors import UserError

FALSE_POSITIVE_WEIGHT = 0.05  # a pair looked at in vain costs one comparison; a pair overlooked stays in the corpus
OPTIMAL = {(0.8, 112): (14, 8)}  # of the defaults: every command makes a recipe, and the optimizer imports scipy
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Banding:
    """How signatures are cut, and the similarity that a pair must have to be merged."""

    bands: int
    rows: int
    threshold: float

    @property
    def n_hashes(self) -> int:
        """Entries of a signature."""
        return self.bands * self.rows

    def probability(self, similarity: float) -> float:
        """Of a pair of this Jaccard similarity to be looked at."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)

    def curve(self, points: int = 50) -> list[tuple[float, float]]:
        """(similarity, probability) over [0, 1]."""
        return [(i / points, self.probability(i / points)) for i in range(points + 1)]


def banding(
    threshold: float | None = None,
    bands: int | None = None,
    rows: int | None = None,
    *,
    n_hashes: int = 112,
    verified: bool = True,
) -> Banding:
    """Bands and rows for a threshold, or the threshold of bands and rows: the similarity where half the pairs are seen.

    For a threshold, datasketch's optimizer weighs the pairs overlooked above it against those looked at in vain below
    it; where candidates are verified the latter hardly count. Raises `UserError` for what makes no sense.
    """
    if (bands is None) != (rows is None):
        raise UserError("bands and rows go together: give both, or a threshold and neither")
    if threshold is not None and not 0 < threshold <= 1:
        raise UserError(f"a Jaccard threshold is above 0 and at most 1, got {threshold:g}")
    if bands is not None and rows is not None:
        if bands < 1 or rows < 1 or bands * rows > 4096:
            raise UserError(f"bands and rows are at least 1 and give at most 4096 hashes, got {bands} x {rows}")
        middle = (1 - 0.5 ** (1 / bands)) ** (1 / rows)
        return Banding(bands, rows, round(middle, 3) if threshold is None else threshold)
    threshold = 0.8 if threshold is None else threshold
    return Banding(*_optimal(threshold, n_hashes, verified), threshold)


@lru_cache(maxsize=32)
def _optimal(threshold: float, n_hashes: int, verified: bool) -> tuple[int, int]:
    if verified and (threshold, n_hashes) in OPTIMAL:
        return OPTIMAL[threshold, n_hashes]
    return optimal(threshold, n_hashes, verified)


def optimal(threshold: float, n_hashes: int, verified: bool) -> tuple[int, int]:
    """Bands and rows as datasketch's optimizer gives them."""
    from datasketch.lsh import _optimal_param

    weight = FALSE_POSITIVE_WEIGHT if verified else 0.5
    bands, rows = _optimal_param(threshold, n_hashes, weight, 1 - weight)
    return int(bands), int(rows)


def describe(chosen: Banding, *, verified: bool = True) -> str:
    """The S-curve in words: how likely pairs of some similarities are seen, and which of those are merged."""
    shown = sorted({0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, round(chosen.threshold, 2)})
    seen = ", ".join(f"{s:g}: {chosen.probability(s):.1%}" for s in shown)
    merged = f"pairs at or above {chosen.threshold:g} are merged" if verified else "every pair that is seen is merged"
    return (
        f"{chosen.bands} bands of {chosen.rows} rows, {chosen.n_hashes} hashes; "
        f"{merged}; seen with probability, by similarity: {seen}"
    )


@njit(cache=True, nogil=True)
def _buckets(found, rows, out):
    # For each document and band: a hash over the rows of the signature that make the band.
    for d in range(found.shape[0]):
        for band in range(out.shape[0]):
            h = np.uint64(band + 1)
            for k in range(band * rows, (band + 1) * rows):
                h = (h ^ np.uint64(found[d, k])) * _GOLDEN
                h ^= h >> np.uint64(32)
            h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
            out[band, d] = h ^ (h >> np.uint64(33))


def buckets(found: Signatures, chosen: Banding) -> npt.NDArray[np.uint64]:
    """uint64 (bands, D): the bucket of each document in each band, a hash of the band's rows."""
    out = np.empty((chosen.bands, len(found)), np.uint64)
    _buckets(np.ascontiguousarray(found[:, : chosen.n_hashes]), chosen.rows, out)
    return out
