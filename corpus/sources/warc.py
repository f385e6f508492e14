"""Web archives: .warc, plain, gzip a record, or zstd a record. Source: WARC 1.1, ISO 28500:2017; read by FastWARC.

A record qualifies when it is a response with status 200 and HTML or plain text, or a conversion record (WET) of
plain text. A large file is cut at byte offsets: a piece owns the records that begin in it, and finds its first one
by itself. A record counts once the next one has been found where its length says; after one that lies about its
length, reading goes on at the next record that can be found.
"""

import io
import zlib
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO

from corpus.records import Page, Reject, Text
from corpus.sources.files import File

SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".wet.gz", ".wet", ".arc.gz")

_GZIP, _ZSTD, _PLAIN = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"WARC/"
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_BLOCK = 1 << 20
_KEPT_HEADERS = {"WARC-Date": "date", "WARC-Payload-Digest": "payload_digest", "WARC-Record-ID": "warc_record_id"}


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Byte ranges of the file as it is stored."""
    if file.n_bytes <= n_bytes:
        return [None]
    return [(start, min(start + n_bytes, file.n_bytes)) for start in range(0, file.n_bytes, n_bytes)]


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[Page | Text | Reject]:
    """The qualifying records that begin in the span; the position is the record's byte offset."""
    start, end = span or (0, file.n_bytes)
    try:
        with file.open() as stream:
            mark = _mark(stream)
            if mark is None and not file.n_bytes:
                return
            at = start if start == 0 and mark is not None else find_record(stream, start, mark or _PLAIN, end)
            if mark is None or (start == 0 and at != 0):
                yield Reject(file.path, "0", "corrupt", "the file does not begin with a WARC record")
            while at is not None and at < end:
                at = yield from _read_from(file, stream, at, end, mark or _PLAIN, options)
    except (OSError, zlib.error) as error:
        yield Reject(file.path, str(start), "corrupt", str(error))


