"""What the text of a JavaScript expression stands for, by the type of its parameter, as BFCL reads it.

An expression that its type does not read stays text: it may be the name of a variable, which BFCL compares as text.
"""

import re

from eval_suites.tools.call import MAX_DEPTH, UnreadableError
from eval_suites.tools.code_calls import outside_strings, parts

TYPES: dict[str, type] = {
    "String": str, "integer": int, "float": float, "Bigint": int, "Boolean": bool, "dict": dict, "array": list,
    "any": str,
}  # fmt: skip
LISTS = ("array",)  # the types whose elements have a type of their own
_WHOLE = re.compile(r"-?[0-9]{1,300}")
_REAL = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,3})?")
_ARRAY = re.compile(r"\[(.*)\]|new\s+Array\((.*)\)", re.DOTALL)


def value(text: str, kind: str, items: str) -> object:
    """Returns the value of an expression for a parameter of type `kind`, whose elements are of type `items`."""
    try:
        match kind:
            case "array":
                return _array(text, items)
            case "dict":
                return _dict(text)
    except UnreadableError:
        return text
    return _scalar(text, kind)


def _scalar(text: str, kind: str) -> object:
    match kind:
        case "String":
            return text[1:-1] if _is_quoted(text) else text
        case "integer" if _WHOLE.fullmatch(text):
            return int(text)
        case "float" if _REAL.fullmatch(text):
            return float(text)
        case "Bigint" if text.endswith("n") and _WHOLE.fullmatch(text[:-1]):
            return int(text[:-1])
        case "Boolean" if text in ("true", "false"):
            return text == "true"
    return text


def _array(text: str, items: str, depth: int = 0) -> object:
    """Returns the elements of an array; arrays in it have elements of any type."""
    array = _ARRAY.fullmatch(text.strip())
    if not array or depth > MAX_DEPTH:
        return text
    inside = array[1] if array[1] is not None else array[2]
    elements = parts(inside, "javascript")
    return [_scalar(one, items) if items and one[0] != "[" else _untyped(one, depth + 1) for one in elements]


def _dict(text: str, depth: int = 0) -> object:
    """Returns the entries of an object literal."""
    stripped = text.strip()
    if not stripped.startswith("{") or not stripped.endswith("}") or depth > MAX_DEPTH:
        return text
    entries: dict[str, object] = {}
    for part in parts(stripped[1:-1], "javascript"):
        colon = next((at for at, one, n_open in outside_strings(part, "javascript") if one == ":" and not n_open), None)
        if colon is None:
            return text  # a method, or names alone
        entries[part[:colon].strip().strip("'\"")] = _untyped(part[colon + 1 :].strip(), depth + 1)
    return entries


def _untyped(text: str, depth: int) -> object:
    """Returns the value of an expression whose type nobody declared: that of its literal."""
    if text in ("true", "false"):
        return text == "true"
    if _is_quoted(text):
        return text[1:-1]
    if text.startswith("["):
        return _array(text, "", depth)
    if text.startswith("{"):
        return _dict(text, depth)
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
