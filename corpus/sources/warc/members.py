"""Where a packed archive can be entered again behind a member that is broken.

Three bytes make no member: they stand in packed text by chance. What counts can be unpacked, as a whole or a good part
of it.
"""

from dataclasses import dataclass
from typing import Any, BinaryIO

from corpus.sources.warc.packing import SKIPPABLE, errors, find_magic, magic, unpacker

_PROOF_BYTES = 1 << 16  # unpacked without a fault, that make a magic number a member
_READ_BYTES = 1 << 12  # packed bytes given at once: zstd makes at most 128 MiB of them
_STEP_BYTES = 1 << 20
_NEEDLE_BYTES = 32  # that make a place of the file known among unpacked bytes
_PADDING = b"\x00\r\n"


@dataclass(frozen=True, slots=True)
class Member:
    """What unpacking one gzip member or zstd frame came to."""

    head: bytes  # its first bytes, unpacked
    n_bytes: int  # unpacked, as far as was asked for
    end: int | None  # offset in the file of what stands behind it; None where it was not unpacked to its end


class Broken:
    """What a broken member gave before its fault: an archive that lies in it is there as it is stored.

    Places are asked for in order, and the member is unpacked once more for all of them.
    """

    def __init__(self, file: BinaryIO, kind: str, start: int, end: int, words: Any) -> None:
        self._file, self._at, self._end = file, start, end
        self._kind, self._unpacker = kind, unpacker(kind, words)
        self._raw, self._held = b"", b""

    def holds(self, at: int) -> bool:
        """Whether the bytes at a place of the file are what the member gives there: then they are its own."""
        if at >= self._end:
            return False
        self._file.seek(at)
        needle = self._file.read(_NEEDLE_BYTES)  # also past the fault: a few bytes would be found by chance
        while (found := self._held.find(needle)) < 0:
            self._held = self._held[1 - len(needle) :]
            if not self._more():
                return False
        self._held = self._held[found + 1 :]
        return True

    def _more(self) -> bool:
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
    """Offset of the first member at or after `start` (that `begins` so, unpacked), and of those that were passed over.

    What the `broken` member before them holds is passed over. Behind its fault it may reach up to `own_end`: a row of
    members that ends there in anything but another member is none of this archive's. Moves the file's position.
    """
    passed: list[int] = []
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
    """Unpacks the member at an offset, up to `n_bytes` of it or to its end; moves the file's position."""
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
    """What some packed bytes give, and those that are left for the next step."""
    if kind == "gzip":
        return one.decompress(raw, _STEP_BYTES), one.unconsumed_tail
    return one.decompress(raw), b""


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
