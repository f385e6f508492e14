"""Parses an HTTP response as a crawler stored it. Source: RFC 9110 and 9112, read as leniently as browsers do.

The archive's record decides where a body ends. The statements of the HTTP header (chunked, compressed, length) are
tried. If the stored bytes contradict them, the bytes are taken as they are, with a note: crawlers before May 2019
stored decoded bodies under the server's header.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_STATUS = re.compile(rb"[ \t]*(?:HTTP/\d+(?:\.\d+)?|ICY)[ \t]+(\d{3})", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n[ \t]*\r?\n")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^\s;"',]+)""", re.IGNORECASE)
MIME = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_PLAIN = frozenset({"", "identity", "none", "utf-8", "utf8", "binary", "8bit", "7bit", "text/html", "iso-8859-1"})
_PIECE_BYTES = 1 << 20
_ZSTD_BYTES = 1 << 12  # packed bytes given to zstd at once, so a bomb is unpacked in pieces and noticed
_INFORMATIONAL = range(100, 200)


class TooLargeError(ValueError):
    """A decoded body is larger than allowed."""


@dataclass(slots=True)
class Response:
    """An HTTP response."""

    status: int
    headers: list[tuple[str, str]]  # (name in lower case, value), in order
    stored: bytes = field(repr=False)  # the body as it is stored

    def all(self, name: str) -> str:
        """Returns all values of a header, joined by commas."""
        return ", ".join(value for key, value in self.headers if key == name)

    @property
    def mime(self) -> str:
        """The media type in lower case: the first valid one, or '' if none is stated."""
        for value in self.all("content-type").split(","):
            kind = value.partition(";")[0].strip().strip("\"'").strip().lower()
            if MIME.fullmatch(kind):
                return kind
        return ""

    @property
    def charset(self) -> str | None:
        """The charset that the content type states, or None."""
        match = _CHARSET.search(self.all("content-type"))
        return match[1] if match else None


def parse(block: bytes) -> Response | None:
    """Returns the final response of a block, after interim ones (100 Continue); None if it has no HTTP header."""
    while True:
        status = _STATUS.match(block)
        if not status:
            return None
        end = _HEAD_END.search(block)
        head, rest = (block, b"") if end is None else (block[: end.start()], block[end.end() :])
        if int(status[1]) in _INFORMATIONAL and _STATUS.match(rest):
            block = rest
            continue
        return Response(int(status[1]), _headers(head), rest)


def _headers(head: bytes) -> list[tuple[str, str]]:
    """Returns (name in lower case, value) of each header. A line that begins with a blank continues the one before."""
    headers: list[tuple[str, str]] = []
    for line in head.decode("utf-8", "replace").split("\n")[1:]:
        line = line.rstrip("\r")
        if line[:1] in (" ", "\t") and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
    return headers


def body(response: Response, max_bytes: int) -> tuple[bytes, list[str]]:
    """Returns (decoded body, notes on the header's statements that the stored bytes contradict).

    Raises `TooLargeError`.
    """
    data, notes = response.stored, []

    # The length, or the chunks.
    length = response.all("content-length").partition(",")[0].strip()
    if "chunked" in response.all("transfer-encoding").lower():
        joined = _unchunked(data)
        if joined is None:
            notes += ["not chunked"] if data else []
        else:
            data, whole = joined
            notes += [] if whole else ["cut inside a chunk"]
    elif length.isascii() and length.isdigit() and int(length[:18]) != len(data):
        notes.append(f"{len(data)} bytes, not {int(length[:18])}")

    # The encodings, the last one first.
    for encoding in reversed(response.all("content-encoding").lower().split(",")):
        name = encoding.strip().strip("\"'")
        if name in _PLAIN or not data:
            continue
        decoded = _decoded(data, name, max_bytes)
        if decoded is None:
            notes.append(f"not {name[:20]}")
        else:
            data, whole = decoded
            notes += [] if whole else [f"{name[:20]} cut short"]

    if len(data) > max_bytes:
        raise TooLargeError(f"over {max_bytes} bytes when decoded")
    return data, notes


