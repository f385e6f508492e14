"""What form an answer is in, and whether BFCL's decoder for prompts would read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.tools.call import MAX_CHARS, Call, Language
from eval_suites.tools.calls import read

_F, _G = Call("f", {"a": 1}), Call("g", {"b": "x"})
_JSON = '{"name": "f", "arguments": {"a": 1}}'


@pytest.mark.parametrize(
    "text", ["[f(a=1)]", "f(a=1)", " [f(a=1)]\n", "```\n[f(a=1)]\n```", "`f(a=1)`", "[f(a=1)", "f(a=1)]"]
)
def test_bfcls_own_form(text: str) -> None:
    reading = read(text)
    assert (reading.calls, reading.state, reading.is_as_asked) == ((_F,), "calls", True)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        (_JSON, (_F,)),
        (f"[{_JSON}]", (_F,)),
        (f"```json\n{_JSON}\n```", (_F,)),
        ("```python\n[f(a=1), g(b='x')]\n```", (_F, _G)),
        ("Sure:\n```\nf(a=1)\n```\nand\n```\ng(b='x')\n```", (_F, _G)),
        (f"<tool_call>\n{_JSON}\n</tool_call>", (_F,)),
        (f"I will call it. <tool_call>{_JSON}</tool_call><tool_call>g(b='x')</tool_call>", (_F, _G)),
        (f"<tool_call>{_JSON}", (_F,)),
        ("<TOOLCALL>[f(a=1)]</TOOLCALL>", (_F,)),
        ("<tool_call>```json\n" + _JSON + "\n```</tool_call>", (_F,)),
        ("<think>g(b='x') or <tool_call>f(a=2)</tool_call>?</think>\n\n[f(a=1)]", (_F,)),
    ],
)
def test_other_forms(text: str, calls: tuple[Call, ...]) -> None:
    reading = read(text)
    assert (reading.calls, reading.state, reading.is_as_asked) == (calls, "calls", False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "[]",
        "```\n[]\n```",
        "None of the functions can be used.",
        "The area (in cm) is 5.",
        "[1, 2]",
        "<think>f(a=1)</think> No.",
    ],
)
def test_no_calls(text: str) -> None:
    assert (read(text).calls, read(text).state) == ((), "none")


@pytest.mark.parametrize(
    "text",
    [
        "Call [f(a=1)] please",
        "[f(a=1), g(b=]",
        "[f(a=1)]\n\nDone.",
        '{"name": "f", "arguments": {',
        "<tool_call>oh</tool_call>",
        "f(a=1) g(b=2)",
        "[f(1, 2]",
    ],
)
def test_what_looks_like_a_call_is_unreadable(text: str) -> None:
    reading = read(text)
    assert (reading.calls, reading.state) == ((), "unreadable")
    assert reading.why


def test_java_and_javascript() -> None:
    for language in ("java", "javascript"):
        reading = read('[f(a=true, b="x")]', language)  # type: ignore[arg-type]
        assert reading.calls == (Call("f", {"a": "true", "b": "x"}),)
        assert reading.is_as_asked
        fenced = read('```java\nf(a=true, b="x")\n```', language)  # type: ignore[arg-type]
        assert (fenced.calls, fenced.is_as_asked) == (reading.calls, False)
    assert read(_JSON, "java").calls == (_F,)


def test_long_answers_are_not_read() -> None:
    assert read("f(a='" + "x" * MAX_CHARS + "')").state == "unreadable"


@pytest.mark.parametrize("language", ["python", "java", "javascript"])
@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "[",
        "{",
        "<",
        "-",
        "f(",
        "f(a=",
        "a.",
        "```",
        "<tool_call>",
        "</think>",
        '"',
        "'",
        "\\",
        "new HashMap<>(",
        "{{",
        ",",
        "not ",
        "1+",
        "lambda:",
        "f'{",
        '{"a":',
        " ",
        "\n",
        "a",
        "a=",
        "\ud800",
        "\0",
    ],
)
def test_hostile_text_neither_raises_nor_hangs(piece: str, language: Language) -> None:
    for text in (piece * (MAX_CHARS // len(piece)), "f(a=" + piece * 9000 + ")", "[f(a=1), " + piece * 9000):
        assert read(text[:MAX_CHARS], language).state in ("calls", "none", "unreadable")


@given(st.text(), st.sampled_from(["python", "java", "javascript"]))
def test_any_text_is_read(text: str, language: Language) -> None:
    reading = read(text, language)
    assert (reading.state == "calls") == bool(reading.calls)
