"""Reads folders of HTML files: each file is a page."""

from collections.abc import Iterator
from typing import Any

from corpus.records import Page, Reject
from corpus.sources.files import File

SUFFIXES = (".html", ".htm", ".xhtml")


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Returns [None]: a page is not cut."""
    return [None]


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[Page | Reject]:
    """Yields the file as one page, or a reject."""
    raw = file.read(options["max_record_bytes"])
    yield raw if isinstance(raw, Reject) else Page(file.uri, "", raw)
