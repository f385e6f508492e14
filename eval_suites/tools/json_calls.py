"""Calls as JSON: `{"name": "f", "arguments": {...}}`, one or a list, in the spellings of common models and servers.

`parameters` in place of `arguments`, `function` in place of `name` (BFCL's JSON format), arguments as a text that holds
JSON, and OpenAI's `{"tool_calls": [{"type": "function", "function": {...}}]}`.
"""

import json

from eval_suites.tools.call import Call, UnreadableError, check

_NAMES = ("name", "function")
_ARGUMENTS = ("arguments", "parameters")


def read(text: str) -> tuple[Call, ...]:
    """Returns the calls of a JSON text; raises `UnreadableError` if it is none, or holds something else."""
    value = _loaded(text)
    check(value)
    if isinstance(value, dict) and "tool_calls" in value:
        value = value["tool_calls"]
    return tuple(_call(one) for one in (value if isinstance(value, list) else [value]))


def _call(value: object) -> Call:
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict):
        raise UnreadableError("JSON that is no call")

    names = [value[key] for key in _NAMES if isinstance(value.get(key), str)]
    if not names:
        raise UnreadableError("a call without a name")
    arguments = next((value[key] for key in _ARGUMENTS if key in value), None)
    if isinstance(arguments, str):
        arguments = _loaded(arguments) if arguments.strip() else None
        check(arguments)
    if arguments is not None and not isinstance(arguments, dict):
        raise UnreadableError("arguments without names")
    return Call(names[0], arguments or {})


def _loaded(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refused)
    except RecursionError as error:
        raise UnreadableError("JSON that is too deep") from error
    except ValueError as error:
        raise UnreadableError("no JSON") from error


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
