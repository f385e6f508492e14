"""A call that a model wrote, and the bounds of what is read: an answer is untrusted text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["python", "java", "javascript"]

MAX_CHARS = 65_536  # of an answer; longer ones are not read
MAX_DEPTH = 64  # of lists in lists
MAX_BITS = 1000  # of a whole number, so that each has a float and can be written as text


class UnreadableError(ValueError):
    """A text that is no list of calls; says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function. Arguments are literals: texts, numbers, truth values, None, lists, tuples, dicts. In
    Java and JavaScript each is the text of its expression."""

    name: str
    arguments: Mapping[str, object]


def check(value: object, depth: int = 0) -> None:
    """Raises `UnreadableError` for a literal that is too deep, or holds a number that is too long."""
    if depth > MAX_DEPTH:
        raise UnreadableError(f"more than {MAX_DEPTH} lists in lists")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise UnreadableError(f"a number of more than {MAX_BITS} bits")

    if isinstance(value, (list, tuple)):
        for one in value:
            check(one, depth + 1)
    elif isinstance(value, dict):
        for key, one in value.items():
            check(key, depth + 1)
            check(one, depth + 1)
