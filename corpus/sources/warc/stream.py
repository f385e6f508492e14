"""Reads a web archive as one stream of unpacked bytes, and knows for each byte where it is stored.

A compressed archive is a row of gzip members or zstd frames. Most writers put one record in each. But a member may hold
many records, and a record may reach over many members, so packing says nothing about records. A place is (offset of the
member in the file, offset of the byte inside the unpacked member); in a plain file, (offset, 0).
"""

import os
import re
import struct
import zlib
from typing import Any, BinaryIO, NamedTuple

from corpus.sources import regained
from corpus.sources.warc import members
from corpus.sources.warc.packing import SKIPPABLE, BrokenError, dictionary, unpacker

_PLAIN = re.compile(rb"(^|\n)WARC/\d+\.\d+[ \t]*\r?\n")
_SUFFIXES = {".gz": "gzip", ".zst": "zstd"}
_READ_BYTES = 1 << 17
_UNPACK_BYTES = 1 << 20  # bytes unpacked at once, so a bomb never fills the memory
_ZSTD_BYTES = 1 << 12  # packed bytes given to zstd at once: they unpack to at most 128 MiB


class Place(NamedTuple):
    """The place where a byte is stored."""

    member: int  # offset in the file of the gzip member or zstd frame; of the byte itself in a plain file
    inside: int  # offset in the unpacked member; 0 in a plain file

    def __str__(self) -> str:
        return f"{self.member}+{self.inside}" if self.inside else str(self.member)


def found_kind(file: BinaryIO, path: str) -> str:
    """Returns 'gzip', 'zstd' or 'plain' for an archive whose first bytes are broken.

    It is the kind that the name says, if members of this kind follow. A plain archive may have the name of a packed one
    and hold packed bodies. So if plain records are visible, only members that begin with a record count.
    """
    file.seek(0)
    is_plain = _PLAIN.search(file.read(_READ_BYTES)) is not None
    for suffix, kind in _SUFFIXES.items():
        if path.lower().endswith(suffix):
            begins = b"WARC/" if is_plain else b""
            return "plain" if members.find(file, kind, 0, None, begins=begins)[0] is None else kind
    return "plain"


