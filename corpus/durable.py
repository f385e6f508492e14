"""Makes a local file survive a power loss: its bytes must be on disk first, then the entry in its folder.

If a rename is on disk before the bytes, a power loss leaves an empty file under the right name. So the order is:
`sync_file`, rename, `sync_folder`. Object stores do not need this: a put is whole and lasts.
"""

import os


def sync_file(path: str) -> None:
    """Waits until the file's bytes are on disk. Raises OSError if the file is missing or the disk fails."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: str) -> None:
    """Waits until the folder's entries (names created, renamed, deleted) are on disk."""
    _sync(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))


def make_folders(path: str) -> None:
    """Creates the folder and the missing folders above it, and syncs the entry of each new folder."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)

    for folder in reversed(missing):
        os.makedirs(folder, exist_ok=True)  # another process may create it at this moment
        sync_folder(os.path.dirname(folder))


def publish(temporary: str, target: str) -> None:
    """Renames a finished file to its final name.

    After a power loss, the name refers to the whole file or to none of it.
    """
    sync_file(temporary)
    os.replace(temporary, target)
    sync_folder(os.path.dirname(target))


def sync_below(folder: str) -> None:
    """Waits until a folder and all files and folders below it are on disk."""
    for inner, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync_file(os.path.join(inner, name))
        sync_folder(inner)


def _sync(path: str, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
