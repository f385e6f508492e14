"""Writes files and folders outside the lake, on disk or in a bucket. They appear only when they are complete.

On disk, a command writes next to the target under a temporary name, syncs and renames. A bucket has no rename: a folder
is written below its own hidden name inside the target, and moved when it is complete. The command that moves files
holds a claim. The next command deletes the leftovers of killed runs.
"""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import durable, owner, temporaries
from corpus.errors import UserError
from corpus.sources.files import without_scheme
from corpus.storage import BUCKETS, filesystem, is_remote, public, require_bucket

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_OLD = ".pomona-old"  # in the temporary name of a folder that is being replaced
_CLAIM = ".pomona-export.json"  # in a bucket: names the run that moves files to their target


@dataclass(frozen=True, slots=True)
class Layout:
    """The contents by which Pomona knows its own folders, so that it never replaces another one."""

    last: str  # the file that is written after all others
    mark: str  # text that this file contains
    is_ours: Callable[[str], bool]  # whether Pomona writes a file at this path below the folder

    def refuse_others(self, out: str, files: Iterable[str], read_last: Callable[[], str], *, replace: bool) -> None:
        """Raises `UserError` if a folder with these files must not be replaced."""
        files = list(files)
        if not files:
            return
        if not replace:
            raise UserError(f"the folder {out} is not empty; name a new one, or use --replace for an earlier export")
        foreign = sorted(path for path in files if not self.is_ours(path))
        if foreign or self.last not in files or self.mark not in read_last():
            reason = f"holds {', '.join(foreign[:3])}" if foreign else f"does not have Pomona's {self.last}"
            raise UserError(f"the folder {out} {reason}, so it is not an export; name a new one")


@contextmanager
def new_file(out: str) -> Iterator[Path]:
    """Yields a path to write to; when the block ends, its file appears at `out` and replaces a file with that name."""
    check_file(out)
    if is_remote(out):
        fs, target = _remote(out)
        with _staging() as staging:
            path = staging / "file"
            yield path
            fs.put_file(str(path), target)
        return

    place = _place(out)
    _sweep(place)
    temporary = _temporary(place)
    try:
        yield temporary
        durable.publish(str(temporary), str(place))
    finally:
        temporary.unlink(missing_ok=True)


def check_file(out: str) -> None:
    """Raises `UserError` if no file can be written there, before a command works for hours on its contents."""
    if is_remote(out):
        _remote(out)
        return
    place = _place(out)
    _require_folder(place.parent, out)
    if place.is_dir():
        raise UserError(f"{out} is a folder; name a file")


