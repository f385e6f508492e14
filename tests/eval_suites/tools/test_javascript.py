"""What JavaScript's expressions stand for. The cases are BFCL's documented ones, and where it is at fault, JavaScript's."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.tools.javascript import TYPES, value


@pytest.mark.parametrize(
    ("text", "kind", "items", "expected"),
    [
        ("123", "integer", "", 123), ("123.45", "integer", "", "123.45"), ("3.14", "float", "", 3.14), ("-3", "float", "", -3.0), ("1e3", "float", "", "1e3"),
        ("123n", "Bigint", "", 123), ("123", "Bigint", "", "123"), ("true", "Boolean", "", True), ("True", "Boolean", "", "True"), ("abc", "String", "", "abc"),
        ('"abc"', "String", "", "abc"), ("5", "any", "", "5"),
        ("[1, 2, 3]", "array", "integer", [1, 2, 3]), ("new Array(1, 2)", "array", "integer", [1, 2]), ("[]", "array", "String", []), ("list", "array", "String", "list"),
        ("[1, 'two', true]", "array", "", [1, "two", True]), ("[60, 30.5]", "array", "float", [60.0, 30.5]), ("[[1, 2], [3]]", "array", "float", [[1, 2], [3]]),
        ("{}", "dict", "", {}), ("{'key': 'value'}", "dict", "", {"key": "value"}), ("{a: 123, b: false, c: x}", "dict", "", {"a": 123, "b": False, "c": "x"}),
        ("{a: [1, f('x')]}", "dict", "", {"a": [1, "f('x')"]}), ("options", "dict", "", "options"), ("{a, b}", "dict", "", "{a, b}"),
        # BFCL cuts these at the first comma or brace, and takes the quotes off a number in an object
        ("['a, b', \"c\"]", "array", "String", ["a, b", "c"]), ("{a: {b: 1}, c: 2}", "dict", "", {"a": {"b": 1}, "c": 2}), ("{a: '5'}", "dict", "", {"a": "5"}),
        ("{\n  a: 1,\n}", "dict", "", {"a": 1}), ("{'u': 'http://x'}", "dict", "", {"u": "http://x"}),
    ],
)  # fmt: skip
def test_values(text: str, kind: str, items: str, expected: object) -> None:
    got = value(text, kind, items)
    assert got == expected
    assert type(got) is type(expected)


_PLAIN = st.text(alphabet="ab ,:{[(1é", max_size=6)
_JSON = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | _PLAIN,
    lambda x: st.lists(x, max_size=4) | st.dictionaries(_PLAIN, x, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(_PLAIN, _JSON, max_size=4))
def test_objects_are_those_of_json(entries: dict[str, object]) -> None:
    """JSON is JavaScript; keys lose blanks at their ends here."""
    text = json.dumps({key.strip(): one for key, one in entries.items()}, ensure_ascii=False)
    assert value(text, "dict", "") == json.loads(text)


@given(
    st.text() | st.text(alphabet="[]{}:,'\"`new Array()1n"),
    st.sampled_from(sorted(TYPES)),
    st.sampled_from([*TYPES, ""]),
)
def test_any_text_has_a_value(text: str, kind: str, items: str) -> None:
    value(text, kind, items)


def test_long_numbers_and_deep_brackets_stay_text() -> None:
    for text in ("9" * 10000, "[" * 10000, "[" * 10000 + "]" * 10000):
        for kind in TYPES:
            assert value(text, kind, "integer") == text
