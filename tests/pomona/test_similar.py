from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona.similar import Similar, changes, render, similar
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


def test_a_document_cannot_steer_the_terminal(near: Lake, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(f"\x1b[2J\x07{BASE}")
    found = similar(near, str(tmp_path / "x.txt"), top=1)
    assert "\x1b" not in render(found, color=False)
    assert "\x1b[2J" not in render(found, color=True)
    assert render([], color=False).startswith("no document")


def test_mistakes(near: Lake, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither a document"):
        similar(near, "nowhere")
    with pytest.raises(UserError, match="has no signatures yet"):
        similar(Lake(tmp_path / "other"), "x")


def hunks(left: str, right: str) -> list[str]:
    one = Similar("i" * 32, "s", "u", 0.9, changes(left, right))
    return render([one], color=False).split("how u differs:\n")[1].split("\n")


def numbered(start: int, end: int) -> str:
    return " ".join(f"w{i}" for i in range(start, end))


def test_a_diff_is_shown_in_hunks() -> None:
    left = f"{numbered(1, 40)} old {numbered(41, 100)} gone {numbered(101, 120)}"
    right = f"{numbered(1, 40)} new {numbered(41, 100)} {numbered(101, 120)}"
    assert hunks(left, right) == [
        f"  word 34: ... {numbered(34, 40)} [- old] [+ new] {numbered(41, 47)} ...",
        f"  word 94: ... {numbered(94, 100)} [- gone] {numbered(101, 107)} ...",
    ]


def test_near_changes_share_a_hunk_and_ends_are_shown() -> None:
    assert hunks("a b c d e", "x b c d y") == ["  word 1: [- a] [+ x] b c d [- e] [+ y]"]
    assert hunks(numbered(1, 5), f"{numbered(1, 5)} more") == [f"  word 1: {numbered(1, 5)} [+ more]"]
    assert hunks("same words", "same  words") == ["  in nothing but white space"]


def test_long_runs_and_many_places_are_cut_short() -> None:
    (line,) = hunks(numbered(0, 1000), "other")
    assert line == f"  word 1: [- {numbered(0, 12)} ... 976 words ... {numbered(988, 1000)}] [+ other]"
    left = " ".join(f"{numbered(100 * i, 100 * i + 30)} old{i}" for i in range(30))
    shown = hunks(left, " ".join(word for word in left.split() if not word.startswith("old")))
    assert len(shown) == 13
    assert shown[-1] == "  and 18 more places"
