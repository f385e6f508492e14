"""Finds the files of a source in a folder, by a pattern or by a path, always in the same order.

A file's `name` is its path within its source: below the given folder, or below the fixed part of a pattern. It is the
same on every machine and is a part of the documents' ids. `named` makes the names of a source unique.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast
from urllib.parse import unquote

from corpus.errors import UserError
from corpus.records import Reject
from corpus.storage import BUCKETS, filesystem, public, require_bucket, told
from corpus.text.strings import address

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", "node_modules"})
_WILDCARDS = "*?["


@dataclass(frozen=True, slots=True)
class File:
    """One raw file.

    Path and name may have bytes that are not UTF-8, as Python's file functions give and take them (surrogateescape).
    """

    path: str  # or URL
    n_bytes: int
    stamp: str = ""  # changes when the content may have changed
    name: str = ""  # path within the source

    @property
    def uri(self) -> str:
        """The path as a valid string: bytes that are not UTF-8 are percent-encoded."""
        return address(self.path)

    @property
    def id_key(self) -> bytes:
        """The file's part of its documents' ids."""
        return os.fsencode(self.name or self.path.rpartition("/")[2])

    def matches(self, suffixes: tuple[str, ...]) -> bool:
        """Whether the name ends in one of the suffixes. Case makes no difference."""
        return self.path.lower().endswith(suffixes)

    def open(self) -> BinaryIO:
        """Opens the local or remote file as a seekable stream of bytes."""
        if "://" not in self.path:
            return open(self.path, "rb")
        return cast(BinaryIO, filesystem(self.path)[0].open(self.path, "rb"))

    def read(self, max_bytes: int) -> bytes | Reject:
        """Returns all bytes, or a reject with the reason why they cannot be read: the whole file is one record."""
        if self.n_bytes > max_bytes:
            return Reject(self.uri, "", "too_large", f"{self.n_bytes} bytes; at most {max_bytes}")
        try:
            with self.open() as stream:
                raw = stream.read(max_bytes + 1)
        except OSError as error:
            return Reject(self.uri, "", "unreadable", str(error))
        if len(raw) > max_bytes:
            return Reject(self.uri, "", "too_large", f"grew to over {max_bytes} bytes")
        return raw

    def head(self, n_bytes: int) -> bytes:
        """Returns the first `n_bytes`, or fewer if the file is shorter."""
        with self.open() as stream:
            return stream.read(n_bytes)

    def key(self) -> list[Any]:
        """Returns the file's part of a work item's key: it changes when the file's content may have changed."""
        return [self.path, self.n_bytes, self.stamp, self.name]


class Found(NamedTuple):
    """The files at a path."""

    files: list[File]  # sorted
    rejects: list[Reject]  # links that leave the folder, pipes, links to nothing, folders that cannot be listed
    passed: dict[str, str]  # folders that are not entered, by path, with their kinds: `folder:.git`


@dataclass(frozen=True, slots=True)
class _Skipped:
    """A folder that is not entered."""

    path: str

    @property
    def kind(self) -> str:
        return f"folder:{os.path.basename(self.path)}"


_Entry = File | Reject | _Skipped


def find(path: str) -> Found:
    """Returns the files at a path, below a folder or matching a pattern, sorted.

    Links that leave the folder are refused. Folders of version control, caches and vendored packages are skipped.
    Raises `UserError` if the path does not exist or the pattern matches nothing.
    """
    if not path.strip():
        raise UserError("an empty path; give a file, a folder, a pattern or a URL")
    path = without_scheme(path)
    if "://" in path:
        return Found(_find_remote(path), [], {})

    path = os.path.abspath(os.path.expanduser(path))
    if any(char in path for char in _WILDCARDS) and not os.path.lexists(path):
        return _find_pattern(path)
    if os.path.isfile(path):
        return Found([_local(path, os.path.dirname(path))], [], {})
    if not os.path.isdir(path):
        what = "is a pipe, a device or a link to nothing" if os.path.lexists(path) else "does not exist"
        raise UserError(f"{address(path)} {what}; give a file, a folder, a pattern or a URL")

    found = _sorted_out(_walk(path))
    if not found.files and not found.rejects:
        raise UserError(f"{address(path)} is a folder without files")
    return found


def without_scheme(path: str) -> str:
    """Returns the path of a `file://` URL, and any other path unchanged."""
    return unquote(path.removeprefix("file://")) if path.startswith("file://") else path


def _sorted_out(entries: Iterable[_Entry]) -> Found:
    found = Found([], [], {})
    for entry in entries:
        if isinstance(entry, File):
            found.files.append(entry)
        elif isinstance(entry, Reject):
            found.rejects.append(entry)
        else:
            found.passed[entry.path] = entry.kind
    return found


def named(files: Iterable[File]) -> list[File]:
    """Returns the files, each path once, sorted by name, with unique names.

    Equal names are extended by the folders that distinguish the files. A name depends on the set of files alone, not on
    their order. A file below two roots gets the longer name.
    """
    by_path: dict[str, File] = {}
    for file in files:
        other = by_path.get(file.path)
        if other is None or len(file.name) > len(other.name):
            by_path[file.path] = file

    groups = defaultdict(list)
    for file in by_path.values():
        groups[file.name].append(file)
    unique = [file for group in groups.values() for file in (_extended(group) if len(group) > 1 else group)]
    return sorted(unique, key=lambda file: (file.name, file.path))


