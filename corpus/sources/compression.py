"""Decompressed streams that can start in the middle.

gzip: an index of seek points, made in one pass and kept in the user's cache, lets a piece of a large file start
without unpacking what stands before it. zstd has no such index: a piece reads past its prefix, at about 1.5 GB/s,
so that a file is cut into at most `MAX_ZSTD_SPANS` pieces. bzip2 and xz are read whole, from the start.
"""

import bz2
import io
import lzma
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

from corpus.sources import regained
from corpus.sources.files import File
from corpus.task import digest

MAX_ZSTD_SPANS = 32
_BLOCK = 1 << 20
_ZSTD_BYTES = 1 << 12  # packed bytes given to zstd at once: at most 128 MiB come out
_MAX_WINDOW = 1 << 30  # bytes that a zstd frame may ask for
ERRORS: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error, lzma.LZMAError)  # what a broken stream raises
_NAMES = {".gz": "gz", ".zst": "zst", ".zstd": "zst", ".bz2": "bz2", ".xz": "xz"}
SUFFIXES = tuple(_NAMES)
WHOLE = ("bz2", "xz")  # kinds that cannot be entered in the middle


def suffix(file: File) -> str:
    """'gz', 'zst', 'bz2', 'xz' or ''."""
    name = file.path.lower()
    return next((kind for end, kind in _NAMES.items() if name.endswith(end)), "")


def size(file: File) -> int | None:
    """Bytes when decompressed, or None where the stream is broken. Reads the whole file when it is compressed."""
    kind = suffix(file)
    if not kind:
        return file.n_bytes
    if kind == "gz":
        return _gzip_size(file)
    try:
        with open_at(file, 0) as stream:
            return sum(len(block) for block in iter(lambda: stream.read(_BLOCK), b""))
    except ERRORS:
        return None


def open_at(file: File, offset: int, *, indexed: bool = False) -> BinaryIO:
    """The decompressed stream from `offset` on; `indexed` where a gzip file was cut and has its index."""
    kind = suffix(file)
    stream = file.open()
    if kind == "gz" and indexed:
        opened = _indexed(file, stream)
        opened.seek(offset)
        return cast(BinaryIO, opened)
    if not kind:
        stream.seek(offset)
        return stream
    opened = unpacked(stream, kind)
    while offset:
        skipped = len(opened.read(min(offset, _BLOCK)))
        if not skipped:
            break
        offset -= skipped
    return opened


def unpacked(stream: BinaryIO, kind: str) -> BinaryIO:
    """A gz, bz2, xz or zst stream unpacked: all that is there comes out before what broke it is raised."""
    return cast(BinaryIO, _Members(stream, kind))


class _Members(io.RawIOBase):
    """The gzip members, bz2 or xz streams, or zstd frames, of a file, one after the other, with zero bytes between.

    Python's own readers end in silence at padding or garbage between streams, and at the end of a cut zstd frame.
    """

    def __init__(self, stream: BinaryIO, kind: str) -> None:
        self._stream, self._kind = stream, kind
        self._raw, self._held = b"", bytearray()
        self._unpacker: Any = None
        self._start = self._given = 0  # where the member begins that is being unpacked, and what it gave so far
        self._before: Any = None  # a gzip unpacker as it was before the last call
        self._error: Exception | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, n_bytes: int = -1) -> bytes:
        """Up to `n_bytes`; raises what broke the stream once all before it was read."""
        while len(self._held) < n_bytes and self._error is None and self._more():
            pass
        if not self._held and self._error is not None:
            raise self._error
        piece = bytes(self._held[:n_bytes])
        del self._held[: len(piece)]
        return piece

    def _more(self) -> bool:
        if not self._raw:
            self._raw = self._stream.read(_BLOCK)
        if self._unpacker is None:
            self._raw = self._raw.lstrip(b"\x00")
            if not self._raw:
                return self._skip_zeros()
            self._unpacker = _unpacker(self._kind)
            self._start, self._given = self._stream.tell() - len(self._raw), 0
        if not self._raw and getattr(self._unpacker, "needs_input", True):
            self._error = EOFError("the file ends inside a compressed stream")
            return False

        try:
            piece = self._step()
        except Exception as error:
            if not isinstance(error, ERRORS) and type(error).__name__ != "ZstdError":
                raise
            self._held += self._last(error)
            return False

        self._held += piece
        self._given += len(piece)
        if self._unpacker.eof:
            self._unpacker = None
        return True

    def _step(self) -> bytes:
        """Unpacks some more of what was read."""
        one = self._unpacker
        if self._kind == "zst":
            piece = one.decompress(self._raw[:_ZSTD_BYTES])
            self._raw = one.unused_data + self._raw[_ZSTD_BYTES:]
        elif self._kind == "gz":
            self._before = one.copy()
            piece = one.decompress(self._raw, _BLOCK)
            self._raw = one.unused_data if one.eof else one.unconsumed_tail
        else:
            piece = one.decompress(self._raw, _BLOCK)
            self._raw = one.unused_data if one.eof else b""
        return bytes(piece)

    def _last(self, error: Exception) -> bytes:
        """What was unpacked before the fault by the call that raised it."""
        self._error = OSError(str(error))
        if self._kind == "gz":
            return regained.of_gzip(self._before, self._raw)[0]
        n_last = min(len(self._raw), _ZSTD_BYTES) if self._kind == "zst" else len(self._raw)
        end = self._stream.tell() - len(self._raw) + n_last
        return regained.of_member(lambda: _unpacker(self._kind), self._stream, self._start, end, self._given, _BLOCK)[0]

    def _skip_zeros(self) -> bool:
        """Whether more than padding follows."""
        while chunk := self._stream.read(_BLOCK):
            self._raw = chunk.lstrip(b"\x00")
            if self._raw:
                return True
        return False


def _unpacker(kind: str) -> Any:
    if kind == "gz":
        return zlib.decompressobj(wbits=31)
    if kind == "zst":
        import zstandard

        return zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
    return bz2.BZ2Decompressor() if kind == "bz2" else lzma.LZMADecompressor()


def _index_path(file: File) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pomona" / "gzip"
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"{digest(file.key())}.gzidx"


def _gzip_size(file: File) -> int | None:
    """Bytes when unpacked; None for a broken file, which is read whole, so that what broke it is told."""
    import indexed_gzip

    try:
        with open_at(file, 0) as stream:
            size = sum(len(block) for block in iter(lambda: stream.read(_BLOCK), b""))
        with file.open() as raw:
            return size if int(_indexed(file, raw).seek(0, os.SEEK_END)) == size else None
    except (*ERRORS, indexed_gzip.ZranError, indexed_gzip.NotCoveredError):
        return None


def _indexed(file: File, stream: BinaryIO) -> Any:
    import indexed_gzip

    path = _index_path(file)
    if path.exists():
        opened = indexed_gzip.IndexedGzipFile(fileobj=stream, spacing=16 << 20, readbuf_size=_BLOCK)
        try:
            opened.import_index(filename=str(path))
            return opened
        except Exception:  # noqa: BLE001 - a broken index is made again
            path.unlink(missing_ok=True)
            stream.seek(0)

    opened = indexed_gzip.IndexedGzipFile(fileobj=stream, spacing=16 << 20, readbuf_size=_BLOCK)
    opened.build_full_index()
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    opened.export_index(filename=str(temporary))
    temporary.replace(path)
    return opened
