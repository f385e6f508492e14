"""Finds the place where a packed archive can be read again, after a broken member.

The first bytes of a member (its magic number) do not prove a member, because they also occur in packed text by chance.
A place counts if the bytes there can be unpacked, completely or for a good part.
"""

from dataclasses import dataclass
from typing import Any, BinaryIO

from corpus.sources.warc.packing import SKIPPABLE, errors, find_magic, magic, unpacker

_PROOF_BYTES = 1 << 16  # so many bytes, unpacked without a fault, prove a member
_READ_BYTES = 1 << 12  # packed bytes given at once: zstd unpacks them to at most 128 MiB
_STEP_BYTES = 1 << 20  # bytes unpacked at once by gzip
_NEEDLE_BYTES = 32  # bytes of the file by which a place is recognized among unpacked bytes
_PADDING = b"\x00\r\n"  # may be between members


@dataclass(frozen=True, slots=True)
class Member:
    """The result of unpacking one gzip member or zstd frame."""

    head: bytes  # its first bytes, unpacked
    n_bytes: int  # bytes unpacked, as far as requested
    end: int | None  # offset in the file of the byte after it; None if it was not unpacked to its end


class Broken:
    """The bytes that a broken member gives before its fault.

    They show whether a later place of the file belongs to the member: an archive that is stored in a record appears in
    the file as it is in these bytes. Places must be asked for in rising order; the member is unpacked once for all.
    """

    def __init__(self, file: BinaryIO, kind: str, start: int, end: int, words: Any) -> None:
        self._file, self._at, self._end = file, start, end
        self._kind, self._unpacker = kind, unpacker(kind, words)
        self._raw, self._held = b"", b""

    def holds(self, at: int) -> bool:
        """Whether the bytes at a place of the file occur in the unpacked member: then they are a part of it."""
        if at >= self._end:
            return False
        self._file.seek(at)
        needle = self._file.read(_NEEDLE_BYTES)  # also beyond the fault, because fewer bytes would be found by chance

        # Unpack and search until the needle is found.
        while (found := self._held.find(needle)) < 0:
            self._held = self._held[1 - len(needle) :]
            if not self._more():
                return False
        self._held = self._held[found + 1 :]
        return True

    def _more(self) -> bool:
        """Unpacks some more bytes of the member. Returns False at its end or fault."""
        if not self._raw:
            self._file.seek(self._at)
            self._raw = self._file.read(min(_READ_BYTES, self._end - self._at))
            self._at += len(self._raw)
        if not self._raw or self._unpacker.eof:
            return False

        try:
            piece, self._raw = _step(self._unpacker, self._kind, self._raw)
        except errors():
            return False
        self._held += piece
        return True


def find(
    file: BinaryIO, kind: str, start: int, words: Any, *, broken: Broken | None = None, own_end: int = 0,
    begins: bytes = b"",
) -> tuple[int | None, list[int]]:  # fmt: skip
    """Returns (offset of the first member at or after `start`, or None; offsets of the members that were skipped).

    The unpacked member must begin with `begins`. Members that the `broken` member before them holds are skipped without
    a note. After its fault, the broken member may reach up to `own_end`. A row of members before `own_end` that ends
    there in anything except another member is not a part of this archive: it is skipped and its offset returned. Moves
    the file's position.
    """
    passed: list[int] = []
    # Each round examines one occurrence of the magic number.
    while (at := find_magic(file, start, magic(kind))) is not None:
        start = at + 1
        found = look(file, kind, at, words, _PROOF_BYTES)
        if not _is_member(found) or not found.head.startswith(begins):
            continue
        if broken is not None and broken.holds(at):
            continue

        nested = _end_of_nested(file, kind, at, words) if at < own_end else None
        if nested is None or nested > own_end:
            return at, passed
        passed.append(at)
        start = nested
    return None, passed


def look(file: BinaryIO, kind: str, at: int, words: Any, n_bytes: int | None) -> Member:
    """Unpacks the member at an offset, up to `n_bytes` of it, or to its end if None. Moves the file's position."""
    file.seek(at)
    one, head, n_out = unpacker(kind, words), b"", 0
    raw = b""

    while n_bytes is None or n_out < n_bytes:
        raw = raw or file.read(_READ_BYTES)
        if not raw:
            return Member(head, n_out, None)
        try:
            piece, raw = _step(one, kind, raw)
        except errors():
            return Member(head, n_out, None)

        head, n_out = head or piece[:8], n_out + len(piece)
        if one.eof:
            return Member(head, n_out, file.tell() - len(one.unused_data))
    return Member(head, n_out, None)


def _step(one: Any, kind: str, raw: bytes) -> tuple[bytes, bytes]:
    """Returns (bytes unpacked from some packed bytes, packed bytes that are left for the next step)."""
    if kind == "gzip":
        return one.decompress(raw, _STEP_BYTES), one.unconsumed_tail
    return one.decompress(raw), b""


def _is_member(found: Member) -> bool:
    is_whole = found.end is not None and found.n_bytes > 0
    return is_whole or found.n_bytes >= _PROOF_BYTES or found.head.startswith(b"WARC/")


def _end_of_nested(file: BinaryIO, kind: str, at: int, words: Any) -> int | None:
    """Returns where a row of whole members from `at` on ends in bytes that never were a member; None if it does not.

    A broken or cut member also ends the row, and so do bytes that are mostly a member's first bytes. Then the result is
    None: this is damage, not the end of an archive inside another.
    """
    wanted = magic(kind)
    while (end := look(file, kind, at, words, None).end) is not None:
        file.seek(end)
        # Skip the padding after the member.
        while (found := file.read(_READ_BYTES)) and not (stripped := found.lstrip(_PADDING)):
            end += len(found)
        if not found:
            return None

        # Another member, a skippable frame, or the end of the row.
        at = end + len(found) - len(stripped)
        n_equal = sum(a == b for a, b in zip(stripped, wanted, strict=False))
        if n_equal < len(wanted) and not SKIPPABLE.match(stripped):
            return None if n_equal == len(wanted) - 1 else at
        if n_equal < len(wanted):
            return None
    return None
