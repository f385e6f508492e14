"""Tarballs, plain or compressed, read member by member in one pass and never unpacked to disk.

A plain tarball is cut between members; a compressed one is one piece, unpacked once. Nothing in it is trusted: names
and headers are bounded, a bomb ends at `MAX_RATIO` times its size, and links and paths that leave it are refused.
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
MAX_RATIO = 1000  # unpacked bytes for each packed one, beyond the first GiB
_FREE_BYTES = 1 << 30
_HEADER_BYTES = 1 << 20  # of a long name, or of a member's extended header
_SKIP_BYTES = 1 << 20
_ERRORS = (tarfile.TarError, OSError, zlib.error, lzma.LZMAError, TypeError, ValueError, OverflowError)

Refuse = Callable[[str, int, int], tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive: its address, the offset of its header in the unpacked archive, and its bytes."""

    uri: str
    position: str
    raw: bytes = field(repr=False)


class _BoundedHeader(tarfile.TarInfo):
    """tarfile reads a long name and an extended header whole, whatever size they state."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        special = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE)
        if (self.type in special or self.type == tarfile.SOLARIS_XHDTYPE) and self.size > _HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {self.size} bytes at {self.offset}; at most {_HEADER_BYTES}")
        return super()._proc_member(archive)  # type: ignore[misc]

    @classmethod
    def fromtarfile(cls, archive: Any) -> Any:
        """As tarfile's, which takes any broken header but the first for the end; here it is remembered."""
        try:
            return super().fromtarfile(archive)
        except cast(Any, tarfile).HeaderError as error:
            archive.ended_by = error
            raise


class _Bounded:
    """A stream that ends a bomb, and passes over what is not wanted without holding it."""

    def __init__(self, stream: BinaryIO, n_packed: int) -> None:
        self._stream, self._left = stream, _FREE_BYTES + MAX_RATIO * n_packed
        self._pushed = b""

    def push(self, data: bytes) -> None:
        """Puts bytes back, before what is read next."""
        self._pushed = data + self._pushed

    def read(self, n_bytes: int) -> bytes:
        """Up to `n_bytes`; raises OSError beyond what an archive of this size may hold."""
        if self._pushed:
            data, self._pushed = self._pushed[:n_bytes], self._pushed[n_bytes:]
            return data
        data = self._stream.read(n_bytes)
        self._left -= len(data)
        if self._left < 0:
            raise OSError(f"it unpacks to more than {MAX_RATIO} times its size")
        return data


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Ranges of a plain tarball, each from one member's header to another's; [None] for a compressed one."""
    if _kind(file) or file.n_bytes <= n_bytes:
        return [None]
    starts = [0]
    try:
        with file.open() as stream, tarfile.open(fileobj=stream, mode="r:", tarinfo=_BoundedHeader) as tar:
            for member in tar:
                if member.offset >= starts[-1] + n_bytes:
                    starts.append(member.offset)
                _forget(tar)
            stream.seek(tar.offset)
            blocks = iter(lambda: stream.read(_SKIP_BYTES), b"")
            if not isinstance(_ended_by(tar), cast(Any, tarfile).EOFHeaderError) or any(
                block.strip(b"\x00") for block in blocks
            ):
                return [None]  # broken, or several archives in a row: `read` tells
    except (*_ERRORS, EOFError):
        return [None]
    return list(zip(starts, [*starts[1:], file.n_bytes], strict=True))


def read(
    file: File, span: tuple[int, int] | None, max_bytes: int, refuse: Refuse
) -> Iterator[Member | Reject | Passed]:
    """The members that begin in the span; `refuse(name, size, max_bytes)` says which are not even read.

    Archives that were appended to each other are read one after the other.
    """
    start, end = span or (0, None)
    at = ""  # the member that was read last
    try:
        with file.open() as stream:
            stream.seek(start)
            bounded = _Bounded(unpacked(stream, _kind(file)) if _kind(file) else stream, file.n_bytes)
            begin: int | None = start
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
    except _ERRORS as error:  # tarfile raises the last ones too
        truncated = "end of file" in str(error) or "end of data" in str(error)
        yield Reject(file.uri, at, "truncated" if truncated else "corrupt", str(error))


def _ended_by(tar: Any) -> Exception | None:
    """What ended the archive: tarfile itself takes a broken header for an end."""
    return getattr(tar, "ended_by", None)


def _broken(tar: Any) -> tuple[str, str] | None:
    ended, errors = _ended_by(tar), cast(Any, tarfile)
    if isinstance(ended, errors.TruncatedHeaderError):
        return "truncated", "the archive ends inside a member's header"
    if isinstance(ended, (errors.InvalidHeaderError, errors.SubsequentHeaderError)):
        return "corrupt", f"a member's header is broken: {ended}; the rest was not read"
    return None


def _next_archive(tar: Any, bounded: "_Bounded", begin: int) -> int | None:
    """Offset of the archive that follows the end mark, or None where only zeros do."""
    offset = begin + tar.fileobj.pos
    bounded.push(tar.fileobj.buf)
    while block := bounded.read(tarfile.BLOCKSIZE):
        if block.strip(b"\x00"):
            bounded.push(block)
            return int(offset)
        offset += len(block)
    return None


def _forget(tar: Any) -> None:
    """tarfile keeps the header of every member that it has read."""
    tar.members = []


def _kind(file: File) -> str:
    name = file.path.lower()
    return next(kind for end, kind in sorted(_KINDS.items(), key=lambda e: -len(e[0])) if name.endswith(end))


def _record(
    file: File, tar: tarfile.TarFile, member: tarfile.TarInfo, position: str, max_bytes: int, refuse: Refuse
) -> Member | Reject | Passed:
    uri = address(f"{file.path}!/{member.name}")
    if member.isdir():
        return Passed("tar:folder")
    if member.name.startswith("/") or ".." in member.name.split("/"):
        return Reject(uri, position, "unsafe_path", address(member.name))
    if member.issym() or member.islnk():
        target = member.linkname
        if target.startswith("/") or ".." in target.split("/"):
            return Reject(uri, position, "link_outside", address(target))
        return Passed("tar:link")  # what it points to is read under its own name
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
