"""Candidate pairs checked one by one, and clusters of those that are similar enough.

Two documents are in one cluster when a chain of pairs connects them, each of which shares a bucket and is at or above
the threshold. In a bucket of more than `MOST_COMPARED` documents not every pair is compared: a document is compared
with the bucket's leaders so far (in the order of ids) and joins the first that is similar enough, else it becomes a
leader itself. What is found depends on the component alone, not on how work was cut.

M members sorted by component and id; B bands; K hashes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpus.dedup.near.candidates import find, flatten, unite
from corpus.dedup.near.minhash import agreement, jaccard

MOST_COMPARED = 1000
MOST_NOTED = 10_000  # pairs near the threshold that one partition reports
NEAR = 0.1  # how far from the threshold a pair may be, to be reported
SIGNATURES, SHINGLES, NOTHING = 0, 1, 2  # how a pair is checked


class Members(NamedTuple):
    """What verification takes, as kernels take it."""

    offsets: npt.NDArray[np.int64]  # (C + 1,) members of each component
    buckets: npt.NDArray[np.uint64]  # (B, M)
    signatures: npt.NDArray[np.uint32]  # (M, K)
    shingles: npt.NDArray[np.uint64]  # (S,) sorted sets
    shingle_offsets: npt.NDArray[np.int64]  # (M + 1,)


class Clusters(NamedTuple):
    """What verification finds."""

    root: npt.NDArray[np.int64]  # (M,) least member of the same cluster
    left: npt.NDArray[np.int64]  # (P,) pairs near the threshold
    right: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]
    n_compared: int
    n_unlinked: int  # documents alone in their cluster that fit none of the MOST_COMPARED leaders of a large bucket


@njit(cache=True, nogil=True)
def similarity(members, how, i, j):
    """Jaccard similarity of two members: exact from their shingles, or as their signatures estimate it."""
    if how == SHINGLES:
        a, b = members.shingle_offsets[i], members.shingle_offsets[i + 1]
        c, d = members.shingle_offsets[j], members.shingle_offsets[j + 1]
        return jaccard(members.shingles[a:b], members.shingles[c:d])
    if how == SIGNATURES:
        return agreement(members.signatures[i], members.signatures[j])
    return 1.0


@njit(cache=True, nogil=True)
def _verify(members, how, threshold, parent, left, right, found, unlinked):
    # For each component, band and bucket: of few members, all pairs that are not united yet are compared; of many,
    # each with the leaders so far, and it joins the first that is near enough, or leads. Near misses are noted.
    n_noted = n_compared = 0
    leaders = np.empty(MOST_COMPARED, np.int64)
    for c in range(members.offsets.size - 1):
        low, high = members.offsets[c], members.offsets[c + 1]
        for band in range(members.buckets.shape[0]):
            bucket = members.buckets[band, low:high]
            order = np.argsort(bucket, kind="mergesort")
            start = 0
            while start < order.size:
                end = start + 1
                while end < order.size and bucket[order[end]] == bucket[order[start]]:
                    end += 1

                every = end - start <= MOST_COMPARED
                n_leaders = 0
                for p in range(start, end):
                    i = low + order[p]
                    linked = False
                    for q in range(start, p) if every else range(n_leaders):
                        j = low + order[q] if every else leaders[q]
                        if every and find(parent, i) == find(parent, j):
                            continue

                        s = similarity(members, how, i, j)
                        n_compared += 1
                        if abs(s - threshold) <= NEAR and n_noted < found.size:
                            left[n_noted], right[n_noted], found[n_noted] = min(i, j), max(i, j), s
                            n_noted += 1
                        if s >= threshold:
                            unite(parent, i, j)
                            linked = True
                            if not every:
                                break

                    if not every and not linked:
                        if n_leaders < MOST_COMPARED:
                            leaders[n_leaders] = i
                            n_leaders += 1
                        else:
                            unlinked[i] = True
                start = end
    return n_noted, n_compared


def verify(members: Members, how: int, threshold: float) -> Clusters:
    """Clusters of the members; those of different components are never joined."""
    n_members = int(members.offsets[-1])
    parent = np.arange(n_members)
    left, right = np.empty(MOST_NOTED, np.int64), np.empty(MOST_NOTED, np.int64)
    found = np.empty(MOST_NOTED)
    unlinked = np.zeros(n_members, np.bool_)
    n_noted, n_compared = _verify(members, how, threshold, parent, left, right, found, unlinked)
    flatten(parent)
    n_unlinked = int((unlinked & (np.bincount(parent, minlength=n_members)[parent] == 1)).sum())
    noted = np.unique(np.stack([left[:n_noted], right[:n_noted]]), axis=1, return_index=True)[1]
    return Clusters(parent, left[noted], right[noted], found[noted], n_compared, n_unlinked)


@njit(cache=True, nogil=True)
def similarities(members, how, others):
    """float64 (M,): each member's similarity to member others[i]."""
    found = np.ones(others.size)
    for i in range(others.size):
        if others[i] != i:
            found[i] = similarity(members, how if how != NOTHING else SIGNATURES, i, others[i])
    return found
