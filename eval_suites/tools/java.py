"""What the text of a Java expression stands for, by the type of its parameter, as BFCL reads it.

An expression that its type does not read stays text: it may be the name of a variable, which BFCL compares as text.
"""

import re

from eval_suites.tools.call import UnreadableError
from eval_suites.tools.code_calls import outside_strings, parts

TYPES: dict[str, type] = {
    "byte": int, "short": int, "integer": int, "long": int, "float": float, "double": float, "boolean": bool,
    "char": str, "String": str, "any": str, "Array": list, "ArrayList": list, "Set": set, "Queue": list, "Stack": list,
    "HashMap": dict, "Hashtable": dict,
}  # fmt: skip
LISTS = ("Array", "ArrayList")  # the types whose elements have a type of their own
_WHOLE = re.compile(r"-?[0-9]{1,300}")
_LONG = re.compile(r"(-?[0-9]{1,300})[lL]")
_REAL = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?")
_ARRAY = re.compile(r"new\s+\w+\s*\[\s*\]\s*\{(.*)\}", re.DOTALL)
_OBJECT = re.compile(r"new\s+(ArrayList|HashMap)\s*(?:<[^()]*>)?\s*\(")
_LISTED = re.compile(r"(?:Arrays\.asList|List\.of)\s*\((.*)\)", re.DOTALL)
_STATEMENT = re.compile(r"(add|put)\s*\((.*)\)", re.DOTALL)


def value(text: str, kind: str, items: str) -> object:
    """Returns the value of an expression for a parameter of type `kind`, whose elements are of type `items`."""
    try:
        match kind:
            case "ArrayList":
                return _array_list(text, items)
            case "Array":
                return _array(text, items)
            case "HashMap":
                return _hash_map(text)
    except UnreadableError:
        return text
    return _scalar(text, kind)


def _scalar(text: str, kind: str) -> object:
    match kind:
        case "byte" | "short" | "integer" if _WHOLE.fullmatch(text):
            return int(text)
        case "long" if is_long := _LONG.fullmatch(text):
            return int(is_long[1])
        case "float" if text[-1:] in ("f", "F") and _REAL.fullmatch(text[:-1]):
            return float(text[:-1])
        case "double" if _REAL.fullmatch(text):
            return float(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
    return text


def _array(text: str, items: str) -> object:
    """Returns the elements of `new int[]{1, 2}`."""
    array = _ARRAY.fullmatch(text.strip())
    return [_element(one, items) for one in parts(array[1], "java")] if array else text


def _array_list(text: str, items: str) -> object:
    """Returns the elements of an ArrayList: empty, of `Arrays.asList(...)`, or with `add` in double braces."""
    opened = _opened(text, "ArrayList")
    if opened is None:
        return text
    inside, statements = opened
    listed = _LISTED.fullmatch(inside)
    if inside and not listed:
        return text
    added = [arguments for name, arguments in statements if name == "add"]
    return [_element(one, items) for one in (parts(listed[1], "java") if listed else added)]


def _element(text: str, items: str) -> object:
    """Returns an element of a list. In an Array BFCL leaves the quotes of texts on, so that no answer is right."""
    if items in ("String", "char"):
        return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
    return _untyped(text) if items in ("any", "") else _scalar(text, items)


def _hash_map(text: str) -> object:
    """Returns the entries of a HashMap that `put` in double braces makes."""
    opened = _opened(text, "HashMap")
    if opened is None or opened[0]:
        return text
    entries: dict[str, object] = {}
    for name, arguments in opened[1]:
        pair = parts(arguments, "java")
        if name == "put" and len(pair) == 2 and len(pair[0]) > 1 and pair[0][0] == pair[0][-1] == '"':
            entries[pair[0][1:-1]] = _untyped(pair[1])
    return entries


def _opened(text: str, kind: str) -> tuple[str, list[tuple[str, str]]] | None:
    """Returns what stands in the parentheses of `new ArrayList<>(...)`, and the calls (name, arguments) in the braces
    behind them; None if the text is something else."""
    stripped = text.strip()
    begin = _OBJECT.match(stripped)
    if not begin or begin[1] != kind:
        return None
    inside, body = _cut(stripped[begin.end() :])
    if body and not (body[0] == "{" and body[-1] == "}"):
        return None
    statements = body.removeprefix("{").removesuffix("}").strip().removeprefix("{").removesuffix("}")
    calls = [_STATEMENT.fullmatch(one.strip()) for one in _statements(statements)]
    return inside.strip(), [(one[1], one[2]) for one in calls if one]


def _cut(text: str) -> tuple[str, str]:
    """Returns what stands before the parenthesis that is closed but was opened before the text, and what after it."""
    whole = "(" + text
    end = next((at for at, one, n_open in outside_strings(whole, "java") if one == ")" and not n_open), 0)
    return whole[1:end], whole[end + 1 :].strip()


def _statements(text: str) -> list[str]:
    """Returns what semicolons separate that are in no string."""
    ends = [at for at, one, n_open in outside_strings(text, "java") if one == ";" and not n_open]
    return [text[a + 1 : b] for a, b in zip([-1, *ends], [*ends, len(text)], strict=True)]


def _untyped(text: str) -> object:
    """Returns the value of an expression whose type nobody declared: that of its literal."""
    if text in ("true", "false"):
        return text == "true"
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if is_long := _LONG.fullmatch(text):
        return int(is_long[1])
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text.rstrip("fF")) if _REAL.fullmatch(text.rstrip("fF")) else text
