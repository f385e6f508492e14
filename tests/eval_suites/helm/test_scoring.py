"""Scores of whole answers: letters, labels, words, numbers, boxes."""

from pathlib import Path

import pytest

from eval_suites.helm import scoring
from eval_suites.helm.instances import Instance
from tests.eval_suites.helm import punkt

COLORS = Instance("q", ("red",), ("blue", "red", "red"), "B").row()


@pytest.mark.parametrize(
    ("answer", "right", "parsed"),
    [
        (" B", 1, 1),
        ("B\n", 1, 1),
        ("C", 1, 1),
        ("A", 0, 1),
        ("D", 0, 0),
        ("b", 0, 0),
        ("B.", 0, 0),
        ("", 0, 0),
        ("red", 0, 0),
    ],
)
def test_the_text_under_a_letter_counts(answer: str, right: float, parsed: float) -> None:
    scores = scoring.choice(COLORS, [answer])
    assert scores["exact_match"] == scores["quasi_exact_match"] == right
    assert scores["parsed"] == parsed


def test_the_best_of_several_right_answers_counts() -> None:
    row = Instance("q", ("a red house", "Paris")).row()
    assert scoring.words(row, [" paris. "]) == {"exact_match": 0.0, "quasi_exact_match": 1.0, "f1_score": 1.0}
    assert scoring.words(row, ["the red car"])["f1_score"] == pytest.approx(0.5)


def test_labels() -> None:
    row = Instance("q", ("Procedural History",)).row()
    assert scoring.label(row, [" procedural history, mostly"]) == {
        "exact_match": 0.0, "quasi_exact_match": 0.0, "prefix_exact_match": 0.0, "quasi_prefix_exact_match": 1.0,
    }  # fmt: skip


def test_numbers_and_boxes_say_whether_they_are_there() -> None:
    row = Instance("q", ("5 and 5 are 10. The answer is 10.",)).row()
    assert scoring.last_number(row, ["so, 10 eggs"]) == {
        "exact_match_indicator": 0.0, "final_number_exact_match": 1.0, "parsed": 1.0,
    }  # fmt: skip
    assert scoring.last_number(row, ["ten"])["parsed"] == 0.0
    boxed = Instance("q", ("So \\boxed{\\frac12}.",)).row()
    assert scoring.box(boxed, ["It is \\boxed{1/2}"]) == {"math_equiv_chain_of_thought": 1.0, "parsed": 1.0}
    assert scoring.box(boxed, ["It is 1/2"]) == {"math_equiv_chain_of_thought": 0.0, "parsed": 0.0}


def test_translations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    punkt.install(tmp_path, monkeypatch)
    row = Instance("q", ("The cat sat on the mat.",)).row()
    scores = scoring.translation(row, [" The cat sat on the mat."])
    assert scores == {"exact_match": 1.0, "quasi_exact_match": 1.0, "f1_score": 1.0, "bleu_4": 1.0}
