"""Reads the records of a web archive: headers, and blocks of the length in the headers. Source: ISO 28500:2017.

A record is trusted once the next record was found where the record's length says. After a record with a wrong length,
reading continues at the next line that begins a record: first inside the bytes that the record claimed, then after it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from corpus.sources.warc.packing import BrokenError
from corpus.sources.warc.stream import Place, Stream

_VERSION = re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n?$")  # at a line's end: junk before it is not a part of a record
_NEXT = re.compile(rb"\n[ \t]*\r?\n(WARC/\d+\.\d+[ \t]*\r?\n)")
_FIRST = re.compile(rb"(WARC/\d+\.\d+[ \t]*\r?\n)")
_LINE_BYTES = 1 << 18  # the most bytes of one header line
_HEADER_BYTES = 1 << 20  # the most bytes of all header lines of a record
_CONTENT_TYPE = re.compile(rb"\ncontent-type:[ \t]*([^\r\n]*)", re.IGNORECASE)
_TEXT = re.compile(rb"^text/|xml|json|javascript")
_MEMBER_BYTES = 1 << 10  # the most bytes of a member besides its content
_HTTP_BYTES = 1 << 13  # the first bytes of a block, which say what a response holds
_SEARCH_BYTES = 1 << 20  # searched at once for the next record
_REWIND_BYTES = 32 << 20  # a block up to this size is held until its length proves true; a larger one is read again


@dataclass(slots=True)
class Record:
    """A record's headers and, if it was requested, its block."""

    place: Place
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case
    n_header: int = 0  # bytes of the header
    length: int = 0  # bytes of the block, as the header states it
    block: bytes = b""  # the whole block, or its first bytes if it is longer than requested
    head: bytes = b""  # the first bytes of a block in which the stream broke
    is_whole: bool = False  # whether all bytes of the block were read
    problem: tuple[str, str] | None = None  # (reason, detail) if the record cannot be trusted

    @property
    def type(self) -> str:
        """The type in lower case: warcinfo, response, request, ..."""
        return self.headers.get("warc-type", "").lower()


