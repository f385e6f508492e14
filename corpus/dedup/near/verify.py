"""Checks candidate pairs one by one, and makes clusters of the pairs that are similar enough.

Two documents are in one cluster if a chain of pairs connects them. Each of these pairs shares a bucket, and its
similarity is at or above the threshold. In a bucket of more than `MOST_COMPARED` documents, not every pair is compared.
Instead, a document is compared with the bucket's leaders so far, in the order of ids. It joins the first leader that is
similar enough, or else becomes a leader itself. The result depends on the component alone, not on how work was cut.

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
NEAR = 0.1  # greatest distance from the threshold at which a pair is reported
SIGNATURES, SHINGLES, NOTHING = 0, 1, 2  # how a pair is checked


class Members(NamedTuple):
    """The input of verification, as arrays for kernels."""

    offsets: npt.NDArray[np.int64]  # (C + 1,) members of each component
    buckets: npt.NDArray[np.uint64]  # (B, M)
    signatures: npt.NDArray[np.uint32]  # (M, K)
    shingles: npt.NDArray[np.uint64]  # (S,) sorted sets
    shingle_offsets: npt.NDArray[np.int64]  # (M + 1,)


class Clusters(NamedTuple):
    """The result of verification."""

    root: npt.NDArray[np.int64]  # (M,) least member of each member's cluster
    left: npt.NDArray[np.int64]  # (P,) pairs near the threshold
    right: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]
    n_compared: int
    n_unlinked: int  # documents alone in their cluster that fit none of the MOST_COMPARED leaders of a large bucket


@njit(cache=True, nogil=True)
def similarity(members, how, i, j):
    """Returns the Jaccard similarity of two members: exact, from shingles, or estimated, from signatures."""
    if how == SHINGLES:
        a, b = members.shingle_offsets[i], members.shingle_offsets[i + 1]
        c, d = members.shingle_offsets[j], members.shingle_offsets[j + 1]
        return jaccard(members.shingles[a:b], members.shingles[c:d])
    if how == SIGNATURES:
        return agreement(members.signatures[i], members.signatures[j])
    return 1.0


@njit(cache=True, nogil=True)
def _verify(members, how, threshold, parent, left, right, values, unlinked):
    # Goes through each component, band and bucket. In a bucket of few members, all pairs that are not united yet are
    # compared. In a bucket of many members, each member is compared with the leaders so far. It joins the first leader
    # that is similar enough, or becomes a leader. Pairs near the threshold are noted.
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
                        if abs(s - threshold) <= NEAR and n_noted < values.size:
                            left[n_noted], right[n_noted], values[n_noted] = min(i, j), max(i, j), s
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
    """Returns the clusters of the members. Members of different components are never joined."""
    n_members = int(members.offsets[-1])
    parent = np.arange(n_members)
    left, right = np.empty(MOST_NOTED, np.int64), np.empty(MOST_NOTED, np.int64)
    values = np.empty(MOST_NOTED)
    unlinked = np.zeros(n_members, np.bool_)
    n_noted, n_compared = _verify(members, how, threshold, parent, left, right, values, unlinked)
    flatten(parent)
    n_unlinked = int((unlinked & (np.bincount(parent, minlength=n_members)[parent] == 1)).sum())
    noted = np.unique(np.stack([left[:n_noted], right[:n_noted]]), axis=1, return_index=True)[1]
    return Clusters(parent, left[noted], right[noted], values[noted], n_compared, n_unlinked)


@njit(cache=True, nogil=True)
def similarities(members, how, others):
    """Returns float64 (M,): the similarity of each member i to member others[i]."""
    values = np.ones(others.size)
    for i in range(others.size):
        if others[i] != i:
            values[i] = similarity(members, how if how != NOTHING else SIGNATURES, i, others[i])
    return values
