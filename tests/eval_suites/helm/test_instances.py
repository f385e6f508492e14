"""Rows that a task's YAML reads."""

from eval_suites.helm.instances import Instance, letter, listed


def test_choices_stand_under_letters() -> None:
    assert listed(("red", "blue\ngreen")) == "A. red\nB. blue\ngreen\n"
    assert listed(()) == ""
    assert [letter(place) for place in range(5)] == list("ABCDE")


def test_an_example_shows_the_letter_or_the_first_right_answer() -> None:
    assert Instance("q", ("b",), ("a", "b"), "B").row()["target"] == "B"
    assert Instance("q", ("one", "two")).row() == {
        "input": "q", "listed": "", "choices": [], "correct": ["one", "two"], "target": "one",
    }  # fmt: skip
