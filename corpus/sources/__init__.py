"""Raw formats, one module each. A module says which files it takes, how they are cut, and how a piece is read.

A source module has
  SUFFIXES                   endings of the file names that it takes in a folder
  cut(file, n_bytes)         spans of one file, each (start, end) in the module's own unit; [None] for a whole file
  read(file, span, options)  records of one span: `Text`, `Page`, `Risky`, `Reject`, `Passed`, or Arrow batches of texts
  columns_of(file, n_bytes)  for tables only: names of the columns in the first bytes

The three functions run in the sandbox's process only (corpus.sandbox), because they parse foreign bytes. A new source
is one new file and its name in `KINDS`.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Protocol, TypeAlias, cast

import pyarrow as pa

from corpus.errors import UserError, unknown
from corpus.limits import KINDS as KINDS
from corpus.records import Page, Passed, Reject, Risky, Text
from corpus.sources.files import File

_BY_NAME = ("html", "warc", "jsonl", "parquet", "text", "code")  # a file has the first kind that takes its name

Span = tuple[int, int] | None
Record: TypeAlias = Text | Page | Risky | Reject | Passed | pa.RecordBatch


class Source(Protocol):
    """The interface of a source module."""

    SUFFIXES: tuple[str, ...]

    def cut(self, file: File, n_bytes: int) -> list[Span]:
        """Returns spans of about `n_bytes` that together hold every record once; [None] if the file is read whole."""
        ...

    def read(self, file: File, span: Span, options: dict[str, Any]) -> Iterator[Record]:
        """Yields the records that begin in the span."""
        ...


def source(kind: str) -> Source:
    """Returns the module of a kind. Raises `UserError` with the nearest name if the kind does not exist."""
    if kind not in KINDS:
        raise unknown("source kind", kind, KINDS)
    return cast(Source, import_module(f"corpus.sources.{kind}"))


def guess_kind(files: list[File]) -> str:
    """Returns the kind that takes most of the files' bytes, judged by the names of the files.

    Raises `UserError` if no kind takes any file.
    """
    weights = dict.fromkeys(KINDS, 0)
    for file in files:
        kind = next((kind for kind in _BY_NAME if file.matches(source(kind).SUFFIXES)), None)
        if kind:
            weights[kind] += file.n_bytes + 1

    best = max(weights, key=lambda kind: weights[kind])
    if not weights[best]:
        raise UserError(f"no kind of source is known for {files[0].path}; name one with --kind {'|'.join(KINDS)}")
    return best
