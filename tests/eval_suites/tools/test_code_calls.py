"""Calls in Java and JavaScript: where an argument begins and ends, and what of it is kept."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.tools.call import Call, Language, UnreadableError
from eval_suites.tools.code_calls import parts, read

BOTH: tuple[Language, ...] = ("java", "javascript")


@pytest.mark.parametrize("language", BOTH)
def test_arguments_are_texts_of_expressions(language: Language) -> None:
    text = """a.B.f(x="q, (", n=-5, ok = true, v=other.name, w=g(1, 2), m=Map.of("k", 1),)"""
    expected = {"x": "q, (", "n": "-5", "ok": "true", "v": "other.name", "w": "g(1, 2)", "m": 'Map.of("k", 1)'}
    assert read(text, language) == (Call("a.B.f", expected),)
    assert read("f(), g(a=1)", language) == (Call("f", {}), Call("g", {"a": "1"}))
    assert read(" ", language) == ()


def test_javas_own() -> None:
    text = """f(m=new HashMap<String, List<Integer>>() {{ put("a", "b"); }}, s=new String[]{"x", "y"}, c='c', e='\\n', n=5L)"""
    (call,) = read(text, "java")
    assert call.arguments == {
        "m": 'new HashMap<String, List<Integer>>() {{ put("a", "b"); }}',
        "s": 'new String[]{"x", "y"}',
        "c": "c",
        "e": "\\n",
        "n": "5L",
    }
    (call,) = read("f(a=i < 3, b=(x) -> x > 1, c=Foo::bar)", "java")
    assert call.arguments == {"a": "i < 3", "b": "(x) -> x > 1", "c": "Foo::bar"}


def test_javascripts_own() -> None:
    text = (
        """f(o={a: 1, "b": [2, 3]}, q='it\\'s', t=`a, ${b}`, g=(x, y) => x + y, n=5n, h=function (a) { return a; })"""
    )
    (call,) = read(text, "javascript")
    assert call.arguments == {
        "o": '{a: 1, "b": [2, 3]}',
        "q": "it\\'s",
        "t": "`a, ${b}`",
        "g": "(x, y) => x + y",
        "n": "5n",
        "h": "function (a) { return a; }",
    }


@pytest.mark.parametrize("language", BOTH)
def test_values_without_a_name_are_passed_over_but_variables_are_not(language: Language) -> None:
    assert read('f(5, "x", a=1)', language) == (Call("f", {"a": "1"}),)
    assert read("f(x, a=1)", language) == (Call("f", {"": "x", "a": "1"}),)


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(
    "text",
    [
        "hello", "hello there", "f", "f(a=1", "f(a=1))", "f(a=[1)", 'f(a="x)', "f(a=1, a=2)", "f(a=)", "f(a=1,,b=2)", "f(a=one two)",
        "f(a=/path/to)", "f(a=http://x)", "f(a=1.2.3)", "f(a=1) g(b=2)", "5(a=1)", "f()(a=1)", "f(a=" + "(" * 99 + ")" * 99 + ")", "(" * 60000,
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str, language: Language) -> None:
    with pytest.raises(UnreadableError):
        read(text, language)


def test_a_java_character_is_one_letter() -> None:
    with pytest.raises(UnreadableError):
        read("f(a='abc')", "java")
    assert read("f(a='abc')", "javascript") == (Call("f", {"a": "abc"}),)


@given(st.lists(st.text(alphabet="ab1 ", min_size=1).map(str.strip).filter(bool), max_size=5))
def test_parts_are_what_was_joined(pieces: list[str]) -> None:
    for language in BOTH:
        assert parts(", ".join(pieces), language) == pieces
        assert parts(", ".join(f'"{one},("' for one in pieces), language) == [f'"{one},("' for one in pieces]
        assert parts(", ".join(f"[{one},{{}}]" for one in pieces), language) == [f"[{one},{{}}]" for one in pieces]


@given(st.text() | st.text(alphabet="f(a=1,[]{}'\"<>`:;. \\)new"), st.sampled_from(BOTH))
def test_any_text_is_read_or_refused(text: str, language: Language) -> None:
    with contextlib.suppress(UnreadableError):
        assert all(isinstance(one, Call) for one in read(text, language))
