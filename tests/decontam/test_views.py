import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.touched import by_item
from decontam import views
from decontam.names import KEPT
from pomona import kept_documents
from pomona.terminal.contamination import render_item, render_overview
from tests.corpus.dedup.made import commit
from tests.decontam.exams import ITEMS
from tests.decontam.test_steps import FILLER, TEXTS, decontaminate, exam

__all__ = ["exam"]


@pytest.fixture
def done(lake: Lake, exam: str) -> Lake:
    commit(lake, [*TEXTS, FILLER + ITEMS[0].question + "\x1b[2J<script>"])
    decontaminate(lake, exam)
    return lake


def test_items_are_listed_worst_first_for_everyone_and_for_a_mixture(done: Lake) -> None:
    every = by_item(done).to_dicts()
    assert next((r["item"], r["documents"], r["share"]) for r in every) == ("q1", 4, 1.0)
    staying = by_item(done, kept_documents.ids(done)).to_dicts()
    assert [(r["item"], r["documents"]) for r in staying] == [("q1", 1)]
    assert staying[0]["share"] < 0.5
    assert done.scan("touched", slot=KEPT).collect().to_dicts() == [{"mixture": "kept", **staying[0]}]


def test_benchmarks_and_policies_are_counted(done: Lake) -> None:
    shown = views.overview(done)
    assert shown.benchmarks == (views.Touched("exam", 5, 1, 1, 1, 0),)
    by_policy = {p.policy: p for p in shown.policies}
    assert by_policy["coverage"].in_force
    assert by_policy["coverage"].drops == 3
    assert by_policy["afm"].drops == 4
    assert views.unidentified_items(done) == 1
    text = render_overview(shown, views.unidentified_items(done))
    assert "in force" in text
    assert "1 item has fewer than eight words" in text
    n = len(TEXTS) + 1
    assert shown.documents == views.LookedAt(n, n, 4, 3)
    assert f"{n} documents were checked: 4 touch an item, 3 were dropped." in text
    assert "1 of 5 items are touched: 1 by kept documents, 0 only by dropped ones." in text


def test_both_texts_are_shown_with_the_overlap_marked(done: Lake) -> None:
    shown = views.item(done, "exam", "q1")
    assert shown.question == ITEMS[0].question
    assert [d.kept for d in shown.documents] == [False, False, False, True]
    text = render_item(shown, color=False)
    assert "[A train leaves the old station at nine and travels sixty miles every] hour" in text
    assert "\x1b" not in text
    assert "\x1b[1;31m" in render_item(shown, color=True)


def test_mistakes(done: Lake, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match="unknown benchmark 'exams'; did you mean 'exam'"):
        views.item(done, "exams", "q1")
    with pytest.raises(UserError, match="unknown item of exam 'q9'"):
        views.item(done, "exam", "q9")
    with pytest.raises(UserError, match="was not decontaminated yet"):
        views.read_index(Lake(tmp_path / "none"))


def test_policies_are_listed_with_their_sources() -> None:
    assert {p.policy for p in views.list_policies()} == {
        "coverage",
        "afm",
        "gpt3",
        "llama",
        "tulu",
        "report",
    }
