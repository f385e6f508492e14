"""Bounds of what is read."""

import pytest

from eval_suites.tools.call import MAX_BITS, MAX_DEPTH, UnreadableError, check


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def test_literals_within_the_bounds_pass() -> None:
    check({"a": [1, (2.5, None)], "b": 2 ** (MAX_BITS - 1)})
    check(nested(MAX_DEPTH))


@pytest.mark.parametrize("value", [nested(MAX_DEPTH + 1), 2**MAX_BITS, {"a": [{"b": -(2**MAX_BITS)}]}])
def test_what_is_too_deep_or_too_long_is_refused(value: object) -> None:
    with pytest.raises(UnreadableError):
        check(value)