class NewFolder:
    """A folder that is being written: files are below `root`, and `done` is called for each complete file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def done(self, path: Path) -> None:
        """Records that the file at `path`, which is below `root`, is complete."""
        durable.sync_file(str(path))


@contextmanager
def new_folder(out: str, layout: Layout, *, replace: bool) -> Iterator[NewFolder]:
    """Yields a folder to write to; it appears at `out` when the block ends. With `replace`, it replaces an earlier one.

    Raises `UserError` if `out` holds anything else, even if that appears while the block runs.
    """
    with (_in_bucket if is_remote(out) else _on_disk)(out, layout, replace) as folder:
        yield folder


@contextmanager
def _on_disk(out: str, layout: Layout, replace: bool) -> Iterator[NewFolder]:
    place = _place(out)
    _require_folder(place.parent, out)
    if place.exists() and not place.is_dir():
        raise UserError(f"{out} is a file; name a folder")
    if os.path.ismount(place) or place == Path.cwd():
        kind = "the folder that you are in" if place == Path.cwd() else "where a disk is mounted"
        raise UserError(f"{out} is {kind}, which cannot be replaced as a whole; name a folder inside it")
    _put_back(place, layout.last)
    _check_on_disk(out, place, layout, replace)
    _sweep(place)

    temporary, old = _temporary(place), _temporary(place, _OLD)
    temporary.mkdir()
    try:
        yield NewFolder(temporary)
        durable.sync_below(str(temporary))

        if replace and place.is_dir():
            _check_on_disk(out, place, layout, replace)  # hours may have passed
            os.rename(place, old)
        try:
            os.rename(temporary, place)
        except OSError as error:
            with suppress(OSError):
                os.rename(old, place)
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise _came_meanwhile(out) from error
            raise
        durable.sync_folder(str(place.parent))
    finally:
        for path in (temporary, old) if place.exists() else (temporary,):
            shutil.rmtree(path, ignore_errors=True)


def _check_on_disk(out: str, place: Path, layout: Layout, replace: bool) -> None:
    ends = [path for path in place.rglob("*") if not path.is_dir() or path.is_symlink() or not any(path.iterdir())]
    files = [path.relative_to(place).as_posix() for path in ends]  # with empty folders
    layout.refuse_others(out, files, lambda: (place / layout.last).read_text("utf-8", "replace"), replace=replace)


@contextmanager
def _in_bucket(out: str, layout: Layout, replace: bool) -> Iterator[NewFolder]:
    fs, target = _remote(out)
    place = _Place(fs, target.rstrip("/"), public(out), layout)
    place.clear_after_the_dead()
    place.check(replace)
    hidden = f"{place.target}/.export-{owner.new_token()}"
    try:
        with _staging() as staging:
            folder = _Put(staging, fs, hidden)
            yield folder
            for path in sorted(folder.left()):
                folder.done(path)
        place.move_in(hidden, folder.put, replace)
    finally:
        _remove(fs, [f"{hidden}/{path}" for path in _below(fs, hidden)])


class _Put(NewFolder):
    """Puts each file into the bucket when it is done, so that this machine holds one file at a time."""

    def __init__(self, root: Path, fs: "AbstractFileSystem", target: str) -> None:
        super().__init__(root)
        self.put: list[str] = []
        self._fs, self._target = fs, target

    def left(self) -> list[Path]:
        """Returns the files that are not in the bucket yet."""
        return [path for path in self.root.rglob("*") if path.is_file()]

    def done(self, path: Path) -> None:
        name = path.relative_to(self.root).as_posix()
        self._fs.put_file(str(path), f"{self._target}/{name}")
        self.put.append(name)
        path.unlink()


@dataclass(frozen=True, slots=True)
class _Place:
    """The target folder in a bucket."""

    fs: "AbstractFileSystem"
    target: str  # path in `fs`
    out: str  # URL for messages, without secrets
    layout: Layout

    def files(self) -> list[str]:
        """Returns the paths below the folder, without hidden ones."""
        return [path for path in _below(self.fs, self.target) if not path.startswith(".")]

    def check(self, replace: bool) -> None:
        """Raises `UserError` if the folder holds files that must not be replaced."""
        last = f"{self.target}/{self.layout.last}"
        self.layout.refuse_others(
            self.out, self.files(), lambda: self.fs.cat_file(last).decode("utf-8", "replace"), replace=replace
        )

    def move_in(self, hidden: str, names: list[str], replace: bool) -> None:
        """Moves files to their targets, `layout.last` at the end; only the run that creates the claim may do so."""
        claim = f"{self.target}/{_CLAIM}"
        try:
            self.fs.pipe_file(claim, owner.new_token().encode(), mode="create")
        except FileExistsError as error:
            raise _came_meanwhile(self.out) from error
        try:
            try:
                self.check(replace)
            except UserError as error:
                raise _came_meanwhile(self.out) from error
            _remove(self.fs, sorted((f"{self.target}/{p}" for p in self.files()), key=self._first))
            for name in sorted(names, key=lambda name: (name == self.layout.last, name)):
                self.fs.copy(f"{hidden}/{name}", f"{self.target}/{name}")
        finally:
            _remove(self.fs, [claim])

    def _first(self, path: str) -> tuple[bool, str]:
        """Sorts `layout.last` first: once it is deleted, the folder counts as incomplete."""
        return not path.endswith(f"/{self.layout.last}"), path

    def clear_after_the_dead(self) -> None:
        """Deletes the leftovers of killed runs: their hidden files, and the files that one was moving."""
        claim = f"{self.target}/{_CLAIM}"
        paths = _below(self.fs, self.target)
        hidden = {path.split("/")[0] for path in paths if path.startswith(".export-")}
        dead = {name for name in hidden if owner.is_gone(name.removeprefix(".export-"))}
        _remove(self.fs, [f"{self.target}/{path}" for path in paths if path.split("/")[0] in dead])
        with suppress(FileNotFoundError):
            if owner.is_gone(self.fs.cat_file(claim).decode("ascii", "replace")):
                moved = [] if self.layout.last in paths else [path for path in paths if self.layout.is_ours(path)]
                _remove(self.fs, [*(f"{self.target}/{path}" for path in moved), claim])


def _below(fs: "AbstractFileSystem", folder: str) -> list[str]:
    fs.invalidate_cache()
    return [str(path).removeprefix(f"{folder}/") for path in fs.find(folder)]


def _remove(fs: "AbstractFileSystem", paths: Iterable[str]) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            fs.rm_file(path)


@contextmanager
def _staging() -> Iterator[Path]:
    """Yields a local folder for files on their way into a bucket; deletes those of dead runs."""
    root = tempfile.gettempdir()
    for name in os.listdir(root):
        match = re.fullmatch(r"pomona-export-(.+)", name)
        if match and owner.is_gone(match[1]):
            shutil.rmtree(os.path.join(root, name), ignore_errors=True)
    path = Path(root, f"pomona-export-{owner.new_token()}")
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _came_meanwhile(out: str) -> UserError:
    return UserError(f"another command wrote the folder {out} meanwhile; nothing was replaced; name another folder")


def _remote(out: str) -> tuple["AbstractFileSystem", str]:
    if out.partition("://")[0] not in BUCKETS:
        raise UserError(f"{public(out)} is not a place to write to; name a path, or a bucket as s3://bucket/folder")
    require_bucket(out)
    return filesystem(out)


def _place(out: str) -> Path:
    """Returns the path of the target; a link is followed, and stays."""
    if not out.strip():
        raise UserError("the name is empty; name a file or a folder")
    return Path(os.path.realpath(without_scheme(out)))


def _require_folder(parent: Path, out: str) -> None:
    if not parent.is_dir():
        raise UserError(f"{out}: the folder {parent} does not exist; make it first")


def _temporary(place: Path, mark: str = "") -> Path:
    return place.with_name(temporaries.name(f"{place.name}{mark}", owner.new_token()))


def _left_by_the_dead(place: Path, mark: str = "") -> list[Path]:
    """Returns what killed runs left next to this file or folder."""
    names = [name for name in os.listdir(place.parent) if name.startswith(f".{place.name}{mark}-")]
    return [place.with_name(name) for name in names if owner.is_gone(temporaries.token_of(name))]


def _put_back(place: Path, last: str) -> None:
    """Gives an earlier folder its name back if a run was killed after it had renamed that folder."""
    for path in _left_by_the_dead(place, _OLD):
        if not place.exists() and (path / last).is_file():
            os.rename(path, place)


def _sweep(place: Path) -> None:
    for path in [*_left_by_the_dead(place), *_left_by_the_dead(place, _OLD)]:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
