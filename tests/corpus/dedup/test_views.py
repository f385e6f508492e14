"""Clusters of several families in one picture."""

from corpus.dedup.views import duplicates
from corpus.lake import Lake
from tests import planning
from tests.corpus.dedup.made import commit, edited, prose

BASE = prose(1, 200)


def test_clusters_of_exact_and_near_copies_are_one(lake: Lake) -> None:
    commit(lake, [BASE, BASE.upper(), edited(BASE, 0.01, 1), prose(2, 200), prose(3, 200)])
    assert duplicates(lake) is None
    planning.run(["signals", "exact"], lake, dedup={})
    exact = duplicates(lake)
    assert exact is not None
    assert (exact.clusters, exact.copies, exact.by_stage) == (1, 1, (("exact", 1),))

    stages = ["signatures", "minhash:bands", "minhash:edges", "minhash:components", "minhash:members", "minhash"]
    planning.run(stages, lake, dedup={"minhash": {"threshold": 0.6}})
    found = duplicates(lake)
    assert found is not None
    assert (found.clusters, found.copies, found.by_stage) == (1, 2, (("exact", 1), ("minhash", 1)))
    [cluster] = found.largest
    assert cluster.members == 3
    assert [member.uri for member in cluster.documents if member.stays] == ["a/00000"]
    assert [member.similarity for member in cluster.documents] == sorted(
        (member.similarity for member in cluster.documents), reverse=True
    )
    assert all(member.text for member in cluster.documents)