def _read_from(
    file: File, stream: BinaryIO, start: int, end: int, mark: bytes, options: dict[str, Any]
) -> Generator[Page | Text | Reject, None, int | None]:
    """Reads on from the record at `start`; returns where to go on after a broken one, or None at the end."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    stream.seek(start)
    held: Page | Text | Reject | None = None  # the record before, until its length proves true
    at = start
    records = iter(ArchiveIterator(stream, parse_http=False, record_types=WarcRecordType.any_type))
    while True:
        try:
            record = next(records, None)
            if record is not None:
                position = record.stream_pos
                beyond = position >= end
            if record is None or beyond:
                if held is not None:
                    yield held
                return _after(stream, record, at, mark, end)
            if held is not None:
                yield held
            held, at = None, position
            held = _record(file, record, position, options)
        except (OSError, ValueError, RuntimeError, zlib.error) as error:
            yield Reject(f"{file.path}#{at}", str(at), "wrong_length", str(error))
            return find_record(stream, at + 1, mark, end)


def _after(stream: BinaryIO, record: Any, at: int, mark: bytes, end: int) -> int | None:
    """Where the file goes on when the reader says it is over: nowhere, unless a record follows that it did not see."""
    if record is not None:
        return None
    return find_record(stream, at + 1, mark, end)


def _record(file: File, record: Any, position: int, options: dict[str, Any]) -> Page | Text | Reject | None:
    """The record as a page or text, the reason why it is none, or None where it does not qualify."""
    from fastwarc.warc import WarcRecordType

    kind = record.record_type
    uri = (record.headers.get("WARC-Target-URI") or "").strip("<>") or f"{file.path}#{position}"
    if kind == WarcRecordType.conversion:
        body, problem = _body(record, options)
        if problem:
            return Reject(uri, str(position), *problem)
        return _text(uri, file, position, body, _metadata(record, file, position))
    if kind != WarcRecordType.response:
        return None
    n_block = record.content_length
    if n_block > options["max_record_bytes"]:
        return Reject(uri, str(position), "too_large", f"{n_block} bytes; at most {options['max_record_bytes']}")
    try:
        record.parse_http(auto_decode="all")
    except (OSError, ValueError) as error:
        return Reject(uri, str(position), "corrupt", str(error))
    http = record.http_headers
    if http is None or (http.status_code is None and n_block):
        return Reject(uri, str(position), "truncated", "no HTTP header in a response record")
    mime = (record.http_content_type or "").lower()
    if http.status_code != 200 or (mime and mime not in _HTML and mime != "text/plain"):
        return None
    body, problem = _body(record, options)
    if problem:
        return Reject(uri, str(position), *problem)
    if not mime and not _looks_like_html(body):
        return None
    metadata = _metadata(record, file, position)
    robots = http.get("X-Robots-Tag")
    if robots:
        metadata["x_robots_tag"] = robots
    if mime == "text/plain":
        return _text(uri, file, position, body, metadata, record.http_charset)
    return Page(uri, _address(file, position), body, record.http_charset, metadata=metadata)


def _body(record: Any, options: dict[str, Any]) -> tuple[bytes, tuple[str, str] | None]:
    """(payload, None), or what is wrong with it."""
    limit = options["max_record_bytes"]
    expected = record.content_length
    headers = record.http_headers
    try:
        body = record.reader.read(limit + 1)
    except (OSError, ValueError, zlib.error) as error:
        return b"", ("corrupt", str(error))
    if len(body) > limit:
        return b"", ("too_large", f"over {limit} bytes when decoded")
    encoded = headers is not None and (headers.get("Content-Encoding") or headers.get("Transfer-Encoding"))
    if not encoded and len(body) < expected:
        return b"", ("truncated", f"{len(body)} of {expected} bytes")
    declared = headers.get("Content-Length") if headers is not None and not encoded else None
    if declared and declared.isdigit() and len(body) > int(declared):
        return b"", ("wrong_length", f"{len(body)} bytes, where the HTTP header says {declared}")
    return body, None


def _metadata(record: Any, file: File, position: int) -> dict[str, str]:
    facts = {name: record.headers.get(header) for header, name in _KEPT_HEADERS.items()}
    facts["warc"] = f"{file.path.rpartition('/')[2]}#{position}"
    return {name: value for name, value in facts.items() if value}


def _text(
    uri: str, file: File, position: int, body: bytes, metadata: dict[str, str], charset: str | None = None
) -> Text | Reject:
    from corpus.text.decoding import decode

    decoded = decode(body, charset)
    if decoded is None:
        return Reject(uri, str(position), "encoding", f"begins {body[:16]!r}")
    return Text(uri, _address(file, position), decoded.text, metadata={**metadata, **decoded.metadata})


def _address(file: File, position: int) -> str:
    """Tells two captures of one URI apart."""
    return f"{file.path.rpartition('/')[2]}#{position}"


def _looks_like_html(body: bytes) -> bool:
    head = body[:1024].lower()
    return b"<html" in head or b"<!doctype html" in head


def _mark(stream: BinaryIO) -> bytes | None:
    """How records begin in this file, from its first bytes."""
    stream.seek(0)
    head = stream.read(8)
    for mark in (_GZIP, _ZSTD, _PLAIN):
        if head.startswith(mark):
            return mark
    return _ZSTD if head[1:4] == b"\x2a\x4d\x18" else None  # a zstd file may begin with its dictionary


def find_record(stream: BinaryIO, start: int, mark: bytes, limit: int | None = None) -> int | None:
    """Offset of the first record at or after `start`, None where there is none below `limit`.

    A mark counts where what follows unpacks to a WARC header; in a plain file it stands behind an empty line.
    """
    offset = max(start - 4, 0)
    stream.seek(offset)
    held = b""
    while chunk := stream.read(_BLOCK):
        held += chunk
        found = held.find(mark)
        while (found >= 0 and found + 64 <= len(held)) or (found >= 0 and len(chunk) < _BLOCK):
            at = offset + found
            if at >= start and _is_record(stream, held, found, at, mark):
                return at if limit is None or at < limit else None
            found = held.find(mark, found + 1)
        keep = len(held) - 68 if found < 0 else found
        keep = max(keep, 0)
        offset, held = offset + keep, held[keep:]
        stream.seek(offset + len(held))
        if limit is not None and offset > limit:
            return None
    return None


def _is_record(stream: BinaryIO, held: bytes, found: int, at: int, mark: bytes) -> bool:
    if mark == _PLAIN:
        behind = held[max(found - 4, 0) : found]
        return (at == 0 or behind == b"\r\n\r\n") and held[found + 5 : found + 6].isdigit()
    stream.seek(at)
    raw = stream.read(1 << 16)
    try:
        if mark == _GZIP:
            return zlib.decompressobj(wbits=31).decompress(raw, 5) == b"WARC/"
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read(5) == b"WARC/"
    except Exception as error:
        if type(error).__name__ not in ("error", "ZstdError"):
            raise
        return False
