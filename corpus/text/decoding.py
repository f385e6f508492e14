"""Bytes to valid Unicode text, never lossy in silence."""

import codecs
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
MAX_ERROR_SHARE = 0.01  # of the characters; beyond it the guess at the encoding was wrong


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was in, and how many characters could not be decoded (they became U+FFFD)."""

    text: str
    encoding: str
    n_errors: int = 0

    @property
    def metadata(self) -> dict[str, str]:
        """What a document says of its encoding: nothing where it is clean UTF-8."""
        facts = {} if self.encoding == "utf-8" else {"encoding": self.encoding}
        return {**facts, "encoding_errors": str(self.n_errors)} if self.n_errors else facts


def decode(raw: bytes, declared: str | None = None, *, html: bool = False) -> Decoded | None:
    """Text of `raw`, or None where no encoding fits.

    Tried in order: a byte order mark, UTF-8, the declared encoding, what resiliparse's detector finds. A few bad
    bytes become U+FFFD and are counted; more than `MAX_ERROR_SHARE` of the text refuses the guess.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _with_errors(raw[len(mark) :], encoding)
    try:
        return Decoded(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    candidates: list[str | None] = [declared] if declared else []
    if html or not declared:
        from resiliparse.parse.encoding import detect_encoding

        candidates.append(detect_encoding(raw, from_html_meta=html))
    for candidate in (*candidates, "utf-8"):
        decoded = _with_errors(raw, _python_name(candidate))
        if decoded:
            return decoded
    return None


def _with_errors(raw: bytes, encoding: str | None) -> Decoded | None:
    if encoding is None:
        return None
    text = raw.decode(encoding, errors="replace")
    n_errors = text.count("�") - raw.count("�".encode()) * (encoding == "utf-8")
    if n_errors > MAX_ERROR_SHARE * max(len(text), 1):
        return None
    return Decoded(text, encoding, max(n_errors, 0))


def _python_name(label: str | None) -> str | None:
    """Python's name for an encoding label, as the WHATWG standard reads it: latin-1 means windows-1252."""
    if not label:
        return None
    try:
        name = codecs.lookup(label.strip().strip("\"'").lower()).name
    except (LookupError, ValueError):
        return None
    if name in ("iso8859-1", "ascii"):
        return "cp1252"
    return name if name not in ("rot13", "hex", "base64", "bz2", "zlib", "uu", "quopri", "punycode", "idna") else None
