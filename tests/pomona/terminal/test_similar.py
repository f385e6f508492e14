"""A diff in hunks; a document cannot steer the terminal."""

from corpus.dedup.near.views import Similar, changes
from pomona.terminal.similar import render


def test_a_document_cannot_steer_the_terminal() -> None:
    found = [Similar("i" * 32, "s", "u", 0.9, changes("\x1b[2J\x07some words", "some other words"))]
    assert "\x1b" not in render(found, color=False)
    assert "\x1b[2J" not in render(found, color=True)
    assert render([], color=False).startswith("no document")


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
    assert hunks("same words", "same  words") == ["  only in white space"]


def test_long_runs_and_many_places_are_cut_short() -> None:
    (line,) = hunks(numbered(0, 1000), "other")
    assert line == f"  word 1: [- {numbered(0, 12)} ... 976 words ... {numbered(988, 1000)}] [+ other]"
    left = " ".join(f"{numbered(100 * i, 100 * i + 30)} old{i}" for i in range(30))
    shown = hunks(left, " ".join(word for word in left.split() if not word.startswith("old")))
    assert len(shown) == 13
    assert shown[-1] == "  and 18 more places"
