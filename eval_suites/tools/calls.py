"""Reads the calls in a model's text, whatever form they are written in. Nothing of it is run.

Forms: BFCL's own (`[f(a=1), g()]`, as eval_suites.tools.prompts asks for it), JSON, and both of them in blocks of code,
in `<tool_call>` tags and behind a model's thoughts. BFCL's decoder for prompts reads its own form only; for others each
model has a decoder there. So a reading also says whether that decoder would read it (`is_as_asked`).
"""

import re
from dataclasses import dataclass
from typing import Literal

from eval_suites.tools import code_calls, json_calls, python_calls
from eval_suites.tools.call import MAX_CHARS, Call, Language, UnreadableError

State = Literal["calls", "none", "unreadable"]
_THOUGHT = "</think>"
_TAG = re.compile(r"<(tool_call|toolcall|tool_calls)>", re.IGNORECASE)
_FENCE = "```"
_LANGUAGE = re.compile(r"[\w+-]{0,20}[ \t]*\n")  # what stands behind the opening fence
_LOOKS_LIKE_CALLS = re.compile(
    r"[\w\]]\(\s{0,9}[^\W\d]\w{0,99}\s{0,9}=(?!=)"  # f(a=
    r"|\A[\s`]{0,9}\[[\s]{0,9}[^\W\d][\w.]{0,199}\("  # [f(
    r"|\"(?:arguments|parameters)\"\s{0,9}:"
    r"|<tool_call>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of an answer."""

    calls: tuple[Call, ...]
    state: State  # "none": a text without calls; "unreadable": it looks like calls, but cannot be read
    is_as_asked: bool = False  # in BFCL's own form, with nothing around it
    why: str = ""  # it cannot be read


def read(text: str, language: Language = "python") -> Reading:
    """Returns the calls of an answer. Never raises."""
    if len(text) > MAX_CHARS:
        return Reading((), "unreadable", why=f"longer than {MAX_CHARS:,} characters")
    try:
        calls = _as_asked(text, language)
        return Reading(calls, "calls" if calls else "none", is_as_asked=True)
    except UnreadableError as error:
        why = str(error)

    answer = text.rpartition(_THOUGHT)[2]
    try:
        calls = tuple(call for block in _blocks(answer) for call in _of_block(block, language))
        return Reading(calls, "calls" if calls else "none")
    except UnreadableError:
        is_tried = bool(_LOOKS_LIKE_CALLS.search(answer))
        return Reading((), "unreadable" if is_tried else "none", why=why if is_tried else "")


def _as_asked(text: str, language: Language) -> tuple[Call, ...]:
    """Returns calls in BFCL's form. Backticks around it and missing brackets are allowed there."""
    stripped = text.strip("`\n ")
    bracketed = ("" if stripped.startswith("[") else "[") + stripped + ("" if stripped.endswith("]") else "]")
    return _of_code(bracketed, language)


def _of_code(text: str, language: Language) -> tuple[Call, ...]:
    if language == "python":
        return python_calls.read(text)
    stripped = text.strip()
    is_list = stripped.startswith("[") and stripped.endswith("]")
    return code_calls.read(stripped[1:-1] if is_list else stripped, language)


def _of_block(text: str, language: Language) -> tuple[Call, ...]:
    if not text.strip():
        return ()
    try:
        return json_calls.read(text)
    except UnreadableError:
        return _of_code(text, language)


def _blocks(text: str) -> list[str]:
    """Returns the texts in tags, or else in blocks of code, or else the whole text."""
    tagged = _in_tags(text)
    if tagged:
        return [_unfenced(one) for one in tagged]
    pieces = text.split(_FENCE)
    return [_of_fence(one) for one in pieces[1::2]] if len(pieces) > 1 else [text]


def _in_tags(text: str) -> list[str]:
    """Returns what stands in tags; the last one may lack its end."""
    pieces = _TAG.split(text)  # what stands before the first tag, then a tag's name and what follows it
    return [after.partition(f"</{name}>")[0] for name, after in zip(pieces[1::2], pieces[2::2], strict=True)]


def _unfenced(text: str) -> str:
    pieces = text.split(_FENCE)
    return _of_fence(pieces[1]) if len(pieces) > 1 else text


def _of_fence(text: str) -> str:
    """Returns a block of code without the name of its language."""
    name = _LANGUAGE.match(text)
    return text[name.end() :] if name else text
