"""Calls as JSON, in the spellings of models and servers."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.tools.call import Call, UnreadableError
from eval_suites.tools.json_calls import read

_F = Call("f", {"a": [1, None]})


@pytest.mark.parametrize(
    "value",
    [
        {"name": "f", "arguments": {"a": [1, None]}},
        {"name": "f", "parameters": {"a": [1, None]}},
        {"name": "f", "arguments": '{"a": [1, null]}'},
        {"function": "f", "parameters": {"a": [1, None]}},
        {"function": {"name": "f", "arguments": '{"a": [1, null]}'}},
        {
            "role": "assistant",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": [1, None]}}}],
        },
        [{"name": "f", "arguments": {"a": [1, None]}}],
    ],
)
def test_spellings(value: object) -> None:
    assert read(json.dumps(value)) == (_F,)


def test_no_arguments_and_no_calls() -> None:
    assert read('[{"name": "f"}, {"name": "g", "arguments": null}, {"name": "h", "arguments": ""}]') == (
        Call("f", {}), Call("g", {}), Call("h", {}),
    )  # fmt: skip
    assert read("[]") == ()


@pytest.mark.parametrize(
    "text",
    [
        "", "f(a=1)", "1", "null", '"f"', "[[]]", "{}", '{"name": 1}', '{"name": "f", "arguments": [1]}', '{"name": "f", "arguments": "[1]"}',
        '{"name": "f", "arguments": "{"}', '{"name": "f", "arguments": {"a": NaN}}', '{"name": "f", "arguments": {"a": ' + "9" * 5000 + "}}",
        '{"name": "f", "arguments": {"a": ' + "9" * 400 + "}}", '{"name": "f", "arguments": {"a": ' + "[" * 99 + "]" * 99 + "}}", "[" * 60000,
        '{"tool_calls": 1}',
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        read(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["name", "function", "arguments", "tool_calls"]), x),
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    with contextlib.suppress(UnreadableError):
        assert all(isinstance(one, Call) for one in read(json.dumps(value)))
