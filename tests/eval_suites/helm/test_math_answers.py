"""Answers in boxes: by hand, against lm-eval's own port of the same definition, and for what is no formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm_eval.tasks.hendrycks_math import utils as peer

from eval_suites.helm import math_answers

PLAIN = [
    "\\frac", "\\dfrac", "\\sqrt", "{", "}", "1", "2", "x", "=", " ", ".", "0.5", "\\text{ cm}", "\\left", "\\%", "\\$",
    "^\\circ", "^{\\circ}", "-", "\\\\", "\n", "\\!", "tfrac", "\\boxed{", "\\fbox{", "²",
]  # fmt: skip
BITS = st.lists(st.sampled_from([*PLAIN, "/"]), max_size=8).map("".join)
WITHOUT_SLASH = st.lists(st.sampled_from(PLAIN), max_size=8).map("".join)


@pytest.mark.parametrize(
    ("solution", "inside"),
    [
        ("so \\boxed{3} and then \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"), ("\\boxed{a{b}c} d}", "a{b}c"),
        ("\\boxed{1", None), ("\\boxed 5}", None), ("\\fbox{5}", None), ("no box", None), ("\\boxed{}", ""), ("", None),
    ],
)  # fmt: skip
def test_the_last_box_counts(solution: str, inside: str | None) -> None:
    assert math_answers.boxed(solution) == inside


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("\\frac12", "\\frac{1}{2}"), ("1/2", "\\frac{1}{2}"), ("0.5", "1/2"), (".5", "\\dfrac12"),
        ("\\sqrt3", "\\sqrt{3}"), ("5\\text{ cm}", "5"), ("x = 5", "5"), ("50\\%", "50"), ("90^\\circ", "90"),
        ("\\left(1, 2\\right)", "(1,2)"), ("\\$5", "5"), ("\\frac1{72}", "\\frac{1}{72}"),
    ],
)  # fmt: skip
def test_ways_of_writing_are_the_same(a: str, b: str) -> None:
    assert math_answers.equivalent(a, b) == math_answers.equivalent(b, a) == 1.0
    assert math_answers.same_answer(f"so \\boxed{{{a}}}", f"\\boxed{{{b}}}.") == 1.0


@pytest.mark.parametrize(("a", "b"), [("2", "3"), ("1/2/3", "\\frac{1}{2}/3"), ("-0/1", "\\frac{0}{1}"), ("2.0", "2")])
def test_nothing_is_computed(a: str, b: str) -> None:
    assert math_answers.equivalent(a, b) == 0.0


def test_without_a_box_nothing_is_right() -> None:
    assert math_answers.same_answer("\\boxed{5}", "it is 5") == 0.0
    assert math_answers.same_answer("no box", "none here") == 1.0  # as in HELM; each solution of MATH has a box


@given(WITHOUT_SLASH, WITHOUT_SLASH)
def test_answers_are_those_of_lm_eval(a: str, b: str) -> None:
    """But for slashes: HELM takes what is no fraction as it stands, and lm-eval does not clean such answers at all."""
    assert math_answers.equivalent(a, b) == float(peer.is_equiv(a, b))


@given(BITS)
def test_what_differs_in_nothing_is_the_same(a: str) -> None:
    assert math_answers.equivalent(a, a) == 1.0
    assert math_answers.same_answer(f"\\boxed{{{a}}}", f"\\boxed{{{a}}}") == 1.0


def test_long_answers() -> None:
    deep = "\\boxed{" + "{" * 100_000
    assert math_answers.boxed(deep) is None
    many = "\\frac" * 50_000 + "12"
    assert math_answers.equivalent(many, many) == 1.0
    huge = "7" * 100_000 + "/3"
    assert math_answers.plain(huge) == huge