class Stream:
    """Unpacked bytes from a place on, read forward. `rewind` goes back to bytes that are held since `mark`.

    `at` is the position of the next byte. Positions are offsets in a plain file. In a packed one, they are counted from
    the place where the stream began.
    """

    def __init__(self, file: BinaryIO, kind: str, start: int = 0) -> None:
        self._file, self._kind = file, kind
        self._dictionary = dictionary(file) if kind == "zstd" else None
        self._begin(start)

    def _begin(self, start: int) -> None:
        self._file.seek(start)
        self._raw = b""  # packed bytes that were read from the file and not unpacked yet
        self._raw_at = start  # offset in the file of the first of them
        self._unpacker: Any = None  # of the current member; None between members
        self._held = bytearray()  # unpacked bytes from position `_base` on
        self._base = self.at = start if self._kind == "plain" else 0
        self._mark: int | None = None  # position from which bytes are held
        self._members: list[tuple[int, int]] = []  # (position, offset in the file) of the members that are known
        self._keeps_members = False  # whether members before the held bytes stay known
        self._broken: BrokenError | None = None  # raised for every byte that is not held already
        self._broken_at = start  # offset in the file of the packed byte that met the fault

    @property
    def is_packed(self) -> bool:
        """Whether the archive is a row of compressed members."""
        return self._kind != "plain"

    # Reading

    def peek(self, n_bytes: int) -> bytes:
        """Returns the next bytes without moving on; fewer only at the end of the stream. Raises `BrokenError`."""
        self._fill(n_bytes)
        first = self.at - self._base
        return bytes(self._held[first : first + n_bytes])

    def read(self, n_bytes: int) -> bytes:
        """Returns the next bytes; fewer only at the end of the stream. Raises `BrokenError`."""
        data = self.peek(n_bytes)
        self._go(len(data))
        return data

    def line(self, limit: int) -> bytes:
        """Returns the next line with its end, or `limit` bytes of it."""
        n_seen = 0
        while True:
            first = self.at - self._base
            end = self._held.find(b"\n", first + n_seen, first + limit)
            if end >= 0:
                return self.read(end + 1 - first)
            n_seen = min(len(self._held) - first, limit)
            if n_seen == limit or not self._more():
                return self.read(n_seen)

    def skip(self, n_bytes: int) -> int:
        """Skips bytes and returns how many there were: fewer than `n_bytes` at the end of the stream."""
        if self._kind == "plain" and n_bytes > len(self._held) - (self.at - self._base):
            size = self._file.seek(0, os.SEEK_END)
            n_skipped = max(min(n_bytes, size - self.at), 0)
            target, mark = self.at + n_skipped, self._mark
            self._begin(target)
            self._mark = mark
            return n_skipped

        left = n_bytes
        while left:
            n_here = len(self.peek(min(left, _UNPACK_BYTES)))
            if not n_here:
                break
            self._go(n_here)
            left -= n_here
        return n_bytes - left

    def mark(self) -> None:
        """Holds the bytes that are read from here on, for `rewind`. `release` ends this."""
        self._mark, self._keeps_members = self.at, False

    def release(self, *, keeps_members: bool = False) -> None:
        """Frees the bytes that `mark` held. `keeps_members` remembers where members begin until the next mark."""
        self._mark, self._keeps_members = None, keeps_members

    def rewind(self, position: int) -> bool:
        """Goes back to a position. Returns False if its bytes are not held any more; a plain file always goes back."""
        if position >= self._base:
            self.at = position
            return True
        if self._kind != "plain":
            return False
        self._begin(position)
        return True

    # Places

    def place(self) -> Place:
        """Returns the place where the next byte is stored."""
        if self._kind == "plain":
            return Place(self.at, 0)
        self._fill(1)
        position, offset = next(m for m in reversed(self._members) if m[0] <= self.at)
        return Place(offset, self.at - position)

    @property
    def member(self) -> int:
        """The offset in the file of the member that was begun last."""
        return self._members[-1][1] if self._members else self._raw_at

    def member_starts(self, start: int, end: int) -> list[int]:
        """Returns the positions in (start, end) where a member begins; none in a plain file."""
        return [position for position, _ in self._members if start < position < end]

    def head_at(self, position: int) -> bytes:
        """Returns the first bytes of the member that begins at a position, whether they are still held or not."""
        if position >= self._base:
            return bytes(self._held[position - self._base :][:8])

        offset = next(offset for begin, offset in self._members if begin == position)
        here = self._file.tell()
        head = members.look(self._file, self._kind, offset, self._dictionary, 8).head
        self._file.seek(here)
        return head

    def reopen(self, place: Place) -> None:
        """Goes back to a place whose bytes are not held any more. Positions are counted from there."""
        self._begin(place.member)
        self.skip(place.inside)

    def next_member(self, offset: int, *, own_end: int = 0) -> tuple[bool, list[int]]:
        """Continues, after a `BrokenError`, at the first member behind `offset` that is not a part of the broken one.

        Returns (whether there is such a member, offsets of the members that were skipped). Members are skipped if they
        seem to be inside the broken one, after its fault. It may reach up to `own_end`.
        """
        broken = None
        if self._broken is not None:
            broken = members.Broken(self._file, self._kind, self.member, self._broken_at, self._dictionary)

        at, passed = members.find(self._file, self._kind, offset + 1, self._dictionary, broken=broken, own_end=own_end)
        if at is None:
            return False, passed
        self._begin(at)
        return True, passed

    # Filling

    def _go(self, n_bytes: int) -> None:
        """Moves on, and frees bytes and members before the mark, or before the next byte without a mark."""
        self.at += n_bytes
        keep = self.at if self._mark is None else min(self._mark, self.at)
        if keep - self._base > _UNPACK_BYTES:
            del self._held[: keep - self._base]
            self._base = keep
            if not self._keeps_members:
                behind = [m for m in self._members if m[0] <= keep][:-1]
                del self._members[: len(behind)]

    def _fill(self, n_bytes: int) -> None:
        """Holds at least `n_bytes` from the next byte on, or fewer at the end of the stream.

        A fault is raised once all bytes before it were read.
        """
        try:
            while len(self._held) - (self.at - self._base) < n_bytes and self._more():
                pass
        except BrokenError:
            if self.at - self._base >= len(self._held):
                raise

    def _more(self) -> bool:
        """Unpacks some more bytes. Returns False at the end of the file. Raises `BrokenError`."""
        if self._kind == "plain":
            data = self._file.read(_READ_BYTES)
            self._held += data
            return bool(data)

        if self._broken is not None:
            raise self._broken

        n_before = len(self._held)
        while len(self._held) == n_before:
            if not self._raw and not self._load():
                if self._unpacker is None:
                    return False
                self._broken = BrokenError("the file ends inside a member")
                self._broken.is_end, self._broken_at = True, self._raw_at
                raise self._broken
            self._unpack()
        return True

    def _load(self) -> bool:
        self._raw_at = self._file.tell()
        self._raw = self._file.read(_READ_BYTES)
        return bool(self._raw)

    def _take(self, n_bytes: int) -> None:
        self._raw, self._raw_at = self._raw[n_bytes:], self._raw_at + n_bytes

    def _unpack(self) -> None:
        if self._unpacker is None:
            self._begin_member()
            if self._unpacker is None:
                return
        if self._kind == "gzip":
            self._unpack_gzip()
        else:
            self._unpack_zstd()
        if self._unpacker is not None and self._unpacker.eof:
            self._unpacker = None

    def _unpack_gzip(self) -> None:
        before, n_raw = self._unpacker.copy(), len(self._raw)
        try:
            self._held += self._unpacker.decompress(self._raw, _UNPACK_BYTES)
        except zlib.error as error:
            last, n_taken = regained.of_gzip(before, self._raw)
            self._break(last, self._raw_at + n_taken, error)
            return

        rest = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail
        self._take(n_raw - len(rest))

    def _unpack_zstd(self) -> None:
        import zstandard

        chunk = self._raw[:_ZSTD_BYTES]
        try:
            self._held += self._unpacker.decompress(chunk)
        except zstandard.ZstdError as error:
            position, start = self._members[-1]
            given = self._base + len(self._held) - position
            end = self._raw_at + len(chunk)
            self._break(*regained.of_member(self._new_unpacker, self._file, start, end, given), error)
            return

        self._take(len(chunk) - len(self._unpacker.unused_data))

    def _break(self, last: bytes, at: int, error: Exception) -> None:
        """Ends the stream after the bytes that were unpacked last. The error is raised after these bytes."""
        self._held += last
        self._broken, self._broken_at = BrokenError(str(error)), at
        self._unpacker = None
        if not last:
            raise self._broken from error

    def _new_unpacker(self) -> Any:
        return unpacker(self._kind, self._dictionary)

    def _begin_member(self) -> None:
        """Begins the member at the next raw byte, or skips the zeros, line ends or frame for other programs there."""
        if len(self._raw) < 8:
            rest = self._file.read(_READ_BYTES)
            self._raw += rest

        stripped = self._raw.lstrip(b"\x00\r\n")
        if len(stripped) < len(self._raw):
            self._take(len(self._raw) - len(stripped))
            return

        if self._kind == "zstd" and SKIPPABLE.match(self._raw) and len(self._raw) >= 8:
            end = self._raw_at + 8 + struct.unpack("<I", self._raw[4:8])[0]
            self._file.seek(end)
            self._raw, self._raw_at = b"", end
            return

        self._unpacker = self._new_unpacker()
        self._members.append((self._base + len(self._held), self._raw_at))
