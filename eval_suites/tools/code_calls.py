"""Calls in Java or JavaScript with named arguments, `Map.put(key="a", sizes=new int[]{1, 2})`, as BFCL asks for them.

An argument is kept as the text of its expression, a single string without its quotes. What the text stands for follows
from the parameter's type (eval_suites.tools.java, .javascript). BFCL reads these with tree-sitter; here only brackets
and quotes are followed, and a few shapes that are no expression are refused.
"""

import re
from collections.abc import Iterator

from eval_suites.tools.call import MAX_DEPTH, Call, Language, UnreadableError

_NAME = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*|\$[\w$]*")
_PARAMETER = re.compile(r"[^\W\d][\w$]*")
_BEGINS = re.compile(r"[\w$\"'`(\[{+\-!~]")  # what an expression may begin with
_WORDS = re.compile(r"(?!(?:new|await|async|typeof|void|function|class)\b)[\w$.]+\s+[\w$.]")  # two names side by side
_NUMERAL = re.compile(r"(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?)[lLfFdDn]?")
_CHARACTER = re.compile(r"'(?:[^'\\]|\\.|\\u+[0-9a-fA-F]{4}|\\[0-7]{1,3})'")
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}


def read(text: str, language: Language) -> tuple[Call, ...]:
    """Returns the calls of a text, with commas between them; raises `UnreadableError` if it is something else."""
    return tuple(_call(part, language) for part in parts(text, language))


def parts(text: str, language: Language) -> list[str]:
    """Returns what commas separate that are in no bracket and no string. A last comma may end the text."""
    cuts = [-1, *(at for at, character, depth in outside_strings(text, language) if character == "," and not depth)]
    pieces = [text[a + 1 : b].strip() for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]
    if pieces and not pieces[-1]:
        pieces.pop()
    if not all(pieces):
        raise UnreadableError("nothing between two commas")
    return pieces


def outside_strings(text: str, language: Language) -> Iterator[tuple[int, str, int]]:
    """Yields (position, character, open brackets before it) of what is in no string; raises `UnreadableError` if a
    bracket or a string does not end. In Java, `<` after a name opens a list of types."""
    is_open: list[str] = []
    quote, is_escaped = "", False
    for at, character in enumerate(text):
        if quote:
            if is_escaped:
                is_escaped = False
            elif character == "\\":
                is_escaped = True
            elif character == quote:
                quote = ""
            continue

        if character in "\"'`":
            quote = character
        elif character in ")]}>":
            _close(is_open, character)
        yield at, character, len(is_open)
        if character in "([{" or (character == "<" and language == "java" and text[at - 1 : at].isalnum()):
            is_open.append(character)
            if len(is_open) > MAX_DEPTH:
                raise UnreadableError(f"more than {MAX_DEPTH} open brackets")
    if quote or any(one != "<" for one in is_open):
        raise UnreadableError("a bracket or a string that does not end")


def _close(is_open: list[str], character: str) -> None:
    """Takes the bracket away that a character closes. A `<` that nothing closes was a comparison, a single `>` too."""
    if character == ">":
        if is_open and is_open[-1] == "<":
            is_open.pop()
        return
    while is_open and is_open[-1] == "<":
        is_open.pop()
    if not is_open or _CLOSING[is_open.pop()] != character:
        raise UnreadableError("a bracket that was not opened")


def _call(text: str, language: Language) -> Call:
    name, bracket, inside = text.partition("(")
    if not bracket or not inside.endswith(")") or not _NAME.fullmatch(name.strip()):
        raise UnreadableError("no call")

    arguments: dict[str, object] = {}
    for part in parts(inside[:-1], language):
        parameter, equals, value = part.partition("=")
        if not equals or value[:1] in ("=", ">") or not _PARAMETER.fullmatch(parameter.strip()):
            if not _NAME.fullmatch(part):
                continue  # BFCL passes over values without a name, but not over variables
            parameter, value = "", part  # no parameter is called so
        if parameter.strip() in arguments:
            raise UnreadableError("two arguments of one name")
        arguments[parameter.strip()] = _expression(value.strip(), language)
    return Call(name.strip(), arguments)


def _expression(text: str, language: Language) -> str:
    """Returns the text of an expression, a string's without its quotes."""
    if not _BEGINS.match(text):
        raise UnreadableError("no expression")
    if text[0].isdigit() and not _NUMERAL.fullmatch(text) and text.replace(".", "").isalnum():
        raise UnreadableError("no number")
    outside = "".join(character for _, character, depth in outside_strings(text, language) if not depth)
    if _WORDS.match(text) or (":" in outside.replace("::", "") and "?" not in outside):
        raise UnreadableError("no expression")

    if language == "javascript":
        return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
    if text[0] == "'" and outside == "'":
        if not _CHARACTER.fullmatch(text):
            raise UnreadableError("a character of more than one letter")
        return text[1:-1]
    return text[1:-1] if text[0] == '"' and outside == '"' else text
