"""Reads plain or compressed tarballs member by member, in one pass, without unpacking them to disk.

A plain tarball is cut between members. A compressed one is a single piece and is unpacked once. Nothing in a tarball is
trusted: the sizes of names and headers are limited, reading ends if it unpacks to more than `MAX_RATIO` times its size,
and links and paths that leave it are refused.
"""

import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from corpus.records import Passed, Reject
from corpus.sources.compression import unpacked
from corpus.sources.files import File
from corpus.text.strings import address

_KINDS = {
    ".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.bz2": "bz2", ".tbz2": "bz2", ".tar.xz": "xz", ".txz": "xz",
    ".tar.zst": "zst", ".tzst": "zst",
}  # fmt: skip
SUFFIXES = tuple(_KINDS)
MAX_RATIO = 1000  # the most unpacked bytes per packed byte, beyond the first GiB
_FREE_BYTES = 1 << 30  # unpacked bytes that any archive may have
_HEADER_BYTES = 1 << 20  # the most bytes of a long name or of a member's extended header
_SKIP_BYTES = 1 << 20
_ERRORS = (tarfile.TarError, OSError, zlib.error, lzma.LZMAError, TypeError, ValueError, OverflowError)

Refuse = Callable[[str, int, int], tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive."""

    uri: str
    position: str  # offset of its header in the unpacked archive
    raw: bytes = field(repr=False)  # its content


class _BoundedHeader(tarfile.TarInfo):
    """A header whose parts have a limited size. tarfile reads a long name and an extended header of any stated size."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        special = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE)
        if (self.type in special or self.type == tarfile.SOLARIS_XHDTYPE) and self.size > _HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {self.size} bytes at {self.offset}; at most {_HEADER_BYTES}")
        return super()._proc_member(archive)  # type: ignore[misc]

    @classmethod
    def fromtarfile(cls, archive: Any) -> Any:
        """Does the same as tarfile's method, and remembers the error.

        tarfile takes any broken header, except the first, for the end of the archive.
        """
        try:
            return super().fromtarfile(archive)
        except cast(Any, tarfile).HeaderError as error:
            archive.ended_by = error
            raise


class _Bounded:
    """A stream that raises if it unpacks to too many bytes, and to which bytes can be put back."""

    def __init__(self, stream: BinaryIO, n_packed: int) -> None:
        self._stream, self._left = stream, _FREE_BYTES + MAX_RATIO * n_packed
        self._pushed = b""

    def push(self, data: bytes) -> None:
        """Puts bytes back: they are read next."""
        self._pushed = data + self._pushed

    def read(self, n_bytes: int) -> bytes:
        """Returns up to `n_bytes`. Raises OSError beyond the bytes that an archive of this size may have."""
        if self._pushed:
            data, self._pushed = self._pushed[:n_bytes], self._pushed[n_bytes:]
            return data

        data = self._stream.read(n_bytes)
        self._left -= len(data)
        if self._left < 0:
            raise OSError(f"it unpacks to more than {MAX_RATIO} times its size")
        return data


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Returns ranges of a plain tarball, each from one member's header to another's; [None] for a compressed one."""
    if _kind(file) or file.n_bytes <= n_bytes:
        return [None]

    starts = [0]
    try:
        with file.open() as stream, tarfile.open(fileobj=stream, mode="r:", tarinfo=_BoundedHeader) as tar:
            for member in tar:
                if member.offset >= starts[-1] + n_bytes:
                    starts.append(member.offset)
                _forget(tar)

            # Only zeros may follow the archive's end.
            stream.seek(tar.offset)
            blocks = iter(lambda: stream.read(_SKIP_BYTES), b"")
            if not isinstance(_ended_by(tar), cast(Any, tarfile).EOFHeaderError) or any(
                block.strip(b"\x00") for block in blocks
            ):
                return [None]  # broken, or several archives in a row: `read` handles both
    except (*_ERRORS, EOFError):
        return [None]
    return list(zip(starts, [*starts[1:], file.n_bytes], strict=True))


def read(
    file: File, span: tuple[int, int] | None, max_bytes: int, refuse: Refuse
) -> Iterator[Member | Reject | Passed]:
    """Yields the members that begin in the span. `refuse(name, size, max_bytes)` decides which are not even read.

    Archives that were appended to each other are read one after the other.
    """
    start, end = span or (0, None)
    at = ""  # position of the member that was read last
    try:
        with file.open() as stream:
            stream.seek(start)
            bounded = _Bounded(unpacked(stream, _kind(file)) if _kind(file) else stream, file.n_bytes)
            begin: int | None = start

            # Each round reads one archive of the file, usually the only one.
            while begin is not None:
                with tarfile.open(fileobj=cast(Any, bounded), mode="r|", tarinfo=_BoundedHeader) as tar:
                    for member in tar:
                        _forget(tar)
                        position = begin + member.offset
                        if end is not None and position >= end:
                            return
                        at = str(position)
                        yield _record(file, tar, member, at, max_bytes, refuse)

                    broken = _broken(tar)
                    if broken:
                        yield Reject(file.uri, at, *broken)
                        return
                    begin = _next_archive(tar, bounded, begin)
    except EOFError as error:
        yield Reject(file.uri, at, "truncated", str(error))
    except _ERRORS as error:  # tarfile raises also the last ones of these
        truncated = "end of file" in str(error) or "end of data" in str(error)
        yield Reject(file.uri, at, "truncated" if truncated else "corrupt", str(error))


def _ended_by(tar: Any) -> Exception | None:
    """Returns the error that ended the archive, or None. tarfile itself takes a broken header for an end."""
    return getattr(tar, "ended_by", None)


def _broken(tar: Any) -> tuple[str, str] | None:
    """Returns (reason, detail) if the archive ended in a broken header, otherwise None."""
    ended, errors = _ended_by(tar), cast(Any, tarfile)
    if isinstance(ended, errors.TruncatedHeaderError):
        return "truncated", "the archive ends inside a member's header"
    if isinstance(ended, (errors.InvalidHeaderError, errors.SubsequentHeaderError)):
        return "corrupt", f"a member's header is broken: {ended}; the rest was not read"
    return None


def _next_archive(tar: Any, bounded: "_Bounded", begin: int) -> int | None:
    """Returns the offset of the archive that follows the end mark, or None if only zeros follow."""
    offset = begin + tar.fileobj.pos
    bounded.push(tar.fileobj.buf)
    while block := bounded.read(tarfile.BLOCKSIZE):
        if block.strip(b"\x00"):
            bounded.push(block)
            return int(offset)
        offset += len(block)
    return None


def _forget(tar: Any) -> None:
    """Drops the headers of the members that were read: tarfile keeps all of them."""
    tar.members = []


def _kind(file: File) -> str:
    name = file.path.lower()
    return next(kind for end, kind in sorted(_KINDS.items(), key=lambda e: -len(e[0])) if name.endswith(end))


def _record(
    file: File, tar: tarfile.TarFile, member: tarfile.TarInfo, position: str, max_bytes: int, refuse: Refuse
) -> Member | Reject | Passed:
    """Returns the member, or the reason why it is refused or skipped."""
    uri = address(f"{file.path}!/{member.name}")
    if member.isdir():
        return Passed("tar:folder")

    # Paths and links that leave the archive; devices.
    if member.name.startswith("/") or ".." in member.name.split("/"):
        return Reject(uri, position, "unsafe_path", address(member.name))
    if member.issym() or member.islnk():
        target = member.linkname
        if target.startswith("/") or ".." in target.split("/"):
            return Reject(uri, position, "link_outside", address(target))
        return Passed("tar:link")  # its target is read under the target's own name
    if not member.isfile():
        return Reject(uri, position, "unsafe_path", "a device or pipe")

    refused = refuse(member.name, member.size, max_bytes)
    if refused:
        return Reject(uri, position, refused[0], address(refused[1]))

    stream = tar.extractfile(member)
    raw = stream.read(member.size) if stream else b""
    if len(raw) < member.size:
        return Reject(uri, position, "truncated", f"{len(raw)} of {member.size} bytes")
    return Member(uri, position, raw)
