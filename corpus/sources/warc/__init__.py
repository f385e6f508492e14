"""Reads web archives: .warc, plain, gzip or zstd. Source: WARC 1.1, ISO 28500:2017.

Two types of records become documents: a response with status 200 and HTML or plain text, and a conversion record (WET)
of plain text. All others are skipped and counted by kind. A large file is cut between records: `cut` reads it once with
the same reader as `read`, so a span begins exactly where a record begins.
"""

from collections.abc import Iterator
from typing import Any

from corpus.extract.rights import HTTP_NAMES
from corpus.records import Page, Passed, Reject, Text
from corpus.sources.files import File
from corpus.sources.warc import http
from corpus.sources.warc.packing import BrokenError, kind_of
from corpus.sources.warc.records import Reader, Record
from corpus.sources.warc.stream import found_kind
from corpus.text.strings import address, valid

SUFFIXES = tuple(f"{name}{end}" for name in (".warc", ".wet", ".arc") for end in ("", ".gz", ".zst", ".lz4"))

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_QUALIFYING = _HTML | {"text/plain"}
_KINDS = frozenset({"warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"})
_READ = frozenset({"response", "conversion"})
_KEPT_HEADERS = {
    "warc-date": "date", "warc-payload-digest": "payload_digest", "warc-record-id": "warc_record_id",
    "warc-truncated": "warc_truncated",
}  # fmt: skip
_ARC = b"filedesc://"


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Returns byte ranges of the stored file, each from one record's first byte to another's."""
    if file.n_bytes <= n_bytes:
        return [None]

    with file.open() as stream:
        kind = kind_of(stream.read(64)) or found_kind(stream, file.path)
        if kind == "lz4":
            return [None]
        starts = [0]
        try:
            for record in Reader(stream, kind).records(file.n_bytes, 0, frozenset()):
                begins_here = record.place.inside == 0 and record.n_header  # 0 for the place of a fault
                if begins_here and record.place.member >= starts[-1] + n_bytes:
                    starts.append(record.place.member)
        except BrokenError:
            return [None]
    return list(zip(starts, [*starts[1:], file.n_bytes], strict=True))


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[Page | Text | Reject | Passed]:
    """Yields the records that begin in the span.

    A record's position is the byte offset of its member in the file, with `+` and the offset inside the member if that
    is not 0.
    """
    start, end = span or (0, max(file.n_bytes, 1))
    try:
        with file.open() as stream:
            head = stream.read(64)
            if not head:
                return
            kind = kind_of(head) or found_kind(stream, file.path)
            refused = _refused(head, kind, stream)
            if refused:
                yield Reject(file.uri, "", *refused)
                return

            for record in Reader(stream, kind, start).records(end, options["max_record_bytes"], _READ):
                yield _told(file, record, options)
    except (OSError, BrokenError) as error:
        yield Reject(file.uri, str(start), "corrupt", str(error))


def _refused(head: bytes, kind: str | None, stream: Any) -> tuple[str, str] | None:
    """Returns the reason and detail if the format is not supported, otherwise None."""
    if kind == "lz4":
        return "unsupported", "lz4 is not read; unpack it: lz4 -d FILE"
    if kind == "gzip":
        import zlib

        stream.seek(0)
        try:
            head = zlib.decompressobj(wbits=31).decompress(stream.read(1 << 12), 64)
        except zlib.error:
            return None

    if head.startswith(_ARC):
        return "unsupported", "an ARC file, not a WARC; convert it: warcio recompress FILE.arc.gz FILE.warc.gz"
    return None


def _told(file: File, record: Record, options: dict[str, Any]) -> Page | Text | Reject | Passed:
    """Returns the result of one record. Its headers and body are untrusted, so an error costs only this record."""
    try:
        return _record(file, record, options)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - as for pages
        uri = address(record.headers.get("warc-target-uri", "")) or f"{file.uri}#{record.place}"
        return Reject(uri, str(record.place), "extraction_error", f"{type(error).__name__}: {error}")


def _record(file: File, record: Record, options: dict[str, Any]) -> Page | Text | Reject | Passed:
    """Returns the record as a page or text, a reject with the reason why it is neither, or the kind that is skipped."""
    kind, position = record.type, str(record.place)
    uri = address(record.headers.get("warc-target-uri", "").strip("<> ")) or f"{file.uri}#{position}"
    if record.problem:
        return Reject(uri, position, *record.problem)
    if kind not in _READ:
        return Passed(f"warc:{kind if kind in _KINDS else 'other'}")
    if kind == "conversion":
        return _conversion(file, record, uri, options)

    # A response: its HTTP header decides.
    if not record.block:
        return Passed("warc:response without content")
    response = http.parse(record.block)
    if response is None:
        return _without_http(record, uri)
    if response.status != 200:
        return Passed(f"http:{response.status}")
    if response.mime and response.mime not in _QUALIFYING:
        return Passed(f"type:{response.mime[:60]}")
    if record.length > len(record.block):
        return Reject(uri, position, "too_large", _too_large(record, options))
    return _response(file, record, response, uri, options)


def _without_http(record: Record, uri: str) -> Reject | Passed:
    scheme = uri.partition(":")[0].lower()
    mime = record.headers.get("content-type", "").partition(";")[0].strip().lower()
    if scheme == "dns" or mime == "text/dns":
        return Passed("warc:dns")
    if scheme not in ("http", "https") or (mime and mime != "application/http"):
        return Passed("warc:response that is not HTTP")
    return Reject(uri, str(record.place), "truncated", "no HTTP header in a response record")


def _response(
    file: File, record: Record, response: http.Response, uri: str, options: dict[str, Any]
) -> Page | Text | Reject | Passed:
    position = str(record.place)
    try:
        body, notes = http.body(response, options["max_record_bytes"])
    except http.TooLargeError as error:
        return Reject(uri, position, "too_large", str(error))

    if not response.mime and not _looks_like_html(body):
        return Passed("type:none")

    metadata = _metadata(record, file)
    metadata |= {name: valid(response.all(header)) for header, name in HTTP_NAMES.items() if response.all(header)}
    if notes:
        metadata["http_mismatch"] = "; ".join(notes)
    if response.mime == "text/plain":
        return _text(uri, position, body, metadata, response.charset)
    return Page(uri, position, body, response.charset, metadata=metadata)


def _conversion(file: File, record: Record, uri: str, options: dict[str, Any]) -> Text | Reject | Passed:
    mime = record.headers.get("content-type", "").partition(";")[0].strip().lower()
    if mime and mime != "text/plain":
        return Passed(f"type:{mime[:60]}" if http.MIME.fullmatch(mime) else "type:other")
    if record.length > len(record.block):
        return Reject(uri, str(record.place), "too_large", _too_large(record, options))
    return _text(uri, str(record.place), record.block, _metadata(record, file))


def _too_large(record: Record, options: dict[str, Any]) -> str:
    return f"{record.length} bytes; at most {options['max_record_bytes']}"


def _metadata(record: Record, file: File) -> dict[str, str]:
    facts = {name: valid(record.headers.get(header, "")) for header, name in _KEPT_HEADERS.items()}
    facts["warc"] = f"{file.uri.rpartition('/')[2]}#{record.place}"
    return {name: value for name, value in facts.items() if value}


def _text(uri: str, position: str, body: bytes, metadata: dict[str, str], charset: str | None = None) -> Text | Reject:
    from corpus.text.decoding import decode

    decoded = decode(body, charset)
    if decoded is None:
        return Reject(uri, position, "encoding", f"begins {body[:16]!r}")
    return Text(uri, position, decoded.text, metadata={**metadata, **decoded.metadata})


def _looks_like_html(body: bytes) -> bool:
    head = body[:1024].lower()
    return b"<html" in head or b"<!doctype html" in head
