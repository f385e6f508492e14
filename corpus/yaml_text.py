"""Reads YAML that a person wrote. An error is one line that says what is wrong, with the line's number."""

from typing import Any

import yaml

from corpus.errors import UserError

_MAX_CHARACTERS = 1 << 20


def read(text: str, name: str) -> tuple[Any, yaml.Node | None]:
    """Returns (the text's content, its nodes, which have line numbers). Raises `UserError` with the line in `name`.

    A key that occurs twice in one mapping is an error, because YAML would drop the first one silently.
    """
    if len(text) > _MAX_CHARACTERS:
        raise UserError(f"{name} is larger than {_MAX_CHARACTERS} characters, which is the limit")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _refuse_repeated_keys(node, name, set())
        return yaml.safe_load(text), node
    except UserError:
        raise
    except RecursionError as error:
        raise UserError(f"{name}: invalid YAML: it is nested too deeply, or contains itself") from error
    except (yaml.YAMLError, ValueError, TypeError) as error:  # e.g. an invalid date, a list as a key, a huge number
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark else ""
        raise UserError(f"{name}{place}: invalid YAML: {getattr(error, 'problem', None) or error}") from error


def line(node: yaml.Node | None, path: list[str | int]) -> int:
    """Returns the 1-based line of the deepest part of the path that the file has."""
    number = 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            number, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            number = node.start_mark.line + 1
        else:
            break
    return number


def _refuse_repeated_keys(node: yaml.Node, name: str, looked: set[int]) -> None:
    if id(node) in looked:  # an alias: its node is in several places
        return
    looked.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(
                    f"{name} line {key.start_mark.line + 1}: a field's name must be a word, not a list or section"
                )
            if key.value in seen:
                raise UserError(f"{name} line {key.start_mark.line + 1}: the field {key.value!r} appears twice here")
            seen.add(key.value)
            _refuse_repeated_keys(value, name, looked)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(value, name, looked)
