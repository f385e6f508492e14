"""Decompressed streams that can start in the middle.

gzip: an index of seek points, made in one pass and kept in the user's cache, lets a piece of a large file start
without unpacking what stands before it. zstd has no such index: a piece reads past its prefix, at about 1.5 GB/s,
so that a file is cut into at most `MAX_ZSTD_SPANS` pieces. bzip2 and xz are read whole, from the start.
"""

import bz2
import gzip
import io
import lzma
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

from corpus.execution import digest
from corpus.sources.files import File

MAX_ZSTD_SPANS = 32
_BLOCK = 1 << 20
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
        return opened
    if kind == "gz":
        opened = cast(BinaryIO, _Patient(gzip.GzipFile(fileobj=stream)))
    elif kind == "zst":
        opened = zstd_stream(stream)
    elif kind in WHOLE:
        openers: dict[str, Any] = {"bz2": bz2.BZ2File, "xz": lzma.LZMAFile}
        opened = cast(BinaryIO, openers[kind](stream))
    else:
        opened = stream
        opened.seek(offset)
        return opened
    while offset:
        skipped = len(opened.read(min(offset, _BLOCK)))
        if not skipped:
            break
        offset -= skipped
    return opened


def zstd_stream(stream: BinaryIO) -> BinaryIO:
    """All frames of a zstd stream, unpacked; what is broken raises OSError."""
    import zstandard

    reader = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).stream_reader(stream, read_across_frames=True)
    return cast(BinaryIO, _ZstdErrors(reader))


class _Patient(io.RawIOBase):
    """A gzip stream that hands out all it has unpacked before it raises what broke it."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._error: Exception | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, n_bytes: int = -1) -> bytes:
        """Up to `n_bytes`; raises what broke the stream once all before it was read."""
        pieces: list[bytes] = []
        left = n_bytes
        while self._error is None and left > 0:
            try:
                piece = self._stream.read1(left)
            except ERRORS as error:
                self._error = error
                break
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        if not pieces and self._error is not None:
            raise self._error
        return b"".join(pieces)


class _ZstdErrors(io.RawIOBase):
    """zstandard's own error as an OSError, which is what readers of streams expect."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, n_bytes: int = -1) -> bytes:
        """Up to `n_bytes`."""
        import zstandard

        try:
            return cast(bytes, self._reader.read(n_bytes))
        except zstandard.ZstdError as error:
            raise OSError(str(error)) from error


def _index_path(file: File) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pomona" / "gzip"
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"{digest(file.key())}.gzidx"


def _gzip_size(file: File) -> int | None:
    import indexed_gzip

    try:
        with file.open() as stream:
            opened = _indexed(file, stream)
            return int(opened.seek(0, os.SEEK_END))
    except (*ERRORS, indexed_gzip.ZranError, indexed_gzip.NotCoveredError):
        return None


def _indexed(file: File, stream: BinaryIO) -> Any:
    import indexed_gzip

    path = _index_path(file)
    opened = indexed_gzip.IndexedGzipFile(fileobj=stream, spacing=16 << 20, readbuf_size=_BLOCK)
    if path.exists():
        opened.import_index(filename=str(path))
        return opened
    opened.build_full_index()
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    opened.export_index(filename=str(temporary))
    temporary.replace(path)
    return opened