def _extended(group: list[File]) -> list[File]:
    """Returns files of one name with as many folders in the name as needed to be unique: `a//00.gz` and `b//00.gz`."""
    above = [file.path.removesuffix(file.name).rstrip("/").split("/") for file in group]
    depth = next(d for d in range(1, max(map(len, above)) + 1) if len({tuple(p[-d:]) for p in above}) == len(group))
    return [
        replace(file, name=f"{'/'.join(folders[-depth:])}//{file.name}")
        for file, folders in zip(group, above, strict=True)
    ]


def _walk(root: str, name_root: str | None = None) -> Iterator[_Entry]:
    """Yields the entries below a folder. Links that leave it are refused.

    Names are paths below `name_root`, by default the folder itself.
    """
    real_root = os.path.realpath(name_root or root)
    unreadable: list[Reject] = []

    def refuse(error: OSError) -> None:
        unreadable.append(Reject(address(str(error.filename)), "", "unreadable", error.strerror or str(error)))

    for folder, folders, names in os.walk(root, onerror=refuse):
        skipped = sorted(name for name in folders if name in _SKIPPED_FOLDERS)
        yield from (_Skipped(os.path.join(folder, name)) for name in skipped)

        # os.walk enters the folders that are left in this list. It does not enter links.
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in list(folders):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                folders.remove(name)
                if not _inside(path, real_root):
                    yield _folder_link(path)

        for name in sorted(names):
            yield _entry(os.path.join(folder, name), name_root or root, real_root)
    yield from unreadable


def _entry(path: str, root: str, real_root: str) -> File | Reject:
    if os.path.islink(path) and not _inside(path, real_root):
        return Reject(address(path), "", "link_outside", address(os.path.realpath(path)))
    if not os.path.isfile(path):
        return Reject(address(path), "", "not_a_file", "a link to nothing" if os.path.islink(path) else "")
    return _local(path, root)


def _inside(path: str, real_root: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), real_root]) == real_root


def _local(path: str, root: str) -> File:
    stat = os.stat(path)
    readable = "" if os.access(path, os.R_OK) else " unreadable"  # the stamp changes once the file is readable
    return File(path, stat.st_size, f"{stat.st_mtime_ns}{readable}", os.path.relpath(path, root))


def _fixed(pattern: str) -> str:
    """Returns the folders of a pattern before its first wildcard."""
    first = min(pattern.find(char) for char in _WILDCARDS if char in pattern)
    return pattern[:first].rpartition("/")[0] or "/"


def _find_pattern(pattern: str) -> Found:
    """Returns the files that a pattern matches, and those below folders that it matches.

    The same folders are skipped as inside a folder, unless the pattern itself names them.
    """
    from glob import glob

    root = _fixed(pattern)
    real_root = os.path.realpath(root)
    skipped = _SKIPPED_FOLDERS.difference(pattern.split("/"))
    entries: dict[str, _Entry] = {}
    for path in sorted(glob(pattern, recursive=True)):
        for entry in _matched(path, root, real_root, skipped):
            entries[entry.uri if isinstance(entry, Reject) else entry.path] = entry

    found = _sorted_out(entries.values())
    if not found.files:
        raise UserError(
            f"the pattern {address(pattern)} matches no file; *, ? and [...] are wildcards in it: "
            "write [[], [*] or [?] if a name has that character itself"
        )
    return found


def _matched(path: str, root: str, real_root: str, skipped: frozenset[str]) -> Iterator[_Entry]:
    """Yields the entries of one match of a pattern: a file, or all entries below a folder.

    A folder on the way to the match can be one that is not entered. As in a folder, links to folders are not followed:
    files behind a link that stays inside are found without it.
    """
    at = root
    for name in os.path.relpath(path, root).split("/"):
        at = os.path.join(at, name)
        if not os.path.isdir(at):
            break
        if name in skipped:
            yield _Skipped(at)
            return
        if os.path.islink(at):
            if not _inside(at, real_root):
                yield _folder_link(at)
            return

    if os.path.isdir(path):
        yield from _walk(path, root)
    else:
        yield _entry(path, root, real_root)


def _folder_link(path: str) -> Reject:
    return Reject(address(path), "", "link_outside", "a folder link is not followed")


def _find_remote(url: str) -> list[File]:
    """Returns the files at a URL, below it, or matching it as a pattern. Raises `UserError` if there are none."""
    protocol = url.partition("://")[0]
    try:
        require_bucket(url)
        root, matches = _listed(filesystem(url)[0], url)
    except UserError:
        raise
    except Exception as error:  # each file system has its own errors: no such protocol, no credentials
        first = next(iter(str(error).splitlines()), "")
        of_bucket = told(error) if protocol in BUCKETS else None
        raise UserError(of_bucket or f"{public(url)} cannot be listed: {type(error).__name__}: {first}") from error

    below = root.rstrip("/") + "/"
    files = []
    for path, info in sorted(matches.items()):
        if info.get("type") == "directory":
            continue
        full = path if "://" in path else f"{protocol}://{path.lstrip('/')}"
        stamp = str(info.get("ETag") or info.get("LastModified") or info.get("mtime") or "")
        files.append(File(full, int(info.get("size") or 0), stamp, full.removeprefix(below)))
    if not files:
        raise UserError(f"{url} holds no file")
    return files


def _listed(fs: "AbstractFileSystem", url: str) -> tuple[str, dict[str, Any]]:
    """Returns (the folder that the files' names begin below, each file's path with its facts)."""
    if any(char in url for char in _WILDCARDS):
        return _fixed(url), fs.glob(url, detail=True)
    if fs.isfile(url):
        return url.rpartition("/")[0], {url: fs.info(url)}
    return url, fs.find(url, detail=True)
