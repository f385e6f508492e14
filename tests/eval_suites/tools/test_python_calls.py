"""Calls in Python's syntax. The truth is Python's own: what `ast.literal_eval` makes of an argument."""

import ast
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.tools.call import Call, UnreadableError
from eval_suites.tools.python_calls import read

_LITERALS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(), one, max_size=4) | st.tuples(one, one),
    max_leaves=12,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}_", fullmatch=True), _LITERALS, max_size=4))
def test_literals_are_those_of_python(arguments: dict[str, object]) -> None:
    text = f"[a.b({', '.join(f'{key}={value!r}' for key, value in arguments.items())})]"
    try:
        expected = {key: ast.literal_eval(repr(value)) for key, value in arguments.items()}
    except (SyntaxError, ValueError):  # text that no source may hold, e.g. half a surrogate pair
        return
    (call,) = read(text)
    assert call == Call("a.b", expected)
    assert repr(call.arguments) == repr(expected)  # 1, 1.0 and True are not the same


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("[]", []),
        ("f(a=1)", [Call("f", {"a": 1})]),
        ('[f(a=1, b=[2, {"c": None}]), g()]', [Call("f", {"a": 1, "b": [2, {"c": None}]}), Call("g", {})]),
        ("f(a=1), g()", [Call("f", {"a": 1}), Call("g", {})]),
        # BFCL: a value without a name is passed over
        ("f(5, a=1)", [Call("f", {"a": 1})]),
        # BFCL: what is no literal becomes its source; a call with named arguments a dict
        (
            "f(a=x, b=date(2020, 1), c=x[0], d=...)",
            [Call("f", {"a": "x", "b": "date(2020, 1)", "c": "x[0]", "d": "..."})],
        ),
        ("f(a=g(b=1))", [Call("f", {"a": {"g": {"b": 1}}})]),
        ("f(a=-5, b=+2.5, c=-(1+2))", [Call("f", {"a": -5, "b": 2.5, "c": -3})]),
        ("f(a=2*3, b=1/2, c=10**6, d='a'+'b')", [Call("f", {"a": 6, "b": 0.5, "c": 1000000, "d": "ab"})]),
        ("f(a=1, a=2)", [Call("f", {"a": 2})]),  # as in BFCL
        ("f(**x)", [Call("f", {"**": "x"})]),
    ],
)
def test_forms(text: str, calls: list[Call]) -> None:
    assert list(read(text)) == calls


@pytest.mark.parametrize(
    "text",
    [
        "hello", "[1]", "[f]", "f(a=1) g()", "[f(a=1)][0]", "[f(a=1), None]", "f()()", "x[0](a=1)", "f(a=",
        "[f(a=lambda: 1)]", "[f(a=[i for i in x])]", "[f(a={1, 2})]", "[f(a=b.c)]", '[f(a=f"{x}")]', "[f(a=not x)]",
        "[f(a={[]: 1})]", "[f(a={**x})]", "[f(a=1/0)]", "[f(a=9**9**9)]", "[f(a=1<<9)]", "[f(a=(-8)**0.5)]", "[f(a=-'x')]",
        "[f(a=True+1)]", "[f(a=1e308*10 + x)]", "f(a='\0')", "f(a='\ud800')", "[f(a=0x" + "f" * 999 + ")]", "f(a=" + "9" * 9999 + ")",
        "f(a=" + "[" * 99 + "]" * 99 + ")", "[" * 9999, "-" * 9999 + "1", "f(a=1" + "+1" * 20000 + ")", "f" + "()" * 9999,
        "a" + ".b" * 20000 + "()", "f(a=" + "'x'" + "*9" * 200 + ")",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        read(text)


def test_nothing_is_run(tmp_path: Path) -> None:
    """BFCL gives sums to `eval`, which would run this."""
    path = tmp_path / "made"
    for text in (f"f(a=open({str(path)!r}, 'w') + 1)", f"f(a=1 + __import__('pathlib').Path({str(path)!r}).touch())"):
        with pytest.raises(UnreadableError):
            read(text)
    assert not path.exists()


@given(st.text() | st.text(alphabet="f(a=1,[]{}'\"+-*.: \n)x"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnreadableError):
        assert all(isinstance(one, Call) for one in read(text))
