"""Where a command writes what leaves the lake: a file or a folder, on disk or in a bucket, there once it is whole.

On disk: written beside its place under a temporary name, synced, renamed. A bucket has no rename: each file is written
on this machine and put there whole, and a folder's last file says that the others are there.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import durable, owner, temporaries
from corpus.errors import UserError
from corpus.storage import filesystem, is_remote, require_bucket

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_OLD = ".old"  # in the temporary name of a folder that is being replaced


def check_file(out: str) -> None:
    """Raises `UserError` where no file can be made: before a command works for hours to have something to write."""
    if is_remote(out):
        _remote(out)
        return
    place = _place(out)
    _require_folder(place.parent, out)
    if place.is_dir():
        raise UserError(f"{out} is a folder; name a file")


@contextmanager
def new_file(out: str) -> Iterator[Path]:
    """A path to write to; what is there when the block ends appears at `out`, in place of a file that has the name."""
    if is_remote(out):
        fs, target = _remote(out)
        with tempfile.TemporaryDirectory(prefix="pomona-") as staging:
            path = Path(staging, "file")
            yield path
            fs.put_file(str(path), target)
        return

    check_file(out)
    place = _place(out)
    _sweep(place)
    temporary = _temporary(place)
    try:
        yield temporary
        durable.publish(str(temporary), str(place))
    finally:
        temporary.unlink(missing_ok=True)


class NewFolder:
    """A folder that is being written: files go below `root`, and each is `done` when its bytes are all there."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def done(self, path: Path) -> None:
        """The file at `path`, which is below `root`, is whole."""
        durable.sync_file(str(path))


@contextmanager
def new_folder(out: str, *, replace: bool, last: str, ours: Collection[str]) -> Iterator[NewFolder]:
    """A folder to write to; it appears at `out` when the block ends, in place of an earlier one with `replace`.

    `last` names the file that is put after all others: a folder in a bucket without it is not whole. Replaced is only
    a folder that has such a file and holds nothing but `ours`, so that no other files are ever deleted.
    """
    writing = _in_bucket(out, replace, last, ours) if is_remote(out) else _on_disk(out, replace, last, ours)
    with writing as folder:
        yield folder


@contextmanager
def _on_disk(out: str, replace: bool, last: str, ours: Collection[str]) -> Iterator[NewFolder]:
    place = _place(out)
    _require_folder(place.parent, out)
    if place.exists() and not place.is_dir():
        raise UserError(f"{out} is a file; name a folder")
    _put_back(place)
    _check_replaceable(out, os.listdir(place) if place.is_dir() else [], replace, last, ours)
    _sweep(place)

    temporary, old = _temporary(place), _temporary(place, _OLD)
    temporary.mkdir()
    try:
        yield NewFolder(temporary)
        for folder, _, names in os.walk(temporary, topdown=False):
            for name in names:
                durable.sync_file(os.path.join(folder, name))
            durable.sync_folder(folder)

        if replace and place.is_dir():
            os.rename(place, old)
        try:
            os.rename(temporary, place)
        except OSError as error:
            with suppress(OSError):
                os.rename(old, place)
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise UserError(f"another command wrote the folder {out} meanwhile; name another one") from error
            raise
        durable.sync_folder(str(place.parent))
    finally:
        for path in (temporary, old) if place.exists() else (temporary,):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _in_bucket(out: str, replace: bool, last: str, ours: Collection[str]) -> Iterator[NewFolder]:
    fs, target = _remote(out)
    target = target.rstrip("/")
    before = [str(path) for path in fs.find(target)]
    names = {path.removeprefix(f"{target}/").split("/")[0] for path in before}
    _check_replaceable(out, names, replace, last, ours)

    with tempfile.TemporaryDirectory(prefix="pomona-") as staging:
        folder = _Put(Path(staging), fs, target)
        try:
            if before:
                fs.rm_file(f"{target}/{last}")  # from here on the folder is not whole
                for earlier in before:
                    with suppress(FileNotFoundError):
                        fs.rm_file(earlier)
            yield folder
            for path in sorted(folder.left(), key=lambda path: (path.name == last, path)):
                folder.done(path)
        except BaseException:
            folder.take_back()
            raise


class _Put(NewFolder):
    """Files are put into the bucket as they are done, so that this machine holds one at a time."""

    def __init__(self, root: Path, fs: "AbstractFileSystem", target: str) -> None:
        super().__init__(root)
        self._fs, self._target = fs, target
        self._put: list[str] = []

    def left(self) -> list[Path]:
        """The files that are not in the bucket yet."""
        return [path for path in self.root.rglob("*") if path.is_file()]

    def done(self, path: Path) -> None:
        remote = f"{self._target}/{path.relative_to(self.root).as_posix()}"
        self._fs.put_file(str(path), remote)
        self._put.append(remote)
        path.unlink()

    def take_back(self) -> None:
        """Deletes what was put."""
        for remote in self._put:
            with suppress(Exception):  # each file system has errors of its own, and there is one on its way already
                self._fs.rm_file(remote)


def _remote(out: str) -> tuple["AbstractFileSystem", str]:
    require_bucket(out)
    return filesystem(out)


def _check_replaceable(out: str, names: Collection[str], replace: bool, last: str, ours: Collection[str]) -> None:
    foreign = sorted(set(names) - set(ours))
    if names and not replace:
        raise UserError(f"the folder {out} is not empty; name a new one, or --replace an earlier export")
    if foreign or (names and last not in names):
        found = f"holds {', '.join(foreign[:3])}" if foreign else f"has no {last}"
        raise UserError(f"the folder {out} {found}, so it is no export; name a new one")


def _require_folder(parent: Path, out: str) -> None:
    if not parent.is_dir():
        raise UserError(f"{out}: the folder {parent} does not exist; make it first")


def _place(out: str) -> Path:
    """Where it is in the end: what a link names is written, and the link stays."""
    return Path(os.path.realpath(out))


def _temporary(place: Path, mark: str = "") -> Path:
    return place.with_name(temporaries.name(f"{place.name}{mark}", owner.new_token()))


def _left_by_the_dead(place: Path, mark: str = "") -> list[Path]:
    """What runs that were killed left beside this file or folder."""
    names = [name for name in os.listdir(place.parent) if name.startswith(f".{place.name}{mark}-")]
    return [place.with_name(name) for name in names if owner.is_gone(temporaries.token_of(name))]


def _put_back(place: Path) -> None:
    """An earlier folder gets its name again where a run was killed after it had taken it away."""
    for path in _left_by_the_dead(place, _OLD):
        if not place.exists():
            os.rename(path, place)


def _sweep(place: Path) -> None:
    for path in [*_left_by_the_dead(place), *_left_by_the_dead(place, _OLD)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
