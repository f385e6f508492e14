"""What Java's expressions stand for. The cases are BFCL's documented ones, and where it is at fault, Java's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.tools.java import TYPES, value


@pytest.mark.parametrize(
    ("text", "kind", "items", "expected"),
    [
        ("123", "integer", "", 123), ("-128", "byte", "", -128), ("9", "short", "", 9), ("5L", "integer", "", "5L"), ("true", "integer", "", "true"),
        ("123L", "long", "", 123), ("-9l", "long", "", -9), ("123", "long", "", "123"), ("3.14f", "float", "", 3.14), ("3e-3F", "float", "", 3e-3),
        ("3.14", "float", "", "3.14"), ("3.14e2", "double", "", 314.0), ("3.14f", "double", "", "3.14f"), ("7", "double", "", 7.0),
        ("true", "boolean", "", True), ("false", "boolean", "", False), ("True", "boolean", "", "True"), ("a", "char", "", "a"),
        ("abc", "String", "", "abc"), ("123", "any", "", "123"), ("x", "Queue", "", "x"),
        ("new int[]{1, 2, 3}", "Array", "integer", [1, 2, 3]), ("new int[] { }", "Array", "integer", []), ("numbers", "Array", "integer", "numbers"),
        ("new long[]{1L, 2, 3L}", "Array", "long", [1, "2", 3]), ('new Object[]{1, "abc", true}', "Array", "any", [1, "abc", True]),
        ("new ArrayList<Integer>(Arrays.asList(1, 2))", "ArrayList", "integer", [1, 2]), ("new ArrayList<>()", "ArrayList", "integer", []),
        ("new ArrayList<Double>() {{ add(1.0); add(2.5); }}", "ArrayList", "double", [1.0, 2.5]),
        ("new ArrayList<Character>() {{ add('a'); add('b'); }}", "ArrayList", "char", ["a", "b"]),
        ('new ArrayList<>(Arrays.asList("a", "b"))', "ArrayList", "String", ["a", "b"]), ("new ArrayList<>(other)", "ArrayList", "String", "new ArrayList<>(other)"),
        ("new HashMap<>()", "HashMap", "", {}), ("new HashMap<>() {{ }}", "HashMap", "", {}),
        ('new HashMap<String, Object>() {{put("a", 1); put("b", true);}}', "HashMap", "", {"a": 1, "b": True}),
        ('new HashMap<String, Object>() {{ put("k", "v 1"); put("n", 2L); put("f", 1.5f); }}', "HashMap", "", {"k": "v 1", "n": 2, "f": 1.5}),
        ("options", "HashMap", "", "options"),
        # BFCL cuts these at the comma, the bracket or the semicolon in a text, and leaves the quotes of an Array's texts on
        ('new String[]{"a, b", "}"}', "Array", "String", ["a, b", "}"]), ('new ArrayList<>(Arrays.asList("a, b", "))"))', "ArrayList", "String", ["a, b", "))"]),
        ('new HashMap<>() {{ put("a;", ")"); }}', "HashMap", "", {"a;": ")"}),
    ],
)  # fmt: skip
def test_values(text: str, kind: str, items: str, expected: object) -> None:
    got = value(text, kind, items)
    assert got == expected
    assert type(got) is type(expected)


@given(
    st.text() | st.text(alphabet="new HashMap<>(){}\"';,putadd1L.f[]"),
    st.sampled_from(sorted(TYPES)),
    st.sampled_from([*TYPES, ""]),
)
def test_any_text_has_a_value(text: str, kind: str, items: str) -> None:
    value(text, kind, items)


def test_long_numbers_and_deep_brackets_stay_text() -> None:
    for text in ("9" * 10000, "(" * 10000):
        for kind in TYPES:
            assert value(text, kind, "integer") == text
