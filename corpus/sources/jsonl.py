"""Reads JSON Lines, plain, gzip, bzip2, xz or zstd: each line is an object and a document.

Every line is parsed separately, so a fault in one line cannot affect its neighbors. orjson parses it in one native
call, strictly (RFC 8259). If orjson refuses the line, Python's own parser tries it. That parser also takes NaN, lone
surrogates and numbers of any length, and says what is wrong with other lines.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, TypeAlias

import orjson
import pyarrow as pa

from corpus.records import Passed, Reject, Risky, Text
from corpus.sources import compression
from corpus.sources.columns import RAW, Columns
from corpus.sources.files import File
from corpus.text.strings import address, valid

SUFFIXES = tuple(f"{name}{end}" for name in (".jsonl", ".ndjson", ".json") for end in ("", *compression.SUFFIXES))
_BLOCK = 4 << 20
_LONGEST_SEARCHED = 64 << 20  # bytes of a line in which a late column is looked for
_BATCH_CHARACTERS = 1 << 20
_RISKY_BYTES = 1 << 20  # a longer line may need much memory, whatever it holds
_BLANK = b" \t\r"
_HEAD_BYTES = 1 << 14  # the first bytes, which distinguish JSON Lines from other JSON
_FRAGMENT = re.compile(rb'["{}\[\],\d-]|true|false|null')  # the beginning of a line inside a JSON value
_BOM = b"\xef\xbb\xbf"
_MAX_PREFIX = 1 << 30  # bytes that may be read again to number a line; later lines have only their byte offset

Found: TypeAlias = pa.RecordBatch | Text | Reject | Passed | Risky


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Returns byte ranges of the decompressed file. A line belongs to the range of its first byte."""
    kind = compression.suffix(file)
    if kind in compression.WHOLE or file.n_bytes <= n_bytes // (4 if kind else 1):
        return [None]

    size = compression.size(file)
    if size is None or _is_array(file):
        return [None]
    step = n_bytes if kind != "zst" else max(n_bytes, size // compression.MAX_ZSTD_SPANS + 1)
    return [(start, min(start + step, size)) for start in range(0, size, step)] or [None]


def columns_of(file: File, n_bytes: int, wanted: Sequence[str] = ()) -> set[str]:
    """Returns the names of the columns in the first `n_bytes` of the file.

    With `wanted` names, returns those of them that occur there as a string.
    """
    names: set[str] = set()
    with compression.open_at(file, 0) as stream:
        if wanted:
            return _searched(stream, n_bytes, wanted)
        head = stream.read(n_bytes)
        lines = head.removeprefix(_BOM).split(b"\n")
        for line in lines if len(head) < n_bytes else lines[:-1]:
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            names |= row.keys() if isinstance(row, dict) else set()
    return names


def _searched(stream: BinaryIO, n_bytes: int, wanted: Sequence[str]) -> set[str]:
    """Returns the wanted names that a record in the next `n_bytes` has: this finds columns that only few records have.

    Only lines that contain the name are parsed. The key of a nested object is not a column.
    """
    spelled = [json.dumps(name, ensure_ascii=plain).encode() for name in wanted for plain in (True, False)]
    names: set[str] = set()
    rest = b""
    while n_bytes > 0 and not names.issuperset(wanted) and (block := stream.read(min(n_bytes, _BLOCK))):
        n_bytes -= len(block)
        *lines, rest = (rest + block).split(b"\n")
        names |= _keys(lines, spelled)
        rest = rest if len(rest) <= _LONGEST_SEARCHED else b""
    return (names | _keys([rest], spelled)) & set(wanted)


def _keys(lines: Sequence[bytes], spelled: Sequence[bytes]) -> set[str]:
    """Returns the keys of those lines that contain one of the spellings."""
    names: set[str] = set()
    for line in lines:
        if any(spelling in line for spelling in spelled):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            names |= row.keys() if isinstance(row, dict) else set()
    return names


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[Found]:
    """Yields batches of the lines that begin in the span. A line's position is its offset in the decompressed bytes."""
    columns = Columns.from_options(options, file)
    start, end = span or (0, None)
    try:
        stream = compression.open_at(file, max(start - 1, 0), indexed=span is not None)
    except compression.ERRORS as error:
        yield Reject(file.uri, "", "corrupt", str(error))
        return

    with stream:
        if start == 0 and _is_array(file):
            hint = "a JSON value over many lines, not one object per line; convert it: "
            hint += "jq -c 'if type == \"array\" then .[] else . end' FILE > FILE.jsonl"
            yield Reject(file.uri, "", "invalid_json", hint)
            return

        lines = _Lines(file)
        for block in _blocks(stream, start, end, options["max_record_bytes"]):
            for record in _parse(file, block, columns, options["max_record_bytes"]):
                yield lines.numbered(record, block) if isinstance(record, Reject) else record
            lines.passed(block)


def _is_array(file: File) -> bool:
    """Whether the file is one JSON value over many lines: the first line opens it, and the next lines continue it.

    A broken first line of JSON Lines is not such a value. After it come objects of one line each, or no JSON.
    """
    try:
        with compression.open_at(file, 0) as stream:
            head = stream.read(_HEAD_BYTES)
    except compression.ERRORS:
        return False

    # The first line must be only a bracket, and the others must begin as parts of a value do.
    first, *others = head.removeprefix(_BOM).lstrip().split(b"\n")
    others = others if len(head) < _HEAD_BYTES else others[:-1]  # the last one may be cut off
    others = [line.strip() for line in others if line.strip()]
    if first.strip() not in (b"[", b"{", b"[{") or not others or not all(map(_FRAGMENT.match, others)):
        return False

    # An array may have one object per line: these end in a comma, or the array is closed.
    if first.strip() == b"[" and (
        others[-1] == b"]" or any(_is_object(line.removesuffix(b",")) for line in others if line.endswith(b","))
    ):
        return True
    return not any(map(_is_object, others))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


class _Block:
    """Whole lines, from the byte `offset` of the decompressed file on; or a problem at this place.

    A problem is the (reason, detail) of a file that ended early or of a line that is too long.
    """

    def __init__(self, offset: int, data: bytes, problem: tuple[str, str] | None = None) -> None:
        self.offset, self.data, self.problem = offset, data, problem


def _blocks(stream: BinaryIO, start: int, end: int | None, max_line: int) -> Iterator[_Block]:
    """Yields blocks of whole lines that begin in [start, end).

    A line over `max_line` bytes is skipped and not held in memory. `held` are the bytes that were read and not yielded;
    `offset` is the place of their first byte.
    """
    offset, held = max(start - 1, 0), b""
    skipping = start > 0  # the rest of a line that begins before the span, or of one that is too long
    while end is None or offset < end:
        try:
            chunk = stream.read(_BLOCK)
        except compression.ERRORS as error:
            yield from _rest(offset, held, end)
            reason = "truncated" if isinstance(error, EOFError) else "corrupt"
            yield _Block(offset + len(held), b"", (reason, str(error)))
            return
        if not chunk:
            if not skipping:
                yield from _rest(offset, held, end)
            return

        # Skip to the next line.
        if skipping:
            newline = chunk.find(b"\n")
            if newline < 0:
                offset += len(chunk)
                continue
            offset, chunk, skipping = offset + newline + 1, chunk[newline + 1 :], False

        # Yield the whole lines, and keep the beginning of the last one.
        held += chunk
        last = held.rfind(b"\n") + 1
        if last:
            yield from _rest(offset, held[:last], end)
            offset, held = offset + last, held[last:]
        if len(held) > max_line and (end is None or offset < end):
            yield _Block(offset, b"", ("too_large", f"a line of over {max_line} bytes"))
            offset, held, skipping = offset + len(held), b"", True


def _rest(offset: int, data: bytes, end: int | None) -> Iterator[_Block]:
    """Yields a block of the lines of `data` that begin before `end`, if there are any."""
    if end is not None and offset + len(data) > end:
        if offset >= end:
            return
        newline = data.find(b"\n", end - offset - 1)
        data = data if newline < 0 else data[: newline + 1]
    if data:
        yield _Block(offset, data)


def _parse(file: File, block: _Block, columns: Columns, max_line: int) -> Iterator[Found]:
    """Yields the records of a block: batches of texts, and single records for lines that are refused, blank or long."""
    if block.problem:
        yield Reject(f"{file.uri}#{block.offset}", str(block.offset), *block.problem)
        return

    rows = _Rows()
    offset = block.offset
    for line in block.data.removesuffix(b"\n").split(b"\n"):
        whole = line.removeprefix(_BOM) if offset == 0 else line
        record = _line(whole, file, str(offset), columns, max_line)
        offset += len(line) + 1

        if isinstance(record, Text):
            rows.add(record)
            if rows.n_characters >= _BATCH_CHARACTERS:
                yield rows.batch()
                rows = _Rows()
        else:
            yield record

    if rows.texts:
        yield rows.batch()


class _Rows:
    """Texts that are collected for a batch."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.n_characters = 0

    def add(self, text: Text) -> None:
        self.texts.append(text)
        self.n_characters += len(text.text)

    def batch(self) -> pa.RecordBatch:
        return raw_batch(self.texts)


def raw_batch(texts: list[Text]) -> pa.RecordBatch:
    """Returns a batch of `RAW` with the texts."""
    columns = [
        [text.uri for text in texts],
        [text.position for text in texts],
        [text.text for text in texts],
        [text.license for text in texts],
        [list(text.metadata.items()) for text in texts],
    ]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, RAW, strict=True)], schema=RAW)


def _line(line: bytes, file: File, position: str, columns: Columns, max_line: int) -> Text | Reject | Passed | Risky:
    uri = f"{file.uri}#{position}"
    if len(line) > max_line:
        return Reject(uri, position, "too_large", f"a line of over {max_line} bytes")
    if len(line) > _RISKY_BYTES:
        return Risky(uri, position, lambda: _record(line, uri, position, columns))
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _second_opinion(line, uri, position, columns) if line.strip(_BLANK) else Passed("blank line")
    return _from_row(row, uri, position, columns)


def _record(line: bytes, uri: str, position: str, columns: Columns) -> Text | Reject:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _second_opinion(line, uri, position, columns)
    return _from_row(row, uri, position, columns)


def _second_opinion(line: bytes, uri: str, position: str, columns: Columns) -> Text | Reject:
    """Returns the result of Python's parser for a line that orjson refuses."""
    try:
        row = json.loads(line.decode(), parse_int=_integer)
    except UnicodeDecodeError as error:
        return Reject(uri, position, "encoding", str(error))
    except (ValueError, RecursionError) as error:
        return Reject(uri, position, "invalid_json", str(error))
    return _from_row(row, uri, position, columns)


def _integer(digits: str) -> int | str:
    """Returns a whole number, or its digits if it is longer than Python converts."""
    return int(digits) if len(digits) < 4000 else digits


def _from_row(row: Any, uri: str, position: str, columns: Columns) -> Text | Reject:
    if not isinstance(row, dict):
        return Reject(uri, position, "invalid_json", f"a {type(row).__name__}, not an object")

    # The text.
    text = row.get(columns.text)
    if text is None:
        names = ", ".join(valid(str(name)) for name in list(row)[:20])
        return Reject(uri, position, "missing_column", f"no {columns.text!r} among {names}")
    if not isinstance(text, str):
        return Reject(uri, position, "not_text", f"{columns.text!r} is a {type(text).__name__}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            return Reject(uri, position, "encoding", str(error))

    # The other columns.
    own = row.get(columns.uri) if columns.uri else None
    license = row.get(columns.license) if columns.license else None
    metadata = dict(columns.partition)
    try:
        metadata |= {name: _plain(row[name]) for name in columns.metadata if row.get(name) is not None}
        stated = None if license is None else _plain(license)
        if own not in (None, ""):
            uri = address(own if isinstance(own, str) else _plain(own))
        return Text(uri, position, text, stated, metadata)
    except RecursionError:
        return Reject(uri, position, "invalid_json", "a column that is to be kept is nested too deep")


def _plain(value: Any) -> str:
    return valid(value if isinstance(value, str) else json.dumps(value))


class _Lines:
    """Finds line numbers for rejects.

    The line ends of each block are counted after it was parsed. Those of the file before the first block are counted at
    most once per span, and only if there is a reject.
    """

    def __init__(self, file: File) -> None:
        self._file = file
        self._first: int | None = None  # offset of the span's first block
        self._before: int | None = None  # number of the line that begins there, once a reject needed it
        self._passed = 0  # line ends since then

    def numbered(self, reject: Reject, block: _Block) -> Reject:
        """Returns the reject with its line's number in the detail, or without it if counting needs a long read."""
        first = block.offset if self._first is None else self._first
        if first > _MAX_PREFIX:
            return reject
        if self._before is None:
            self._before = line_number(self._file, first)

        inside = block.data.count(b"\n", 0, max(int(reject.position) - block.offset, 0))
        number = self._before + self._passed + inside
        return Reject(reject.uri, reject.position, reject.reason, f"line {number}: {reject.detail}")

    def passed(self, block: _Block) -> None:
        """Counts the lines of a block that was parsed. A block for a line that is too long counts as one line."""
        self._first = block.offset if self._first is None else self._first
        self._passed += block.data.count(b"\n") if block.data else 1


def line_number(file: File, offset: int) -> int:
    """Returns the 1-based number of the line that begins at byte `offset` of the decompressed file."""
    newlines, left = 0, offset
    with compression.open_at(file, 0) as stream:
        while left > 0 and (chunk := stream.read(min(left, _BLOCK))):
            newlines += chunk.count(b"\n")
            left -= len(chunk)
    return newlines + 1
