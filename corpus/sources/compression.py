"""Opens decompressed streams, also from the middle.

- gzip: an index of seek points is made in one pass and kept in the user's cache. With it, a piece of a large file can
  be read without unpacking the bytes before it.
- zstd has no such index. A piece is reached by unpacking all bytes before it, at about 1.5 GB/s, so a file is cut into
  at most `MAX_ZSTD_SPANS` pieces.
- bzip2 and xz are read whole, from the start.
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
_ZSTD_BYTES = 1 << 12  # packed bytes given to zstd at once: they unpack to at most 128 MiB
_MAX_WINDOW = 1 << 30  # bytes of memory that a zstd frame may request
ERRORS: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error, lzma.LZMAError)  # errors of a broken stream
_NAMES = {".gz": "gz", ".zst": "zst", ".zstd": "zst", ".bz2": "bz2", ".xz": "xz"}
SUFFIXES = tuple(_NAMES)
WHOLE = ("bz2", "xz")  # kinds that cannot be entered in the middle


def suffix(file: File) -> str:
    """Returns 'gz', 'zst', 'bz2', 'xz', or '' for a file that is not compressed, by the file's name."""
    name = file.path.lower()
    return next((kind for end, kind in _NAMES.items() if name.endswith(end)), "")


def size(file: File) -> int | None:
    """Returns the number of decompressed bytes, or None if the stream is broken. Reads a compressed file whole."""
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
    """Returns the decompressed stream from `offset` on. `indexed` uses the index of a gzip file that was cut."""
    kind = suffix(file)
    stream = file.open()
    if kind == "gz" and indexed:
        opened = _indexed(file, stream)
        opened.seek(offset)
        return cast(BinaryIO, opened)
    if not kind:
        stream.seek(offset)
        return stream

    # Without an index, unpack and drop the bytes before the offset.
    opened = unpacked(stream, kind)
    while offset:
        skipped = len(opened.read(min(offset, _BLOCK)))
        if not skipped:
            break
        offset -= skipped
    return opened


def unpacked(stream: BinaryIO, kind: str) -> BinaryIO:
    """Returns a gz, bz2, xz or zst stream, unpacked. A broken stream gives all bytes before the fault, then raises."""
    return cast(BinaryIO, _Members(stream, kind))


class _Members(io.RawIOBase):
    """Unpacks all gzip members, bz2 or xz streams, or zstd frames of a file, with zero bytes allowed between them.

    Python's own readers end without an error at padding or garbage between streams, and at the end of a cut zstd frame.
    """

    def __init__(self, stream: BinaryIO, kind: str) -> None:
        self._stream, self._kind = stream, kind
        self._raw, self._held = b"", bytearray()  # packed bytes that are not unpacked yet; unpacked ones not read yet
        self._unpacker: Any = None  # of the current member; None between members
        self._start = self._given = 0  # the current member's offset in the file, and the bytes unpacked from it
        self._before: Any = None  # a copy of the gzip unpacker from before the last call
        self._error: Exception | None = None  # the fault that is raised once all bytes before it were read

    def readable(self) -> bool:
        """Returns True."""
        return True

    def read(self, n_bytes: int = -1) -> bytes:
        """Returns up to `n_bytes`. Raises the stream's error once all bytes before the fault were read."""
        while len(self._held) < n_bytes and self._error is None and self._more():
            pass
        if not self._held and self._error is not None:
            raise self._error
        piece = bytes(self._held[:n_bytes])
        del self._held[: len(piece)]
        return piece

    def _more(self) -> bool:
        """Unpacks some more bytes. Returns False at the end of the file or at a fault."""
        if not self._raw:
            self._raw = self._stream.read(_BLOCK)

        # Begin the next member, behind zero bytes.
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
        """Unpacks a part of the packed bytes that were read."""
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
        """Returns the bytes that the call that raised the error had unpacked before the fault."""
        self._error = OSError(str(error))
        if self._kind == "gz":
            return regained.of_gzip(self._before, self._raw)[0]
        n_last = min(len(self._raw), _ZSTD_BYTES) if self._kind == "zst" else len(self._raw)
        end = self._stream.tell() - len(self._raw) + n_last
        return regained.of_member(lambda: _unpacker(self._kind), self._stream, self._start, end, self._given, _BLOCK)[0]

    def _skip_zeros(self) -> bool:
        """Skips zero bytes, and returns whether other bytes follow."""
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
    """Returns the number of unpacked bytes, or None for a broken file: it is read whole, so its fault is reported."""
    import indexed_gzip

    try:
        with open_at(file, 0) as stream:
            size = sum(len(block) for block in iter(lambda: stream.read(_BLOCK), b""))
        with file.open() as raw:
            return size if int(_indexed(file, raw).seek(0, os.SEEK_END)) == size else None
    except (*ERRORS, indexed_gzip.ZranError, indexed_gzip.NotCoveredError):
        return None


def _indexed(file: File, stream: BinaryIO) -> Any:
    """Returns a gzip reader with an index of seek points, which is read from the cache or made in one pass."""
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
