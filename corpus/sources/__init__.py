"""Raw formats, one module each: what files they take, how those are cut, how a piece is read.

A source module has
  SUFFIXES              file names it takes in a folder
  cut(file, n_bytes)    spans of one file, each a list [start, end] in the module's own unit, or None for whole files
  read(file, span, options)  records of one span: `Text`, `Page`, `Risky`, `Reject`, `Passed`, or Arrow batches of texts
  columns_of(file, n_bytes)  only of tables: names of the columns in the first bytes
All three are called in the sandbox's process only (corpus.sandbox), since they parse foreign bytes. A new source is one
new file and its name in `KINDS`.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Protocol, TypeAlias, cast

import pyarrow as pa

from corpus.errors import UserError, unknown
from corpus.limits import KINDS as KINDS
from corpus.records import Page, Passed, Reject, Risky, Text
from corpus.sources.files import File

_BY_NAME = ("html", "warc", "jsonl", "parquet", "text", "code")  # the first that takes a name has it

Span = tuple[int, int] | None
Record: TypeAlias = Text | Page | Risky | Reject | Passed | pa.RecordBatch


class Source(Protocol):
    """What a source module offers."""

    SUFFIXES: tuple[str, ...]

    def cut(self, file: File, n_bytes: int) -> list[Span]:
        """Spans of about `n_bytes` that together hold every record once; [None] where the file is read whole."""
        ...

    def read(self, file: File, span: Span, options: dict[str, Any]) -> Iterator[Record]:
        """The records that begin in the span."""
        ...


def source(kind: str) -> Source:
    """The module for a kind; raises `UserError` with the nearest name where there is none."""
    if kind not in KINDS:
        raise unknown("source kind", kind, KINDS)
    return cast(Source, import_module(f"corpus.sources.{kind}"))


def guess_kind(files: list[File]) -> str:
    """The kind that takes most of the files' bytes by their names; raises `UserError` where none takes any."""
    weights = dict.fromkeys(KINDS, 0)
    for file in files:
        kind = next((kind for kind in _BY_NAME if file.matches(source(kind).SUFFIXES)), None)
        if kind:
            weights[kind] += file.n_bytes + 1
    best = max(weights, key=lambda kind: weights[kind])
    if not weights[best]:
        raise UserError(f"no kind of source is known for {files[0].path}; name one with --kind {'|'.join(KINDS)}")
    return best
