"""Files of a Delta table's log: whether the log exists, whether it is on disk, and what a power loss left of it.

delta-rs writes an entry beside the log and links it to its name, but does not sync it. After a power loss, the newest
entry may exist without its bytes. Such a version counts as never committed. This module is for local lakes only: in an
object store, a put is whole and lasts.
"""

import os
import re
import sys
from contextlib import suppress

from corpus.durable import sync_file, sync_folder
from corpus.parts import is_whole

_CHECKPOINT = re.compile(r"\d{20}\.checkpoint\.parquet")


def exists(folder: str) -> bool:
    """Returns whether the log has a version: an entry that is not empty, or a checkpoint."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        return any(
            (_number(entry.name) is not None and entry.stat().st_size > 0) or _CHECKPOINT.fullmatch(entry.name)
            for entry in entries
        )
    return False


def sync(folder: str, version: int) -> None:
    """Waits until a version, its checkpoint if it has one, and the folder are on disk."""
    names = [name for name in os.listdir(folder) if name.startswith(f"{version:020}.")]
    if len(names) > 1:  # there is a checkpoint, and so the file that points to it
        names.append("_last_checkpoint")
    for name in names:
        with suppress(FileNotFoundError):
            sync_file(f"{folder}/{name}")

    sync_folder(folder)
    sync_folder(os.path.dirname(folder))


def set_aside_torn(folder: str) -> list[str]:
    """Renames torn files that a power loss left in the log, and returns their new paths.

    Prints one line on standard error for each. Two files can be torn: the newest entry, if it has 0 bytes, and the
    newest checkpoint, if it is cut short. The pointer to a torn checkpoint is deleted. No information is lost with a
    checkpoint, because the entries hold all of it.
    """
    aside = [_set_aside_entry(folder), _set_aside_checkpoint(folder)]
    moved = [path for path in aside if path]
    if moved:
        sync_folder(folder)
    for path in moved:
        print(f"warning: a power loss left a torn file in a table's log; it is now {path}", file=sys.stderr)
    return moved


def _set_aside_entry(folder: str) -> str | None:
    """Renames the newest entry if it is empty. Other entries stay, because renaming one of them would leave a gap."""
    newest = _newest(folder)
    if newest is None:
        return None
    path = f"{folder}/{newest:020}.json"
    aside = f"{path}.empty"
    try:
        if os.stat(path).st_size:
            return None
        os.rename(path, aside)
    except OSError:  # another process was faster, or the lake is read-only: deltalake skips an empty entry
        return None

    if (_newest(folder) or 0) > newest:  # another process took it for a version and has committed the next one
        with suppress(OSError):
            os.link(aside, path)
            os.remove(aside)
        return None
    return aside


def _set_aside_checkpoint(folder: str) -> str | None:
    with suppress(FileNotFoundError):
        newest = max((name for name in os.listdir(folder) if _CHECKPOINT.fullmatch(name)), default=None)
        if newest is None or is_whole(f"{folder}/{newest}"):
            return None
        with suppress(OSError):
            os.remove(f"{folder}/_last_checkpoint")
            os.rename(f"{folder}/{newest}", f"{folder}/{newest}.torn")
            return f"{folder}/{newest}.torn"
    return None


def _newest(folder: str) -> int | None:
    with suppress(FileNotFoundError):
        return max((number for name in os.listdir(folder) if (number := _number(name)) is not None), default=None)
    return None


def _number(name: str) -> int | None:
    stem, dot, suffix = name.partition(".")
    return int(stem) if stem.isdigit() and dot and suffix == "json" else None
