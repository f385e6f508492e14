"""Values against possible ones, by BFCL's documented rules."""

from typing import Any

import pytest

from eval_suites.tools.values import Parameter, compare, same, standard

_DICT = Parameter("dict")


@pytest.mark.parametrize(
    ("kind", "value", "possible"),
    [
        ("integer", 5, [4, 5]), ("float", 5.0, [5.0]), ("float", 5, [5.0]), ("float", 5.0, [5]), ("boolean", True, [True]), ("string", "a", ["", "a"]),
        ("string", "April 1,2024", ["april 1, 2024"]), ("string", "it's", ['it"s']), ("string", "new_york", ["New York"]), ("any", "x", ["x"]),
        ("string", None, [None, "x"]), ("integer", "limit", ["limit"]), ("tuple", (1.0, 2.0), [[1.0, 2.0]]), ("tuple", [1.0], [[1.0]]), ("odd", 5, [5]),
    ],
)  # fmt: skip
def test_right_values(kind: str, value: Any, possible: list[Any]) -> None:
    assert compare(value, Parameter(kind, "float"), possible, "python") is None


@pytest.mark.parametrize(
    ("kind", "value", "possible", "reason"),
    [
        ("integer", 5.0, [5], "type"), ("integer", True, [1], "type"), ("integer", "5", [5], "type"), ("boolean", 1, [True], "type"), ("float", True, [1.0], "type"),
        ("float", "5.0", [5.0], "type"), ("string", 5, ["5"], "type"), ("string", None, ["x", None], "type"), ("array", (1,), [[1]], "type"),
        ("integer", 6, [5], "value"), ("float", 5.5, [5.0], "value"), ("boolean", False, [True], "value"), ("string", "b", ["a"], "value"), ("string", "ä", ["a"], "value"),
        ("integer", "Limit", ["limit"], "value"),  # the name of a variable keeps its case
        ("any", 5, ["5"], "type"), ("float", 10**300, [1.0], "value"), ("odd", "5", [5], "type"),
    ],
)  # fmt: skip
def test_wrong_values(kind: str, value: Any, possible: list[Any], reason: str) -> None:
    mismatch = compare(value, Parameter(kind), possible, "python")
    assert mismatch is not None
    assert mismatch.reason == reason
    assert mismatch.detail


def test_lists() -> None:
    def right(value: Any, possible: list[Any], items: str = "string") -> bool:
        return compare(value, Parameter("array", items), possible, "python") is None

    assert right(["New York", "b"], [["new-york", "B"]])
    assert not right(["b", "new york"], [["new york", "b"]])  # in their order
    assert not right(["a"], [["a", "a"]])
    assert right([], [["a"], ""])  # stands for one that is missing
    assert not right([], [["a"]])
    assert right([1, 2], [[1, 2]], "integer")
    assert not right([1, 2.0], [[1, 2]], "integer")
    assert not right([True], [[1]], "integer")
    assert not right([1, 2.5], [[1.0, 2.5]], "float")  # as in BFCL: only a parameter itself may be whole
    assert right([["a", 1]], [[["a", 1]]], "array")
    assert not right([["A", 1]], [[["a", 1]]], "array")  # as in BFCL: texts in inner lists keep their case
    assert right("names", ["names"])


def test_dicts_and_lists_of_dicts() -> None:
    def right(value: Any, possible: list[Any], parameter: Parameter = _DICT) -> bool:
        return compare(value, parameter, possible, "python") is None

    possible = [{"a": [1, 2], "b": ["x", ""]}]
    assert right({"a": 2, "b": "X"}, possible)
    assert right({"a": 1}, possible)
    assert right({"a": 1.0}, possible)
    assert not right({"b": "x"}, possible)
    assert not right({"a": 1, "c": 1}, possible)
    assert not right({"a": 3}, possible)
    assert not right({"a": True}, possible)  # BFCL takes True for 1 here
    assert right({"a": 3}, [*possible, {"a": [3]}])
    assert not right([], possible)

    several = Parameter("array", "dict")
    assert right([{"a": 1}, {"a": 2}], [[possible[0], possible[0]]], several)
    assert not right([{"a": 1}], [[possible[0], possible[0]]], several)
    assert not right([{"a": 1}, 2], [[possible[0], possible[0]], ""], several)  # BFCL stops with an error here
    assert right([], [possible, ""], several)


def test_java_and_javascript_arguments_are_texts() -> None:
    assert compare("5L", Parameter("long"), [5], "java") is None
    assert compare('new String[]{"A", "b"}', Parameter("Array", "String"), [["a", "B"]], "java") is None
    assert (
        compare('new ArrayList<>(Arrays.asList("a", 1, true))', Parameter("ArrayList", "any"), [["a", 1, True]], "java")
        is None
    )
    assert compare("LIMIT", Parameter("integer"), ["LIMIT"], "java") is None
    assert compare("{a: 1}", Parameter("dict"), [{"a": [1]}], "javascript") is None
    for value, kind in ((5, "integer"), (True, "boolean"), (["a"], "Array")):
        mismatch = compare(value, Parameter(kind, "String"), [value], "java")
        assert mismatch is not None
        assert mismatch.reason == "type"


def test_a_message_stays_short() -> None:
    mismatch = compare("x" * 5000, Parameter("string"), ["y" * 5000], "python")
    assert mismatch is not None
    assert len(mismatch.detail) < 300


def test_equal_literals() -> None:
    assert same([1, {"a": (2,)}], [1.0, {"a": (2,)}])
    assert not same([1], [True])
    assert not same([1], (1,))
    assert not same({"a": 1}, {"b": 1})
    assert standard("A, b./-_*^'c") == 'ab"c'
