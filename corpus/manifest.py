"""A folder of files with a list of them, which tells whether the folder is whole, on this machine or in a bucket.

The list is the file `artifact.json`, which is written last. It has the size and the hash of every other file.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

NAME = "artifact.json"
Files = dict[str, tuple[int, str]]  # bytes and blake2b hash of each file, by its path below the folder


def write(folder: Path, about: Mapping[str, Any]) -> Files:
    """Lists all files below a folder, in place of an earlier list, and returns them; `about` says what they are."""
    (folder / NAME).unlink(missing_ok=True)
    files = _hashed(folder)
    (folder / NAME).write_text(json.dumps({**about, "files": files}, indent=1, sort_keys=True, default=str) + "\n")
    return files


def is_whole(folder: Path) -> bool:
    """Whether a folder of this machine has a list, and every file of it with the right size."""
    try:
        files = _files((folder / NAME).read_text())
        return bool(files) and all((folder / path).stat().st_size == size for path, (size, _) in files.items())
    except (OSError, ValueError, RecursionError):
        return False


def is_intact(folder: Path) -> bool:
    """Returns whether the files of a folder are those that it lists, byte for byte. Reads all of them."""
    try:
        return is_whole(folder) and _hashed(folder) == _files((folder / NAME).read_text())
    except (OSError, ValueError, RecursionError):
        return False


def read(fs: "AbstractFileSystem", remote: str) -> str | None:
    """The list of a folder, also one in a bucket, as text, or None if the folder is not there or not whole."""
    try:
        return str(fs.cat_file(f"{remote}/{NAME}").decode("utf-8", "replace"))
    except FileNotFoundError:
        return None


def sizes(fs: "AbstractFileSystem", folder: str) -> dict[str, int]:
    """Bytes of each file that a folder lists, on disk or in a bucket."""
    return {path: size for path, (size, _) in _files(read(fs, folder) or "{}").items()}


def is_listed(fs: "AbstractFileSystem", remote: str) -> bool:
    """Returns whether a folder of a bucket has a list of files that can be read."""
    try:
        return bool(sizes(fs, remote))
    except (ValueError, RecursionError):
        return False


def put(fs: "AbstractFileSystem", folder: Path, remote: str) -> None:
    """Puts a folder that has a list into a bucket, the list last."""
    for path in _files((folder / NAME).read_text()):
        fs.put_file(str(folder / path), f"{remote}/{path}")
    fs.put_file(str(folder / NAME), f"{remote}/{NAME}")


def get(fs: "AbstractFileSystem", remote: str, folder: Path) -> None:
    """Fetches a folder that is whole in a bucket; raises `UserError` if its files are not those that it lists."""
    text = read(fs, remote) or "{}"
    try:
        files = _files(text)
    except ValueError as error:
        raise UserError(f"{remote}: {error}; delete that folder of the bucket") from error
    for path in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        fs.get_file(f"{remote}/{path}", str(folder / path))
    if _hashed(folder) != files:
        raise UserError(f"{remote}: its files are not those that its {NAME} lists; delete that folder of the bucket")
    (folder / NAME).write_text(text)


def remove(fs: "AbstractFileSystem", remote: str) -> None:
    """Deletes a folder of a bucket, its list first, so that at no moment a part of it looks whole."""
    fs.invalidate_cache()
    for path in sorted(fs.find(remote), key=lambda path: not path.endswith(f"/{NAME}")):
        with suppress(FileNotFoundError):
            fs.rm_file(path)


def _hashed(folder: Path) -> Files:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise RuntimeError(f"{path} is a link; an artifact has files and folders only")
        if path.is_file() and path != folder / NAME:
            with path.open("rb") as file:
                hashed = file_digest(file, "blake2b").hexdigest()
            found[path.relative_to(folder).as_posix()] = (path.stat().st_size, hashed)
    return found


def _files(text: str) -> Files:
    """The files of a list; raises ValueError for a text that is no list, or that names a path outside of its folder."""
    try:
        files = {str(path): (int(size), str(hashed)) for path, (size, hashed) in json.loads(text)["files"].items()}
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"its {NAME} lists no files") from error
    for path in files:
        if path.startswith("/") or "\\" in path or {"..", ""} & set(PurePosixPath(path).parts or ("",)):
            raise ValueError(f"its {NAME} names {path!r}, which is not below the folder")
    return files
