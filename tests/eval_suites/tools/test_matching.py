"""Calls against expected ones. The truth for several calls is brute force over all orders."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.tools.call import Call
from eval_suites.tools.matching import Expected, judge, judge_call
from eval_suites.tools.values import Parameter

_AREA = Expected(
    "area",
    {
        "base": Parameter("integer"),
        "height": Parameter("float"),
        "unit": Parameter("string"),
        "side": Parameter("string"),
    },
    ("base", "height"),
    {"base": [10], "height": [5.0], "unit": ["cm", ""]},
)


def reason(arguments: dict[str, Any], name: str = "area", expected: Expected = _AREA) -> str | None:
    mismatch = judge_call(Call(name, arguments), expected)
    return mismatch and mismatch.reason


def test_one_call() -> None:
    assert reason({"base": 10, "height": 5}) is None
    assert reason({"height": 5.0, "unit": "CM", "base": 10}) is None
    assert reason({"base": 10, "height": 5}, name="Area") == "name"
    assert reason({"base": 10}) == "missing"
    assert reason({"base": 10, "height": 5, "depth": 1}) == "unexpected"
    assert reason({"base": 10, "height": 5, "side": "x"}) == "unexpected"  # of the function, but of no answer
    assert reason({"base": 10.0, "height": 5}) == "type"
    assert reason({"base": 10, "height": 6}) == "value"
    needed = Expected("f", {"a": Parameter("integer")}, (), {"a": [1]})
    assert reason({}, "f", needed) == "missing"  # optional, but its default is no answer


def test_numbers_of_calls() -> None:
    call = Call("area", {"base": 10, "height": 5})
    assert judge([call], [_AREA]) is None
    for calls in ([], [call, call]):
        mismatch = judge(calls, [_AREA])
        assert mismatch is not None
        assert mismatch.reason == "count"
    assert judge([], []) is None


def wants(*possible: int) -> Expected:
    return Expected("f", {"x": Parameter("integer")}, ("x",), {"x": list(possible)})


def x(value: object) -> Call:
    return Call("f", {"x": value})


def test_a_call_that_fits_two_expected_ones_is_given_to_the_right_one() -> None:
    """BFCL gives x=1 to the first one, and finds nothing for the second."""
    assert judge([x(1), x(2)], [wants(1, 2), wants(1)]) is None
    assert judge([x(2), x(1)], [wants(1, 2), wants(1)]) is None


def test_reasons_of_several_calls() -> None:
    repeated = judge([x(1), x(1)], [wants(1), wants(2)])
    assert repeated is not None
    assert repeated.reason == "value"  # no call fits the second one
    repeated = judge([x(1), x(1), x(3)], [wants(1), wants(3, 4), wants(3, 5)])
    assert repeated is not None
    assert repeated.reason == "repeated"
    closest = judge([Call("g", {}), x("1")], [wants(1), wants(1)])
    assert closest is not None
    assert closest.reason == "type"


@given(st.lists(st.tuples(st.integers(0, 4), st.sets(st.integers(0, 4), min_size=1)), max_size=5))
def test_several_calls_are_right_if_an_order_of_them_is(pairs: list[tuple[int, set[int]]]) -> None:
    calls, expected = [x(value) for value, _ in pairs], [wants(*possible) for _, possible in pairs]
    values, possible = [value for value, _ in pairs], [some for _, some in pairs]
    truth = any(
        all(value in some for value, some in zip(order, possible, strict=True)) for order in permutations(values)
    )
    verdict = judge(calls, expected)
    assert (verdict is None) == truth
    for order in permutations(calls):
        assert judge(order, expected) == verdict
    for other in permutations(expected):
        assert (judge(calls, other) is None) == truth


@pytest.mark.parametrize("n", [1, 2, 30])
def test_many_alike_calls_are_fast(n: int) -> None:
    assert judge([x(1)] * n, [wants(1, 2)] * n) is None
