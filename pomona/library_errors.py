"""Errors of libraries that the user can fix, as one line: a damaged lake, a full disk, a bucket, a file."""

import errno
import re

from corpus import storage
from corpus.errors import UserError
from pomona import damage

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_SPACE = "No space left on device"
_NOT_ALL_WRITTEN = re.compile(r"\d+ requested and \d+ written")  # NumPy's, without a number


def explained(error: Exception) -> str | None:
    """Returns what is wrong and what to do, or None for an error that the user cannot fix."""
    try:
        message = damage.found(error)
    except UserError as damaged:  # the log of one of the lake's tables
        message = str(damaged)
    message = message or storage.told(error)
    if message is None and isinstance(error, OSError):
        if (
            error.errno in _FULL or _NO_SPACE in str(error) or _NOT_ALL_WRITTEN.search(str(error))
        ):  # errors of Rust libraries have no errno
            place, reason = error.filename or "writing", error.strerror or _NO_SPACE
            message = f"{place}: {reason}; make room, then run the same command again"
        elif error.filename is not None:
            message = f"{error.filename}: {error.strerror or error}"
    return message
