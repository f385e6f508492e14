"""Reads the arguments of instructions from a data set: each reader takes a value, or says what it should have been.

Data sets pad arguments with nulls and may turn whole numbers into floats; both are read. The published verifier draws a
random value for one that is missing or out of bounds, so that nobody notices; here that is an error.
"""

from collections.abc import Callable, Sequence

from eval_suites.instructions.comparing import RELATIONS
from filters.signals import language as detector

Reader = Callable[[object], object]  # raises ValueError, which says what is allowed


def number(value: object) -> int:
    """Reads a whole number from 0 on."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("it must be a whole number from 0 on")
    return value


def place(value: object) -> int:
    """Reads a whole number from 1 on."""
    if isinstance(value, bool) or number(value) < 1:
        raise ValueError("it must be a whole number from 1 on")
    return number(value)


def text(value: object) -> str:
    """Reads a text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("it must be a text that is not blank")
    return value


def texts(value: object) -> tuple[str, ...]:
    """Reads a list of texts that are not blank."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise ValueError("it must be a list of texts")
    return tuple(text(one) for one in value)


def character(value: object) -> str:
    """Reads a single character."""
    if not isinstance(value, str) or len(value) != 1 or value.isspace():
        raise ValueError("it must be a single character")
    return value


def relation(value: object) -> str:
    """Reads how a number is bounded."""
    if value not in RELATIONS:
        raise ValueError(f"it must be {' or '.join(map(repr, RELATIONS))}")
    return str(value)


def language(value: object) -> str:
    """Reads a language that the detector knows."""
    code = text(value)
    try:
        detector.check([code])
    except ValueError as error:
        raise ValueError(f"it is no language that can be detected: {error}") from None
    return code
