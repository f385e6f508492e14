"""Bands and rows: they decide which pairs of signatures are candidates, and with what probability.

A signature of `bands` x `rows` entries is cut into bands. Two documents are candidates if all rows of one band agree.
At Jaccard similarity s, this happens with probability 1 - (1 - s^rows)^bands, an S-curve.
Source: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, section 3.4.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.dedup.near.minhash import Signatures
from corpus.errors import UserError
from corpus.text.mixing import GOLDEN, mix64_once

FALSE_POSITIVE_WEIGHT = 0.05  # a false positive costs one comparison; a false negative stays in the corpus
OPTIMAL = {(0.8, 112): (14, 8)}  # for the defaults: every command makes a recipe, and the optimizer imports scipy


@dataclass(frozen=True, slots=True)
class Banding:
    """The bands and rows of signatures, and the least similarity at which a pair is merged."""

    bands: int
    rows: int
    threshold: float

    @property
    def n_hashes(self) -> int:
        """Number of entries of a signature."""
        return self.bands * self.rows

    def probability(self, similarity: float) -> float:
        """Returns the probability that a pair of this Jaccard similarity is a candidate."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)

    def curve(self, points: int = 50) -> list[tuple[float, float]]:
        """Returns (similarity, probability) over [0, 1]."""
        return [(i / points, self.probability(i / points)) for i in range(points + 1)]


def banding(
    threshold: float | None = None,
    bands: int | None = None,
    rows: int | None = None,
    *,
    n_hashes: int = 112,
    verified: bool = True,
) -> Banding:
    """Returns the bands and rows for a threshold, or the threshold for bands and rows.

    The threshold for bands and rows is the similarity at which half of the pairs are candidates. For a threshold,
    datasketch's optimizer weighs the false negatives above it against the false positives below it. If candidates are
    verified, false positives hardly count. Raises `UserError` for values that do not make sense.
    """
    if (bands is None) != (rows is None):
        raise UserError("bands and rows go together: give both, or only a threshold")
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
    """Returns the bands and rows that datasketch's optimizer chooses."""
    from datasketch.lsh import _optimal_param

    weight = FALSE_POSITIVE_WEIGHT if verified else 0.5
    bands, rows = _optimal_param(threshold, n_hashes, weight, 1 - weight)
    return int(bands), int(rows)


def describe(chosen: Banding, *, verified: bool = True) -> str:
    """Describes the S-curve: how likely pairs of some similarities are candidates, and which candidates are merged."""
    shown = sorted({0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, round(chosen.threshold, 2)})
    probabilities = ", ".join(f"{s:g}: {chosen.probability(s):.1%}" for s in shown)
    merged = f"pairs at or above {chosen.threshold:g} are merged" if verified else "every candidate pair is merged"
    return (
        f"{chosen.bands} bands of {chosen.rows} rows, {chosen.n_hashes} hashes; "
        f"{merged}; probability that a pair is a candidate, by similarity: {probabilities}"
    )


@njit(cache=True, nogil=True)
def _buckets(entries, rows, out):
    # Computes, for each document and band, a hash over the rows of the signature in this band.
    for d in range(entries.shape[0]):
        for band in range(out.shape[0]):
            h = np.uint64(band + 1)
            for k in range(band * rows, (band + 1) * rows):
                h = (h ^ np.uint64(entries[d, k])) * GOLDEN
                h ^= h >> np.uint64(32)
            out[band, d] = mix64_once(h)


def buckets(found: Signatures, chosen: Banding) -> npt.NDArray[np.uint64]:
    """Returns uint64 (bands, D): the bucket of each document in each band, a hash of the band's rows."""
    out = np.empty((chosen.bands, len(found)), np.uint64)
    _buckets(np.ascontiguousarray(found[:, : chosen.n_hashes]), chosen.rows, out)
    return out
