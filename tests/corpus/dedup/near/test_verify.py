from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup.near import verify as module
from corpus.dedup.near.verify import NOTHING, SHINGLES, SIGNATURES, Members, similarities, verify
from tests.corpus.dedup.made import components


def members(sets: list[set[int]], groups: list[int], buckets: list[list[int]]) -> Members:
    """Members with these shingles, in components of these sizes; signatures are the sets' bits."""
    signatures = np.array([[(i in s) * (i + 1) for i in range(8)] for s in sets], np.uint32).reshape(len(sets), 8)
    shingles = np.array([x for s in sets for x in sorted(s)], np.uint64)
    offsets = np.cumsum([0, *(len(s) for s in sets)]).astype(np.int64)
    return Members(
        np.cumsum([0, *groups]).astype(np.int64), np.array(buckets, np.uint64), signatures, shingles, offsets
    )


def exact(left: set[int], right: set[int]) -> float:
    return len(left & right) / len(left | right) if left | right else 1.0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 7), max_size=8), min_size=1, max_size=14),
    st.integers(1, 4),
    st.sampled_from([0.3, 0.5, 0.75, 1.0]),
    st.data(),
)
def test_clusters_are_what_brute_force_finds(
    sets: list[set[int]], n_bands: int, threshold: float, data: st.DataObject
) -> None:
    n = len(sets)
    buckets = [data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)) for _ in range(n_bands)]
    first = data.draw(st.integers(1, n))
    groups = [first, n - first] if n > first else [n]
    together = [
        (i, j)
        for i, j in combinations(range(n), 2)
        if (i < first) == (j < first) and any(b[i] == b[j] for b in buckets)
    ]
    found = verify(members(sets, groups, buckets), SHINGLES, threshold)
    want = components(n, [(i, j) for i, j in together if exact(sets[i], sets[j]) >= threshold])
    assert components(n, list(enumerate(found.root.tolist()))) == want
    assert all(found.root[i] == min(s) for s in want for i in s)
    for i, j, s in zip(found.left, found.right, found.similarity, strict=True):
        assert i < j
        assert (i, j) in together
        assert s == exact(sets[i], sets[j])
        assert abs(s - threshold) <= module.NEAR


def test_a_pair_below_the_threshold_does_not_merge() -> None:
    pair = members([{0, 1, 2}, {0, 1, 3}], [2], [[5, 5]])
    assert verify(pair, SHINGLES, 0.6).root.tolist() == [0, 1]
    assert verify(pair, NOTHING, 0.6).root.tolist() == [0, 0]
    assert similarities(pair, SHINGLES, np.array([0, 0])).tolist() == [1.0, 0.5]


def test_signatures_estimate() -> None:
    pair = members([{0, 1, 2, 3}, {0, 1, 2, 3, 4}], [2], [[5, 5]])
    assert verify(pair, SIGNATURES, 7 / 8).root.tolist() == [0, 0]
    assert verify(pair, SIGNATURES, 0.9).root.tolist() == [0, 1]


@pytest.mark.parametrize("n", [30, 200])
def test_a_large_bucket_is_compared_with_its_leaders(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of three texts in one bucket above the limit: three clusters, in some comparisons a document."""
    sets = [[{0, 1}, {2, 3}, {4, 5}][i % 3] for i in range(n)]
    many = n * (module.MOST_COMPARED // n + 1)
    sets = (sets * many)[: module.MOST_COMPARED + n]
    found = verify(members(sets, [len(sets)], [[1] * len(sets)]), SHINGLES, 0.5)
    assert sorted(set(found.root.tolist())) == [0, 1, 2]
    assert found.n_compared <= 3 * len(sets)
    assert found.n_unlinked == 0


def test_documents_beyond_the_leaders_of_a_bucket_are_counted() -> None:
    n = module.MOST_COMPARED + 5
    sets = [{2 * i, 2 * i + 1} for i in range(n)]
    two_bands = np.ones((2, n), np.uint64)
    alone = members(sets, [n], two_bands.tolist())
    assert verify(alone, SHINGLES, 0.5).n_unlinked == 5  # once each, and not once per band
    assert verify(members([*sets, *sets[-5:]], [n + 5], [[1] * (n + 5)]), SHINGLES, 0.5).n_unlinked == 10
    linked_elsewhere = [[1] * n, [*range(n - 2), n, n]]
    assert verify(members([*sets[:-2], {0, 1, 2}, {0, 1, 2, 3}], [n], linked_elsewhere), SHINGLES, 0.7).n_unlinked == 3
