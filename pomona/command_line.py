"""The command that runs, as it was typed: lineage keeps it, so that a message can say what to run again."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("command", default="")


def remember(arguments: Sequence[str]) -> None:
    """Makes `pomona` with these arguments the command that runs, without `--lake`: a lake may be copied or moved."""
    kept = list(arguments)
    if "--lake" in kept:
        at = kept.index("--lake")
        del kept[at : at + 2]
    _current.set(shlex.join(["pomona", *(word for word in kept if not word.startswith("--lake="))]))


def forget() -> None:
    """The command has ended."""
    _current.set("")


@contextmanager
def python_call(text: str) -> Iterator[None]:
    """For the block, the command is a call of the Python face, unless one runs already."""
    token = _current.set(_current.get() or text)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    """The command, or the call of the Python face, that runs; '' for other Python code."""
    return _current.get()
