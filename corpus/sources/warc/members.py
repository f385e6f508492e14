"""Where a packed archive can be entered again behind a member that is broken.

Three bytes make no member: they stand in packed text by chance. What counts can be unpacked, as a whole or a good part
of it.
"""

import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from corpus.sources.warc.packing import SKIPPABLE, find_magic, magic, unpacker

_PROOF_BYTES = 1 << 16  # unpacked without a fault, that make a magic number a member
_READ_BYTES = 1 << 12  # packed bytes given at once: zstd makes at most 128 MiB of them
_STEP_BYTES = 1 << 20
_PADDING = b"\x00\r\n"


@dataclass(frozen=True, slots=True)
class Member:
    """What unpacking one gzip member or zstd frame came to."""

    head: bytes  # its first bytes, unpacked
    n_bytes: int  # unpacked, as far as was asked for
    end: int | None  # offset in the file of what stands behind it; None where it was not unpacked to its end
    is_cut: bool = False  # the file ends inside it


def find(
    file: BinaryIO, kind: str, start: int, words: Any, *, own_end: int = 0, begins: bytes = b""
) -> tuple[int | None, list[int]]:
    """Offset of the first member at or after `start` (that `begins` so, unpacked), and of those that were passed over.

    The broken member before may reach up to `own_end` and hold an archive as it is: a row of members that ends there
    in anything but another member is none of this archive's. Moves the file's position.
    """
    passed: list[int] = []
    while (at := find_magic(file, start, magic(kind))) is not None:
        start = at + 1
        found = look(file, kind, at, words, _PROOF_BYTES)
        if not _is_member(found) or not found.head.startswith(begins):
            continue
        nested = _end_of_nested(file, kind, at, words) if at < own_end else None
        if nested is None or nested > own_end:
            return at, passed
        passed.append(at)
        start = nested
    return None, passed


def look(file: BinaryIO, kind: str, at: int, words: Any, n_bytes: int | None) -> Member:
    """Unpacks the member at an offset, up to `n_bytes` of it or to its end; moves the file's position."""
    import zstandard

    file.seek(at)
    one, head, n_out = unpacker(kind, words), b"", 0
    raw = b""
    while n_bytes is None or n_out < n_bytes:
        raw = raw or file.read(_READ_BYTES)
        if not raw:
            return Member(head, n_out, None, is_cut=True)
        try:
            piece = one.decompress(raw, _STEP_BYTES) if kind == "gzip" else one.decompress(raw)
        except (zlib.error, zstandard.ZstdError):
            return Member(head, n_out, None)
        head, n_out = head or piece[:8], n_out + len(piece)
        if one.eof:
            return Member(head, n_out, file.tell() - len(one.unused_data))
        raw = one.unconsumed_tail if kind == "gzip" else b""
    return Member(head, n_out, None)


def _is_member(found: Member) -> bool:
    is_whole = found.end is not None and found.n_bytes > 0
    return is_whole or found.n_bytes >= _PROOF_BYTES or found.head.startswith(b"WARC/")


def _end_of_nested(file: BinaryIO, kind: str, at: int, words: Any) -> int | None:
    """Where a row of whole members ends in bytes that never were a member's; None where it does not.

    A member that is broken or cut ends the row, too, and so do bytes of which most are a member's first ones: that is
    damage, not the end of an archive inside another.
    """
    wanted = magic(kind)
    while (end := look(file, kind, at, words, None).end) is not None:
        file.seek(end)
        while (found := file.read(_READ_BYTES)) and not (stripped := found.lstrip(_PADDING)):
            end += len(found)
        if not found:
            return None
        at = end + len(found) - len(stripped)
        n_equal = sum(a == b for a, b in zip(stripped, wanted, strict=False))
        if n_equal < len(wanted) and not SKIPPABLE.match(stripped):
            return None if n_equal == len(wanted) - 1 else at
        if n_equal < len(wanted):
            return None
    return None
