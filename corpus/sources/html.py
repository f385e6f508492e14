"""Trees of HTML files: one file, one page."""

from collections.abc import Iterator
from typing import Any

from corpus.records import Page, Reject
from corpus.sources.files import File

SUFFIXES = (".html", ".htm", ".xhtml")


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """A page is not cut."""
    return [None]


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[Page | Reject]:
    """The file as one page."""
    if file.n_bytes > options["max_record_bytes"]:
        yield Reject(file.path, "", "too_large", f"{file.n_bytes} bytes; at most {options['max_record_bytes']}")
        return
    try:
        with file.open() as stream:
            yield Page(file.path, "", stream.read())
    except OSError as error:
        yield Reject(file.path, "", "corrupt", str(error))
