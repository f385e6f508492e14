"""Reads plain text and Markdown in any encoding: each file is a document."""

from collections.abc import Iterator
from typing import Any

from corpus.records import Reject, Text
from corpus.sources.files import File
from corpus.text.decoding import decode

SUFFIXES = (".txt", ".md", ".markdown", ".rst", ".text")


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Returns [None]: a file is one document and is not cut."""
    return [None]


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[Text | Reject]:
    """Yields the file as one text, or a reject."""
    raw = file.read(options["max_record_bytes"])
    yield raw if isinstance(raw, Reject) else to_text(file.uri, "", raw)


def to_text(uri: str, position: str, raw: bytes, **metadata: str) -> Text | Reject:
    """Returns a text from a file's bytes, or a reject with the reason why they are not text."""
    decoded = decode(raw)
    if decoded is None or "\x00" in decoded.text[:8192]:
        reason = "encoding" if decoded is None and b"\x00" not in raw[:8192] else "binary"
        return Reject(uri, position, reason, f"begins {raw[:16]!r}")
    return Text(uri, position, decoded.text, metadata={**metadata, **decoded.metadata})
