"""Messages about a file's fields or an option, in plain words: what is wrong, where, and what is allowed."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from corpus import yaml_text

_PLAIN = {
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a section with its own fields, or null where that turns it off",
    "model_type": "must be a section with its own fields, or null where that turns it off",
    "model_attributes_type": "must be a section with its own fields, or null where that turns it off",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "string_pattern_mismatch": "must begin with a letter or digit, then letters, digits, '_', '.' or '-'; at most 64",
    "too_short": "must have {min_length} or more entries, not {actual_length}",
}
_SELF_EXPLAINING = ("missing", "value_error", "extra_forbidden", "string_too_short", "too_short")


def told(error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """Returns (where, what is wrong) of the error to report."""
    first = _first(error)
    place = tuple(part for part in first["loc"] if isinstance(part, (str, int)))
    return place, _message(first)


def _first(error: ValidationError) -> Mapping[str, Any]:
    """Returns the error for an unknown name, because it explains a missing one; otherwise the first error."""
    errors = error.errors()
    return next((entry for entry in errors if entry["type"] == "extra_forbidden"), errors[0])


def _message(first: Mapping[str, Any]) -> str:
    kind = first["type"]
    message = str(first["msg"]).removeprefix("Value error, ")
    if kind in _PLAIN:
        message = _PLAIN[kind].format(**first.get("ctx", {}))
    return message if kind in _SELF_EXPLAINING else f"{message}, got {first['input']!r}"


def of_option(error: ValidationError, options: Mapping[str, str], section: type[BaseModel]) -> str:
    """Returns one line that names the option as the user typed it.

    `options` maps each field's path in the section to its option. An error of a whole section already says what it is
    about.
    """
    place, message = told(error)
    path = [str(part) for part in place if isinstance(part, str)]
    option = options.get(".".join(path), "")
    if not option and len(path) > 1:  # a key of a mapping: weights.books
        option = options.get(".".join(path[:-1]), "")
        message = f"{path[-1]!r} {message}" if option else message
    if _first(error)["type"] == "extra_forbidden":
        message = _no_such_field(path[-1], _fields_at(section, [*path[:-1]]))
        option = f"--set {'.'.join(path)}"  # only this option accepts any name
    if _first(error)["type"] in ("tuple_type", "list_type") and option.startswith("--set "):
        message += f"; write {option}='[{_first(error)['input']}]'" if isinstance(_first(error)["input"], str) else ""
    return f"{option}: {message}" if option else message


def of_fields(error: ValidationError, root: type[BaseModel]) -> str:
    """Returns one line that names the field, with dots: for settings from Python code."""
    place, message = told(error)
    if _first(error)["type"] == "extra_forbidden":
        message = _no_such_field(str(place[-1]), _fields_at(root, list(place[:-1])))
    return f"{'.'.join(map(str, place))}: {message}" if place else message


def of_file(error: ValidationError, node: yaml.Node | None, name: str, root: type[BaseModel]) -> str:
    """Returns one line that names the file, its line and the field."""
    place, message = told(error)
    path, first = list(place), _first(error)
    if first["type"] == "extra_forbidden":
        message = _no_such_field(str(path[-1]), _fields_at(root, path[:-1]))
    if not path and ": " in message:  # an error of the whole recipe begins with its field
        dotted, _, message = message.partition(": ")
        path = list(dotted.split("."))
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    field = f"{'.'.join(map(str, path))}: " if path else ""
    return f"{name} line {yaml_text.line(node, path)}: {field}{message}{more}"


def _no_such_field(name: str, allowed: list[str]) -> str:
    near = get_close_matches(name, allowed, n=1)
    return "no such field" + (f"; did you mean {near[0]!r}?" if near else f"; allowed: {', '.join(allowed)}")


def _fields_at(model: type[BaseModel], path: list[str | int]) -> list[str]:
    """Returns the fields of the model at a place of a recipe, according to the model's types."""
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            inner = _model_in(model.model_fields[part].annotation)
            model = inner or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        model = _model_in(inner)
        if model is not None:
            return model
    return None
