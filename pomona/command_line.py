"""The current command as it was typed. Lineage records it, so that a message can say which command to run again."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("command", default="")


def remember(arguments: Sequence[str]) -> None:
    """Makes `pomona` with these arguments the current command, without `--lake`: a lake may be copied or moved."""
    kept = list(arguments)
    if "--lake" in kept:
        at = kept.index("--lake")
        del kept[at : at + 2]
    _current.set(shlex.join(["pomona", *(word for word in kept if not word.startswith("--lake="))]))


def forget() -> None:
    """Clears the current command, because it has ended."""
    _current.set("")


@contextmanager
def python_call(text: str) -> Iterator[None]:
    """Makes a call of the Python functions the current command within the block, unless there is one already."""
    token = _current.set(_current.get() or text)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    """Returns the current command or call of the Python functions; '' for other Python code."""
    return _current.get()
