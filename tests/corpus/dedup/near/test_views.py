from pathlib import Path

import pytest

from corpus.dedup.near import clusters
from corpus.dedup.near.family import FAMILY
from corpus.dedup.near.views import changes, near_misses, similar
from corpus.errors import UserError
from corpus.lake import Lake
from pomona.cli import main
from pomona.page import render
from tests import planning
from tests.corpus.dedup.made import commit, edited, jaccard, prose

BASE = prose(1, 200)
TEXTS = [BASE, edited(BASE, 0.02, 1), edited(BASE, 0.1, 2), prose(2, 200), "..."]


@pytest.fixture
def near(lake: Lake) -> Lake:
    commit(lake, TEXTS)
    planning.run(["signatures"], lake, dedup={})
    return lake


def test_the_nearest_come_first_with_estimates(near: Lake) -> None:
    found = similar(near, "a/00000", top=10)
    assert [row.uri for row in found[:2]] == ["a/00001", "a/00002"]
    for row in found[:2]:
        assert row.estimate == pytest.approx(jaccard(BASE, TEXTS[int(row.uri[2:])]), abs=0.15)
    assert all(row.estimate > 0 for row in found)
    assert found[0].changes
    assert found[1].changes is None


def test_a_file_is_compared_too(near: Lake, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(BASE.upper())
    found = similar(near, str(tmp_path / "x.txt"), top=1)
    assert (found[0].uri, found[0].estimate) == ("a/00000", 1.0)


def test_changes_rebuild_both_texts() -> None:
    found = changes("a b c d", "a x c d e")
    assert found == [("same", "a"), ("-", "b"), ("+", "x"), ("same", "c d"), ("+", "e")]
    assert " ".join(w for kind, w in found if kind != "+") == "a b c d"
    assert " ".join(w for kind, w in found if kind != "-") == "a x c d e"


def test_what_was_compared_with_too_few_is_reported(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(lake, TEXTS)
    whole = clusters.verify
    monkeypatch.setattr(clusters, "verify", lambda *given: whole(*given)._replace(n_unlinked=1200))
    assert main(["dedup", "--lake", lake.url, "--workers", "1"]) == 0
    assert "warning: 1,200 documents in very large buckets" in capsys.readouterr().err
    found = near_misses(lake)
    assert found is not None
    assert found.unlinked == 1200
    assert "are similar to none of these: 1,200." in render(lake)


def test_mistakes(near: Lake, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither a document"):
        similar(near, "nowhere")
    with pytest.raises(UserError, match="has no signatures yet"):
        similar(Lake(tmp_path / "other"), "x")


def test_pairs_near_the_threshold_are_shown_on_both_sides(lake: Lake) -> None:
    commit(lake, TEXTS)
    assert near_misses(lake) is None
    planning.run(["signals", *FAMILY.names()], lake, dedup={"minhash": {"threshold": 0.7}})
    found = near_misses(lake)
    assert found is not None
    assert found.threshold == 0.7
    assert found.curve[0][1] < 0.01
    assert found.curve[-1][1] > 0.99
    assert [pair.merged for pair in found.pairs] == sorted((p.merged for p in found.pairs), reverse=True)
    assert found.pairs
    for pair in found.pairs:
        texts = [TEXTS[int(uri[2:])] for uri in (pair.left_uri or "", pair.right_uri or "")]
        assert pair.similarity == pytest.approx(jaccard(*texts), abs=1e-9)
        assert pair.merged == (pair.similarity >= 0.7)
