"""Finding a source's files, below a folder, by a pattern or one by one, in the same order every time."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from corpus.errors import UserError
from corpus.records import Reject

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", "node_modules"})


@dataclass(frozen=True, slots=True)
class File:
    """One raw file: its path or URL, its size, and a stamp that changes when its content may have."""

    path: str
    n_bytes: int
    stamp: str = ""

    def matches(self, suffixes: tuple[str, ...]) -> bool:
        """Whether the name ends in one of the suffixes, case aside."""
        return self.path.lower().endswith(suffixes)

    def open(self) -> BinaryIO:
        """The file's bytes, seekable, local or remote."""
        if "://" not in self.path:
            return open(self.path, "rb")
        return cast(BinaryIO, _filesystem(self.path.partition("://")[0]).open(self.path, "rb"))

    def read(self, max_bytes: int) -> bytes | Reject:
        """All bytes, or the reason why a file that is one record cannot be read."""
        if self.n_bytes > max_bytes:
            return Reject(self.path, "", "too_large", f"{self.n_bytes} bytes; at most {max_bytes}")
        try:
            with self.open() as stream:
                return stream.read()
        except OSError as error:
            return Reject(self.path, "", "corrupt", str(error))

    def head(self, n_bytes: int) -> bytes:
        """The first bytes."""
        with self.open() as stream:
            return stream.read(n_bytes)

    def key(self) -> list[Any]:
        """What stands for the file's content in a work item's key."""
        return [self.path, self.n_bytes, self.stamp]


@lru_cache(maxsize=8)
def _filesystem(protocol: str) -> "AbstractFileSystem":
    import fsspec

    return fsspec.filesystem(protocol)


def find(path: str) -> tuple[list[File], list[Reject]]:
    """The files at a path, below a folder or matching a pattern, sorted; links that leave the folder are refused.

    Version control, caches and vendored packages inside a folder are passed over. Raises `UserError` where the
    path does not exist or the pattern matches nothing.
    """
    if "://" in path:
        return _find_remote(path), []
    path = os.path.abspath(os.path.expanduser(path))
    if any(char in path for char in "*?[") and not os.path.exists(path):
        return _find_pattern(path), []
    if os.path.isfile(path):
        return [_local(path)], []
    if not os.path.isdir(path):
        raise UserError(f"{path} does not exist; give a file, a folder, a pattern or a URL")
    files, rejects = [], []
    for found in _walk(path):
        if isinstance(found, File):
            files.append(found)
        else:
            rejects.append(found)
    if not files and not rejects:
        raise UserError(f"{path} is a folder without files")
    return files, rejects


def _walk(root: str) -> Iterator[File | Reject]:
    real_root = os.path.realpath(root)
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in list(folders):
            if os.path.islink(os.path.join(folder, name)):
                folders.remove(name)
                if not _inside(os.path.join(folder, name), real_root):
                    yield Reject(os.path.join(folder, name), "", "link_outside", "a folder link is not followed")
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.islink(path) and not _inside(path, real_root):
                yield Reject(path, "", "link_outside", os.path.realpath(path))
            elif os.path.isfile(path):
                yield _local(path)


def _inside(path: str, real_root: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), real_root]) == real_root


def _local(path: str) -> File:
    stat = os.stat(path)
    return File(path, stat.st_size, str(stat.st_mtime_ns))


def _find_pattern(pattern: str) -> list[File]:
    from glob import glob

    files = [_local(path) for path in sorted(glob(pattern, recursive=True)) if os.path.isfile(path)]
    if not files:
        raise UserError(f"the pattern {pattern} matches no file")
    return files


def _find_remote(url: str) -> list[File]:
    protocol = url.partition("://")[0]
    fs = _filesystem(protocol)
    if any(char in url for char in "*?["):
        found = fs.glob(url, detail=True)
    elif fs.isfile(url):
        found = {url: fs.info(url)}
    else:
        found = fs.find(url, detail=True)
    files = [
        File(
            path if "://" in path else f"{protocol}://{path.lstrip('/')}",
            int(info.get("size") or 0),
            str(info.get("ETag") or info.get("LastModified") or info.get("mtime") or ""),
        )
        for path, info in sorted(found.items())
        if info.get("type") != "directory"
    ]
    if not files:
        raise UserError(f"{url} holds no file")
    return files
