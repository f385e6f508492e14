"""Finds out how a web archive is packed, from its first bytes, and where its members begin."""

import re
import struct
import zlib
from typing import Any, BinaryIO

GZIP, ZSTD, _LZ4 = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"
SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)  # a zstd frame for other programs
_DICTIONARY = b"\x5d\x2a\x4d\x18"  # the skippable frame with the dictionary: IIPC, WARC-zstd 1.0, section 2
_READ_BYTES = 1 << 17
_MAX_DICTIONARY = 1 << 24  # bytes
_MAX_WINDOW = 1 << 27  # bytes of memory that a zstd frame may request


class BrokenError(Exception):
    """The stored bytes cannot be unpacked from a place on. `is_end` is true if the file ends too early."""

    is_end = False


def kind_of(head: bytes) -> str | None:
    """Returns 'gzip', 'zstd', 'lz4' or 'plain' from a file's first bytes; None if they do not begin an archive."""
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(ZSTD) or SKIPPABLE.match(head):
        return "zstd"
    if head.startswith(_LZ4):
        return "lz4"
    return "plain" if head.lstrip(b"\r\n").startswith(b"WARC/") else None


def magic(kind: str) -> bytes:
    """Returns the first bytes of every gzip member or zstd frame."""
    return GZIP if kind == "gzip" else ZSTD


def unpacker(kind: str, words: Any) -> Any:
    """Returns an unpacker for one gzip member or zstd frame. `words` is the archive's dictionary or None."""
    if kind == "gzip":
        return zlib.decompressobj(wbits=31)
    import zstandard

    return zstandard.ZstdDecompressor(dict_data=words, max_window_size=_MAX_WINDOW).decompressobj()


def errors() -> tuple[type[Exception], ...]:
    """Returns the errors that unpackers raise."""
    import zstandard

    return (zlib.error, zstandard.ZstdError)


def find_magic(file: BinaryIO, start: int, magic: bytes) -> int | None:
    """Returns the offset of the first `magic` at or after `start`, or None."""
    file.seek(start)
    offset, held = start, b""
    while chunk := file.read(_READ_BYTES):
        held += chunk
        at = held.find(magic)
        if at >= 0:
            return offset + at
        keep = held[1 - len(magic) :]
        offset, held = offset + len(held) - len(keep), keep
    return None


def dictionary(file: BinaryIO) -> Any:
    """Returns the dictionary in a zstd archive's first frame, which may be packed, or None.

    Raises BrokenError if it is too large or cannot be unpacked.
    """
    import zstandard

    file.seek(0)
    head = file.read(8)
    if not head.startswith(_DICTIONARY) or len(head) < 8:
        return None

    size = struct.unpack("<I", head[4:8])[0]
    if size > _MAX_DICTIONARY:
        raise BrokenError(f"a dictionary of {size} bytes; at most {_MAX_DICTIONARY}")

    data = file.read(size)
    if data.startswith(ZSTD):
        try:
            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_DICTIONARY)
        except zstandard.ZstdError as error:
            raise BrokenError(f"its dictionary: {error}") from error
    return zstandard.ZstdCompressionDict(data)
