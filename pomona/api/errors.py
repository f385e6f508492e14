"""Errors of libraries, as the command line reports them."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def reports_faults(function: Callable[P, R]) -> Callable[P, R]:
    """The function; an error that the user can mend becomes a `UserError`, and its cause stays attached."""

    @wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return function(*arguments, **named)
        except Exception as error:
            from corpus.errors import UserError
            from pomona import library_errors

            message = None if isinstance(error, UserError) else library_errors.explained(error)
            if message is None:
                raise
            raise UserError(message) from error

    return call