class Reader:
    """Reads the records of an archive one after the other."""

    def __init__(self, file: BinaryIO, kind: str, start: int = 0) -> None:
        self._stream = Stream(file, kind, start)
        self._passed: list[int] = []  # members that were skipped and not yet reported

    def records(self, end: int, max_bytes: int, wanted: frozenset[str]) -> Iterator[Record]:
        """Yields the records that begin before `end`, an offset in the file.

        Records of the types `wanted` have their block, up to `max_bytes`. A broken place is a record with a `problem`;
        it has headers if they could be read.
        """
        while True:
            # Where the next record begins.
            try:
                self._skip_blank()
                if not self._stream.peek(1) or (place := self._stream.place()).member >= end:
                    return
            except BrokenError as error:
                place = self._broken_place()
                if place.member >= end:
                    return
                yield Record(place, problem=("truncated" if error.is_end else "corrupt", str(error)))
                found = self._go_on_behind(place.member)
                yield from self._passed_over()
                if not found:
                    return
                continue

            # The record itself.
            record = Record(place)
            self._stream.mark()
            try:
                self._read(record, max_bytes, wanted)
            except BrokenError as error:
                record.problem = ("truncated" if error.is_end else "corrupt", str(error))
                self._stream.release()
                yield record
                found = self._go_on(record)
                yield from self._passed_over()
                if not found:
                    return
                continue

            self._stream.release()
            yield record

    def _go_on(self, record: Record) -> bool:
        """Goes to the next record after one in which the stream broke. Returns False if there is none.

        The broken record may have claimed records after its own block, in its own member or in later ones.
        """
        # First, inside the bytes that can still be unpacked.
        try:
            if record.n_header:
                self._stream.reopen(record.place)
                self._stream.skip(record.n_header)
                if record.is_whole:
                    self._stream.skip(record.length)
                else:
                    record.head = self._stream.peek(_HTTP_BYTES)
                self._find_next()
                if _begins(self._stream.peek(5), 0):
                    return True
        except BrokenError:
            pass

        # Then, in a later member.
        if not record.n_header:
            return self._go_on_behind(record.place.member)
        stored = record.n_header + record.length + (record.length >> 10) + _MEMBER_BYTES  # if it was not compressed
        own_end = 0 if _is_page(record) else record.place.member + stored
        return self._go_on_behind(record.place.member, own_end)

    def _go_on_behind(self, member: int, own_end: int = 0) -> bool:
        """Goes to the first record that begins in a member after the broken one. Returns False if there is none."""
        while True:
            found, passed = self._stream.next_member(member, own_end=own_end)
            self._passed += passed
            if not found:
                return False

            try:
                self._find_next()
                return bool(self._stream.peek(1))
            except BrokenError:
                member, own_end = self._stream.member, 0

    def _passed_over(self) -> Iterator[Record]:
        """Yields the members that were skipped because they seem to be an archive inside a broken record."""
        passed, self._passed = self._passed, []
        for offset in passed:
            yield Record(Place(offset, 0), problem=("corrupt", "not read: it is in the broken record before it"))

    def _broken_place(self) -> Place:
        try:
            return self._stream.place()
        except (BrokenError, StopIteration):
            return Place(self._stream.member, 0)

    def _skip_blank(self) -> None:
        while (byte := self._stream.peek(1)) in (b"\r", b"\n", b" ", b"\t"):
            self._stream.read(len(byte))

    def _read(self, record: Record, max_bytes: int, wanted: frozenset[str]) -> None:
        """Fills the record, and moves the stream behind it."""
        problem = self._read_header(record)
        if problem:
            record.problem = problem
            self._find_next()
            return

        # The block: the first bytes are kept if the type is wanted, the others are skipped.
        start = self._stream.at
        if record.length > _REWIND_BYTES:
            self._stream.release(keeps_members=True)
        if record.type in wanted:
            record.block = self._stream.read(min(record.length, max_bytes))
        n_read = len(record.block)
        n_read += self._stream.skip(record.length - n_read)

        # Is the length true?
        inside = self._record_inside(start, start + n_read)
        if inside is not None:
            record.problem = ("wrong_length", f"another record begins after {inside - start} of {record.length} bytes")
            self._resume(record, start)
            return
        if n_read < record.length:
            record.problem = ("truncated", f"{n_read} of {record.length} bytes")
            self._resume(record, start)
            return

        record.is_whole = True
        if not self._at_record_or_end(record):
            record.is_whole = False
            record.problem = ("wrong_length", f"no record follows where its length of {record.length} bytes ends")
            self._resume(record, start)

    def _read_header(self, record: Record) -> tuple[str, str] | None:
        """Fills the record's headers and length. Returns the problem if this is not a valid header, otherwise None."""
        # The first line.
        begin = self._stream.at
        line = self._stream.line(_LINE_BYTES)
        behind = self._stream.at  # the search for the next record begins here if this is not a header
        version = _VERSION.search(line)
        if version is None or version.start():
            if version is not None:
                self._stream.rewind(begin + version.start())
            return ("corrupt", f"no WARC record begins here: {line[:40]!r}")

        # The header lines, up to an empty line. `name` is the header that a next line may continue.
        size, name = 0, ""
        while (line := self._stream.line(_LINE_BYTES)).strip(b"\r\n"):
            size += len(line)
            if size > _HEADER_BYTES or not line.endswith(b"\n"):
                self._stream.rewind(behind)
                return ("corrupt", f"a header of over {min(size, _HEADER_BYTES)} bytes, or cut short")

            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            if text[0] in " \t":  # it continues the line before, if that was a header
                if name:
                    record.headers[name] += " " + text.strip()
                continue
            key, colon, value = text.partition(":")
            name = key.strip().lower() if colon else ""
            if name in record.headers:  # the first one counts; lines that continue the second one are dropped
                name = ""
            if name:
                record.headers[name] = value.strip()

        # The length.
        if not line:
            self._stream.rewind(behind)
            return ("truncated", "the file ends inside a record's header")
        length = record.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            self._stream.rewind(behind)
            return ("wrong_length", f"Content-Length is {length[:40]!r}")
        record.length = int(length[:18])
        record.n_header = self._stream.at - begin
        return None

    def _record_inside(self, start: int, end: int) -> int | None:
        """Returns the position of the first member inside a block that begins with a record, or None.

        A block that reaches over such a member has a wrong length.
        """
        for position in self._stream.member_starts(start - 1, end):
            if _begins(self._stream.head_at(position), 0):
                return position
        return None

    def _at_record_or_end(self, record: Record) -> bool:
        """Whether a record, the start of a member, or nothing follows. Then the record's length is true.

        Raises `BrokenError` if the record's own member is broken.
        """
        try:
            if self._stream.peek(4) == b"\r\n\r\n":  # every record ends so, whatever junk follows
                self._stream.read(4)
                self._stream.peek(1)  # a wrong checksum is found only behind the member's last byte
                return True
            self._skip_blank()
            head = self._stream.peek(6)
            if head and self._stream.place().inside == 0 and self._stream.place() != record.place:
                return self._stream.is_packed or _begins(head, 0)
        except BrokenError as error:
            own = record.place.inside == 0 and self._stream.member == record.place.member
            if own and not error.is_end:
                raise
            return True  # the fault is reported at the next record
        return not head or (head[:5] == b"WARC/" and head[5:6].isdigit())

    def _resume(self, record: Record, start: int) -> None:
        """Goes to the next record after `start`, the first byte of a block that cannot be trusted."""
        if not self._stream.rewind(start):
            self._stream.reopen(record.place)
            self._stream.skip(record.n_header)
        self._find_next()

    def _find_next(self) -> None:
        """Goes to the next line that begins a record, after an empty line or at a member's start, or to the end.

        The search begins behind a line end, which counts, too: the next line may be the empty one.
        """
        before = b"\n"
        while True:
            data = self._stream.peek(_SEARCH_BYTES)
            first = self._stream.at
            if not data:
                return

            match = (_FIRST.match(data) if before else None) or _NEXT.search(before + data)
            places = [] if match is None else [first + match.start(1) - (0 if match.re is _FIRST else len(before))]
            before = b""
            places += [p for p in self._stream.member_starts(first - 1, first + len(data)) if _begins(data, p - first)]
            if places:
                self._stream.skip(min(places) - first)
                return

            # Blocks overlap by 64 bytes, so a record's first line is not cut.
            self._stream.release()
            self._stream.skip(max(len(data) - 64, 1) if len(data) == _SEARCH_BYTES else len(data))


def _is_page(record: Record) -> bool:
    """Whether a broken record is known to hold text. An archive cannot be stored unchanged in text."""
    kind = _CONTENT_TYPE.search(record.head)
    return kind is not None and _TEXT.search(kind[1].lower()) is not None


def _begins(data: bytes, at: int) -> bool:
    return data[at : at + 5] == b"WARC/"
