"""Matches of short texts: by hand, by the definitions, and for texts that nobody expects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.helm import matching

TEXTS = st.text(alphabet=" \n.,-_'\"AaBnThe1²é\u00a0", max_size=12)
ALL = (
    matching.exact_match, matching.quasi_exact_match, matching.prefix_exact_match, matching.quasi_prefix_exact_match,
    matching.f1_score, matching.exact_match_indicator, matching.final_number_exact_match,
)  # fmt: skip


def test_articles_punctuation_and_blanks_do_not_count() -> None:
    assert matching.normalized("The  Cat, an A. an\nTheory's!") == "cat theorys"
    assert matching.quasi_exact_match("Yes", "the yes.") == 1
    assert matching.exact_match("Yes", " Yes\n") == 1
    assert matching.exact_match("Yes", "yes") == 0
    assert matching.quasi_exact_match("Issue", "Issues") == 0


def test_an_answer_may_go_on_after_a_prefix() -> None:
    assert matching.prefix_exact_match("Yes", "Yes, it does") == 1
    assert matching.prefix_exact_match("Yes", "yes, it does") == 0
    assert matching.quasi_prefix_exact_match("Yes", "yes, it does") == 1
    assert matching.quasi_prefix_exact_match("Yes", "it does") == 0


def test_nothing_matches_nothing() -> None:
    assert [match("", "") for match in ALL] == [0.0] * len(ALL)
    assert matching.quasi_exact_match("The", "a") == 1  # both are empty when normalized, as in HELM


def test_f1_is_the_harmonic_mean_over_different_words() -> None:
    assert matching.f1_score("the red red house", "a red car") == pytest.approx(2 / (1 / (1 / 2) + 1 / (1 / 2)))
    assert matching.f1_score("a b c d", "b") == pytest.approx(1 / ((1 / 1 + 1 / (1 / 3)) / 2))


@given(TEXTS, TEXTS)
def test_f1_by_its_definition(gold: str, answer: str) -> None:
    of_gold, of_answer = set(matching.normalized(gold).split()), set(matching.normalized(answer).split())
    expected = 0.0
    if of_gold & of_answer:
        precision = sum(word in of_gold for word in of_answer) / len(of_answer)
        recall = sum(word in of_answer for word in of_gold) / len(of_gold)
        expected = 2 * precision * recall / (precision + recall)
    assert matching.f1_score(gold, answer) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The answer is 72.", "72"), ("so $1,234.50 in all", "1234.50"), ("-3 or - 4", "4"), ("x = -7", "-7"),
        ("half: 1/2", "1/2"), ("none", ""), ("12 eggs, 30% more", "30"), ("5.", "5"), ("a, b", ""),
    ],
)  # fmt: skip
def test_the_last_number_counts(text: str, number: str) -> None:
    assert matching.final_number(text) == number


def test_numbers_are_compared_as_they_are_written() -> None:
    assert matching.final_number_exact_match("The answer is 1,000.", "so it is 1000 coins") == 1
    assert matching.final_number_exact_match("The answer is 5.", "5.0") == 0
    assert matching.exact_match_indicator("The answer is 5.", "It is 5.") == 1
    assert matching.exact_match_indicator("The answer is 5.", "It is 5") == 0


@given(TEXTS, TEXTS)
def test_matches_are_shares(gold: str, answer: str) -> None:
    assert all(0.0 <= match(gold, answer) <= 1.0 for match in ALL)


def test_long_answers() -> None:
    for text in ("1" * 200_000, "1," * 100_000, "-" * 200_000, "a " * 100_000, "1." * 100_000):
        assert all(match(text, text + "x") <= 1.0 for match in ALL)
