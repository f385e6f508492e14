"""Foreign strings made fit for the lake: valid UTF-8, no NUL; addresses keep what bytes they stood for.

Such strings come from JSON (`"\\ud83d"`), file systems and archives (names that are not UTF-8 reach Python as
U+DC80 to U+DCFF), and HTTP headers.
"""

import re

_INVALID = re.compile("[\0\ud800-\udfff]")
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def valid(text: str) -> str:
    """`text` with U+FFFD for each lone surrogate and for NUL, which C programs and databases take for the end."""
    if text.isascii() and "\0" not in text:
        return text
    if not _INVALID.search(text):
        return text
    # By way of UTF-16 two surrogates that are a pair become the character that they stand for.
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", "\ufffd")


def address(text: str) -> str:
    """A path or URI with %XX for what is no text: bytes that are not UTF-8, other lone surrogates, controls."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    character = match.group()
    if "\udc80" <= character <= "\udcff":  # os.fsdecode's sign for one byte
        return f"%{ord(character) - 0xDC00:02X}"
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