def _unchunked(data: bytes) -> tuple[bytes, bool] | None:
    """Returns (joined chunks, whether the last one is there), without trailers; None if the data is not chunked."""
    pieces: list[bytes] = []
    at = 0
    while True:
        size = _CHUNK.match(data, at)
        if size is None:
            rest = data[at:]
            if not pieces or (rest and not _CHUNK.match(rest + b"\n")):
                return None
            return b"".join(pieces), False

        n_bytes = int(size[1], 16)
        if n_bytes == 0:
            return b"".join(pieces), True

        # The chunk, and the line end after it.
        start = size.end()
        pieces.append(data[start : start + n_bytes])
        at = start + n_bytes
        if at >= len(data):
            return (b"".join(pieces), False) if len(pieces) > 1 else None
        if data[at : at + 2] == b"\r\n":
            at += 2
        elif data[at : at + 1] == b"\n":
            at += 1
        else:
            return None


def _decoded(data: bytes, name: str, max_bytes: int) -> tuple[bytes, bool] | None:
    """Returns (decoded bytes, whether they are complete), or None if the data is not in this encoding."""
    if name in ("gzip", "x-gzip"):
        return _inflated(data, 31, max_bytes)
    if name in ("deflate", "x-deflate"):
        return _inflated(data, 15, max_bytes) or _inflated(data, -15, max_bytes)
    other: dict[str, Callable[[bytes, int], tuple[bytes, bool] | None]] = {"br": _brotli, "zstd": _zstd}
    return other[name](data, max_bytes) if name in other else None


def _inflated(data: bytes, window: int, max_bytes: int) -> tuple[bytes, bool] | None:
    """Returns the same for gzip members (window 31), zlib (15) or raw deflate (-15)."""
    pieces: list[bytes] = []
    n_bytes, whole = 0, True
    while data:
        unpacker = zlib.decompressobj(wbits=window)
        try:
            piece = unpacker.decompress(data, max_bytes + 1 - n_bytes)
        except zlib.error:
            if not pieces:
                return _salvaged(data, window, max_bytes)
            break  # the bytes after the last member are not a member

        n_bytes += len(piece)
        if n_bytes > max_bytes:
            raise TooLargeError(f"over {max_bytes} bytes when decoded")
        pieces.append(piece)

        # Only gzip can have another member behind this one.
        whole = unpacker.eof
        if not whole and window == -15 and not piece:
            return None
        data = unpacker.unused_data if whole and window == 31 else b""
    return b"".join(pieces), whole


def _salvaged(data: bytes, window: int, max_bytes: int) -> tuple[bytes, bool] | None:
    """Returns the bytes that could be unpacked before an error, as not complete; None if there are none."""
    unpacker = zlib.decompressobj(wbits=window)
    pieces: list[bytes] = []
    n_bytes = 0
    try:
        for at in range(0, len(data), 512):
            piece = unpacker.decompress(data[at : at + 512], max_bytes + 1 - n_bytes)
            n_bytes += len(piece)
            if n_bytes > max_bytes:
                raise TooLargeError(f"over {max_bytes} bytes when decoded")
            pieces.append(piece)
    except zlib.error:
        pass

    salvaged = b"".join(pieces)
    return (salvaged, False) if salvaged and window == 31 else None


def _brotli(data: bytes, max_bytes: int) -> tuple[bytes, bool] | None:
    import brotli

    unpacker = brotli.Decompressor()

    def pieces() -> Iterator[bytes]:
        given = data
        while not unpacker.is_finished() and (piece := unpacker.process(given, output_buffer_limit=_PIECE_BYTES)):
            given = b""
            yield piece

    return _whole(pieces(), brotli.error, lambda: bool(unpacker.is_finished()), max_bytes)


def _zstd(data: bytes, max_bytes: int) -> tuple[bytes, bool] | None:
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(data), _ZSTD_BYTES):
            yield unpacker.decompress(data[at : at + _ZSTD_BYTES])
            if unpacker.eof:
                return

    return _whole(pieces(), zstandard.ZstdError, lambda: bool(unpacker.eof), max_bytes)


def _whole(
    pieces: Iterator[bytes], broken: type[Exception], is_finished: Callable[[], bool], max_bytes: int
) -> tuple[bytes, bool] | None:
    """Returns (joined pieces, whether they are complete), or None if the data is not in this encoding."""
    held: list[bytes] = []
    n_bytes = 0
    try:
        for piece in pieces:
            held.append(piece)
            n_bytes += len(piece)
            if n_bytes > max_bytes:
                raise TooLargeError(f"over {max_bytes} bytes when decoded")
    except broken:
        return None
    return (b"".join(held), is_finished()) if n_bytes or is_finished() else None
