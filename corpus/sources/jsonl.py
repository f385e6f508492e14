"""JSON Lines, plain, gzip or zstd: one object a line, one line a document.

Blocks of lines are parsed by Arrow in one native call. A block with a bad line is parsed again line by line, so
that the bad line alone is refused, with its number.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from corpus.records import Reject, Text
from corpus.sources import compression
from corpus.sources.columns import Columns, as_batch
from corpus.sources.files import File

SUFFIXES = tuple(f"{name}{end}" for name in (".jsonl", ".ndjson", ".json") for end in ("", ".gz", ".zst"))
_BLOCK = 8 << 20
_MAX_PREFIX = 1 << 30  # bytes that may be read again to number a line; beyond, its byte offset must do


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Byte ranges of the decompressed file; a line belongs to the range that its first byte is in."""
    kind = compression.suffix(file)
    if file.n_bytes <= n_bytes // (4 if kind else 1):
        return [None]
    size = compression.size(file)
    if size is None:
        return [None]
    step = n_bytes if kind != "zst" else max(n_bytes, size // compression.MAX_ZSTD_SPANS + 1)
    return [(start, min(start + step, size)) for start in range(0, size, step)] or [None]


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[pa.RecordBatch | Text | Reject]:
    """Batches of the lines that begin in the span; the position is the line's byte offset, decompressed."""
    columns = Columns.from_options(options)
    start, end = span or (0, None)
    try:
        stream = compression.open_at(file, max(start - 1, 0), indexed=span is not None)
    except compression.ERRORS as error:
        yield Reject(file.path, "", "corrupt", str(error))
        return
    with stream:
        lines = _Lines(file)
        for block in _blocks(stream, start, end, options["max_record_bytes"]):
            for found in _parse(file, block, columns):
                yield lines.numbered(found, block) if isinstance(found, Reject) else found
            lines.passed(block)


class _Block:
    """Whole lines, from the byte `offset` of the file on; or what ended the file early."""

    def __init__(self, offset: int, data: bytes, problem: tuple[str, str] | None = None) -> None:
        self.offset, self.data, self.problem = offset, data, problem


def _blocks(stream: BinaryIO, start: int, end: int | None, max_line: int) -> Iterator[_Block]:
    """Blocks of whole lines that begin in [start, end); a line over `max_line` bytes is passed over, not held."""
    offset, held = max(start - 1, 0), b""
    skipping = start > 0  # the rest of a line that begins before the span
    too_long: int | None = None
    while end is None or offset < end:
        try:
            chunk = stream.read(_BLOCK)
        except compression.ERRORS as error:
            yield from _rest(offset, held, end)
            reason = "truncated" if isinstance(error, EOFError) else "corrupt"
            yield _Block(offset + len(held), b"", (reason, str(error)))
            return
        if skipping:
            newline = chunk.find(b"\n")
            if newline < 0:
                if not chunk:
                    return
                offset += len(chunk)
                continue
            if too_long is not None:
                yield _Block(too_long, b"", ("too_large", f"a line of over {max_line} bytes"))
                too_long = None
            offset, chunk, skipping = offset + newline + 1, chunk[newline + 1 :], False
            if not chunk:
                continue
        if not chunk:
            yield from _rest(offset, held, end)
            return
        held += chunk
        last = held.rfind(b"\n") + 1
        if last:
            yield from _rest(offset, held[:last], end)
            offset, held = offset + last, held[last:]
        if len(held) > max_line:
            too_long, skipping = offset, True
            offset, held = offset + len(held), b""


def _rest(offset: int, data: bytes, end: int | None) -> Iterator[_Block]:
    """The lines of `data` that begin before `end`."""
    if end is not None and offset + len(data) > end:
        if offset >= end:
            return
        newline = data.find(b"\n", end - offset - 1)
        data = data if newline < 0 else data[: newline + 1]
    if data:
        yield _Block(offset, data)


def _parse(file: File, block: _Block, columns: Columns) -> Iterator[pa.RecordBatch | Text | Reject]:
    if block.problem:
        reason, detail = block.problem
        yield Reject(f"{file.path}#{block.offset}", str(block.offset), reason, detail)
        return
    starts = _line_starts(block.data)
    schema = pa.schema([pa.field(name, pa.large_string()) for name in columns.all()])
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        table = pj.read_json(
            pa.BufferReader(block.data), pj.ReadOptions(use_threads=False, block_size=len(block.data) + 1), options
        )
        table.validate(full=True)
    except pa.ArrowException:
        table = None
    if table is None or len(table) != len(starts) or table.column_names[: len(schema)] != schema.names:
        yield from _line_by_line(file, block, starts, columns)
        return
    position = pa.array(starts + block.offset).cast(pa.string())
    good, rejects = as_batch(table, position, file.path, columns)
    yield from rejects
    if len(good):
        yield good


def _line_starts(data: bytes) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Offsets of the lines that hold more than white space."""
    raw = np.frombuffer(data, np.uint8)
    starts = np.r_[0, np.flatnonzero(raw == 10) + 1].astype(np.int64)
    starts = starts[starts < len(raw)]
    solid = np.add.reduceat((raw > 32).astype(np.int32), starts) if len(starts) else np.empty(0, np.int32)
    return starts[solid > 0]


def _line_by_line(
    file: File, block: _Block, starts: np.ndarray[Any, np.dtype[np.int64]], columns: Columns
) -> Iterator[Text | Reject]:
    """The slow path of a block that Arrow refused."""
    for start in starts.tolist():
        newline = block.data.find(b"\n", start)
        line = block.data[start : newline if newline >= 0 else len(block.data)]
        offset = block.offset + start
        yield _record(line, f"{file.path}#{offset}", str(offset), columns)


def _record(line: bytes, uri: str, position: str, columns: Columns) -> Text | Reject:
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        return Reject(uri, position, "encoding", str(error))
    except (ValueError, RecursionError) as error:
        return Reject(uri, position, "invalid_json", str(error))
    if not isinstance(value, dict):
        return Reject(uri, position, "invalid_json", f"a {type(value).__name__}, not an object")
    text = value.get(columns.text)
    if text is None:
        return Reject(uri, position, "missing_column", f"no {columns.text!r} in the record")
    if not isinstance(text, str):
        return Reject(uri, position, "not_text", f"{columns.text!r} is a {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return Reject(uri, position, "encoding", str(error))
    own = value.get(columns.uri) if columns.uri else None
    license = value.get(columns.license) if columns.license else None
    metadata = {name: _plain(value[name]) for name in columns.metadata if value.get(name) is not None}
    return Text(str(own or uri), position, text, None if license is None else str(license), metadata)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _Lines:
    """Line numbers for rejects: blocks are counted as they pass, the file before the first at most once a span."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._first: int | None = None  # offset of the span's first block
        self._before: int | None = None  # number of the line that begins there, once a reject asked for it
        self._passed = 0  # line ends since

    def numbered(self, reject: Reject, block: _Block) -> Reject:
        """The reject with its line's number in the detail; without one where counting would cost a long read."""
        first = block.offset if self._first is None else self._first
        if first > _MAX_PREFIX:
            return reject
        if self._before is None:
            self._before = line_number(self._file, first)
        inside = block.data.count(b"\n", 0, max(int(reject.position) - block.offset, 0))
        number = self._before + self._passed + inside
        return Reject(reject.uri, reject.position, reject.reason, f"line {number}: {reject.detail}")

    def passed(self, block: _Block) -> None:
        """Counts a block that has been parsed; one that was too long stands for its one line."""
        self._first = block.offset if self._first is None else self._first
        self._passed += block.data.count(b"\n") if block.data else 1


def line_number(file: File, offset: int) -> int:
    """1-based number of the line that begins at byte `offset` of the decompressed file."""
    newlines, left = 0, offset
    with compression.open_at(file, 0) as stream:
        while left > 0 and (chunk := stream.read(min(left, _BLOCK))):
            newlines += chunk.count(b"\n")
            left -= len(chunk)
    return newlines + 1
