"""The command that runs, as it was typed: lineage keeps it, so that a message can say what to run again."""

import shlex
from collections.abc import Sequence
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("command", default="")


def remember(arguments: Sequence[str]) -> None:
    """Makes `pomona` with these arguments the command that runs, without `--lake`: a lake may be copied or moved."""
    kept = list(arguments)
    if "--lake" in kept:
        at = kept.index("--lake")
        del kept[at : at + 2]
    _current.set(shlex.join(["pomona", *(word for word in kept if not word.startswith("--lake="))]))


def current() -> str:
    """The command that runs; '' where Python code calls."""
    return _current.get()
