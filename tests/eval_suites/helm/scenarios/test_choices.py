"""Scenarios with letters: their rows as the hub has them, and rows that are wrong."""

import pytest
from datasets import Dataset

from corpus.errors import UserError
from eval_suites.helm.scenarios import choices


def mmlu_row(answer: object, options: list[str] | None = None) -> dict[str, object]:
    return {"question": "q", "choices": options or ["w", "x", "y", "x"], "answer": answer}


def test_equal_choices_are_right_together() -> None:
    made = choices.mmlu({"test": Dataset.from_list([mmlu_row(3), mmlu_row(0)])})
    assert [(one.correct, one.letter) for one in made.asked] == [(("x",), "B"), (("w",), "A")]
    assert made.train == ()
    by_letter = choices.mmlu({"test": Dataset.from_list([mmlu_row("C")])}).asked[0]
    assert by_letter.correct == ("y",)


@pytest.mark.parametrize("answer", [4, -1, "E", "", None, "AB", "²", "9" * 5000])
def test_an_answer_that_is_no_choice_is_an_error(answer: object) -> None:
    with pytest.raises(UserError, match=r"row 0 of the data: the answer .* is none of its 4 choices"):
        choices.mmlu({"test": Dataset.from_list([mmlu_row(answer)])})


def test_openbookqa() -> None:
    row = {"question_stem": "q", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": "B"}
    made = choices.openbookqa({"train": Dataset.from_list([row]), "test": Dataset.from_list([row, row])})
    assert (len(made.train), len(made.asked)) == (1, 2)
    assert made.asked[0].choices == ("a", "b")
    assert made.asked[0].letter == "B"


def test_med_qa_cleans_choices_and_takes_the_letter() -> None:
    options = {"A": 'flu\n"', "B": "flu", "C": "cold ", "D": "cut"}
    made = choices.med_qa({"test": Dataset.from_list([{"question": "q", "options": options, "answer_idx": "B"}])})
    assert made.asked[0].choices == ("flu", "flu", "cold", "cut")
    assert made.asked[0].letter == "B"


def test_med_qa_knows_the_size_of_the_split_that_the_copy_lacks() -> None:
    row = {"question": "q", "options": {"A": "a", "B": "b"}, "answer_idx": "A"}
    whole = Dataset.from_list([row] * 1273)
    assert len(choices.med_qa({"test": whole}).asked) == 503
    assert len(choices.med_qa({"test": whole.select(range(900))}).asked) == 900
    assert len(choices.med_qa({"test": whole, "validation": whole.select(range(1272))}).asked) == 503
