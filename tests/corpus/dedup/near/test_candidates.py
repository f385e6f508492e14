import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup.near.candidates import _connected, _stars, find, flatten, unite_all
from tests.corpus.dedup.made import components

_EDGES = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60)


@settings(deadline=None)
@given(_EDGES)
def test_union_find_gives_connected_components_with_the_least_as_root(edges: list[tuple[int, int]]) -> None:
    parent = np.arange(30, dtype=np.int32)
    left, right = (np.array([e[side] for e in edges], np.int64) for side in (0, 1))
    unite_all(parent, left, right)
    assert all(find(parent, i) <= i for i in range(30))
    flatten(parent)
    want = components(30, edges)
    assert {i: int(parent[i]) for i in _connected(parent)} == {i: min(s) for s in want for i in s}
    assert sorted(_connected(parent).tolist()) == sorted(i for s in want for i in s)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=40), st.randoms())
def test_a_bucket_gives_a_star_around_its_least_document(buckets: list[int], draw: object) -> None:
    documents = list(range(len(buckets)))
    draw.shuffle(documents)  # type: ignore[attr-defined]
    rows = sorted(zip(buckets, documents, strict=True), key=lambda row: row[0])
    first, other = _stars(np.array([b for b, _ in rows], np.int64), np.array([d for _, d in rows], np.int64))
    want = []
    for bucket in set(buckets):
        members = sorted(d for b, d in rows if b == bucket)
        want += [(members[0], d) for d in members[1:]]
    assert sorted(zip(first.tolist(), other.tolist(), strict=True)) == sorted(want)
