"""Makes strings from outside fit for the lake: valid UTF-8 without NUL. Addresses keep their original bytes as %XX.

Such strings come from JSON (`"\\ud83d"`), from HTTP headers, and from file systems and archives, whose names that are
not UTF-8 reach Python as U+DC80 to U+DCFF.
"""

import re

_INVALID = re.compile("[\0\ud800-\udfff]")
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def valid(text: str) -> str:
    """Returns `text` with U+FFFD for each lone surrogate and for NUL, which C programs and databases read as an end."""
    if text.isascii() and "\0" not in text:
        return text
    if not _INVALID.search(text):
        return text
    # The detour through UTF-16 turns two surrogates that form a pair into their character.
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", "\ufffd")


def address(text: str) -> str:
    """Returns a path or URI with %XX for bytes that are not UTF-8, other lone surrogates and control characters."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    character = match.group()
    if "\udc80" <= character <= "\udcff":  # how os.fsdecode writes one byte
        return f"%{ord(character) - 0xDC00:02X}"
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
