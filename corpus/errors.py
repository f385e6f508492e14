"""The exception for mistakes that the user can fix.

The command line prints its message as one line and exits with code 2. All other exceptions keep their traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_NAMES = 30  # most names that an error lists


class UserError(ValueError):
    """A mistake that the user can fix. The message says what is wrong, where, what is allowed and what to do."""


def plainly(error: Exception) -> str:
    """Returns why a file cannot be read, in the system's words without its error numbers."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start})"
    return (getattr(error, "strerror", None) or str(error)).lower()


def unknown(what: str, came: str, allowed: Iterable[str], *, is_sorted: bool = False) -> UserError:
    """Returns the error for a name that is not in a closed list. It suggests the nearest name first."""
    names = list(allowed) if is_sorted else sorted(allowed)
    if not names:
        return UserError(f"unknown {what} {came!r}: there is none yet")
    near = get_close_matches(came, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    if len(names) > _MOST_NAMES and near:
        return UserError(f"unknown {what} {came!r}{hint} {len(names):,} are known")
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return UserError(f"unknown {what} {came!r}{hint} Allowed: {', '.join(names[:_MOST_NAMES])}{more}")


def counted(n: int, noun: str) -> str:
    """Returns a number with its noun: 1 document, 2 documents."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
