"""Errors of libraries about a damaged lake or a bucket, as one line that says what to do: as the command line does."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def plainly(function: Callable[P, R]) -> Callable[P, R]:
    """The function; an error that the user can mend becomes a `UserError`, and its cause stays attached."""

    @wraps(function)
    def asked(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return function(*arguments, **named)
        except Exception as error:
            from corpus import storage
            from corpus.errors import UserError
            from pomona import damage

            if isinstance(error, UserError):
                raise
            told = damage.found(error) or storage.told(error)
            if told is None:
                raise
            raise UserError(told) from error

    return asked
