"""Is a value one of the possible ones, as BFCL compares it: its type first, then what it is.

- Types are exact. For a parameter of type float a whole number is allowed, within lists it is not; a truth value is no
  number. A value whose type is that of the possible ones is allowed, too: in place of a list, the name of a variable.
- Texts are compared without case, blanks and `,./-_*^`; quotes are alike. So are texts right in a list or a dict, but
  not those of a list in a list.
- "" among the possible values says that the parameter may be missing. An empty list stands for that, too.
- A dict's possible answer holds the possible values of each of its keys.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eval_suites.tools import java, javascript
from eval_suites.tools.call import Language
from eval_suites.tools.mismatch import Mismatch

OMITTED = ""  # among the possible values: the parameter may be missing
_IGNORED = str.maketrans("'", '"', " ,./-_*^")
_SHOWN = 80  # characters of a value in a message
_PYTHON: dict[str, type] = {
    "string": str, "integer": int, "float": float, "number": float, "boolean": bool, "array": list, "tuple": list,
    "dict": dict, "object": dict, "any": str,
}  # fmt: skip
_TYPES: dict[Language, Mapping[str, type]] = {"python": _PYTHON, "java": java.TYPES, "javascript": javascript.TYPES}
_LISTS = {"python": ("array", "tuple"), "java": java.LISTS, "javascript": javascript.LISTS}
_READERS: dict[Language, Callable[[str, str, str], object]] = {"java": java.value, "javascript": javascript.value}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as its function describes it."""

    kind: str  # its type's name
    items: str = ""  # the type's name of a list's elements


def compare(value: object, parameter: Parameter, possible: Sequence[object], language: Language) -> Mismatch | None:
    """Returns why a value is none of the possible ones; None if it is one."""
    if language != "python":
        if not isinstance(value, str):
            return _mismatch("type", value, "the text of an expression")
        value = _READERS[language](value, parameter.kind, parameter.items)
    elif parameter.kind == "tuple" and isinstance(value, tuple):
        value = list(value)
    elif parameter.kind in ("float", "number") and type(value) is int:
        value = float(value)

    types = _TYPES[language]
    declared = types.get(parameter.kind)
    is_mixed = parameter.items == "any" and language != "python"  # elements are of the types of their literals
    inner = types.get(parameter.items) if parameter.kind in _LISTS[language] and not is_mixed else None
    usual = _type_of(possible)
    if not _has_type(value, declared, inner, possible):
        return _mismatch("type", value, parameter.kind + (f" of {parameter.items}" if inner else ""))

    is_plain = usual is None or usual is declared
    if any(_is_one(value, one, inner) if is_plain else same(value, one) for one in possible):
        return None
    return _mismatch("value", value, f"one of {_shown(list(possible))}")


def _has_type(value: object, declared: type | None, inner: type | None, possible: Sequence[object]) -> bool:
    """Returns whether a value has the declared type, or that of the possible ones (a variable's name is a text)."""
    if declared is None or type(value) is not declared:
        return type(value) is _type_of(possible)
    if inner is None or not isinstance(value, list):
        return True
    return any(
        not isinstance(one, list) or all(type(element) in (inner, _type_of(one)) for element in value)
        for one in possible
    )


def _type_of(possible: Sequence[object]) -> type | None:
    """Returns the type of the first possible value; None if there is none but the missing one."""
    return next((type(one) for one in possible if one != OMITTED), None)


def _is_one(value: object, possible: object, inner: type | None) -> bool:
    """Returns whether a value is the possible one, in the way that its type is compared."""
    if isinstance(value, str):
        return isinstance(possible, str) and standard(value) == standard(possible)
    if isinstance(value, dict):
        return isinstance(possible, dict) and _is_dict(value, possible)
    if isinstance(value, list):
        expected = [] if possible == OMITTED else possible
        if not isinstance(expected, list) or len(value) != len(expected):
            return False
        if inner is dict:
            pairs = zip(value, expected, strict=True)
            return all(isinstance(a, dict) and isinstance(b, dict) and _is_dict(a, b) for a, b in pairs)
        return all(_alike(a, b) for a, b in zip(value, expected, strict=True))
    return same(value, possible)


def _is_dict(value: Mapping[object, object], possible: Mapping[object, object]) -> bool:
    """Returns whether each entry is one of those that are possible for its key, and none is missing."""
    options = {key: some if isinstance(some, list) else [some] for key, some in possible.items()}
    missing = options.keys() - value.keys()
    return all(key in options and any(_alike(one, other) for other in options[key]) for key, one in value.items()) and (
        all(OMITTED in options[key] for key in missing)
    )


def _alike(a: object, b: object) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return standard(a) == standard(b)
    return same(a, b)


def standard(text: str) -> str:
    """Returns a text in the form in which BFCL compares it."""
    return text.translate(_IGNORED).lower()


def same(a: object, b: object) -> bool:
    """Returns whether two literals are equal. In Python, and so in BFCL, True is also equal to 1; here it is not."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    return isinstance(a, bool) == isinstance(b, bool) and a == b


def _mismatch(reason: str, value: object, needed: str) -> Mismatch:
    return Mismatch("type" if reason == "type" else "value", f"{_shown(value)} in place of {needed}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
