"""The command that runs, as it was typed: lineage keeps it, so that a message can say what to run again."""

import shlex
from collections.abc import Sequence
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("command", default="")


def remember(arguments: Sequence[str]) -> None:
    """Makes `pomona` with these arguments the command that runs."""
    _current.set(shlex.join(["pomona", *arguments]))


def current() -> str:
    """The command that runs; '' where Python code calls."""
    return _current.get()
