"""What makes a local file survive a power loss: its bytes on disk first, then the entry of its folder.

A rename that is on disk before the bytes leaves an empty file under the right name. So the order is: `sync_file`,
rename, `sync_folder`. Object stores need none of it: a put is whole and stays.
"""

import os


def sync_file(path: str) -> None:
    """Returns when the file's bytes are on disk; raises OSError where it is gone or the disk fails."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: str) -> None:
    """Returns when the folder's entries (names made, renamed, deleted) are on disk."""
    _sync(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))


def make_folders(path: str) -> None:
    """Makes the folder and those above it that are missing, and syncs the entry of each one that is new."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)

    for folder in reversed(missing):
        os.makedirs(folder, exist_ok=True)  # another process may make it at this moment
        sync_folder(os.path.dirname(folder))


def publish(temporary: str, target: str) -> None:
    """Renames a finished file to its name, so that after a power loss the name stands for all of it or for nothing."""
    sync_file(temporary)
    os.replace(temporary, target)
    sync_folder(os.path.dirname(target))


def sync_below(folder: str) -> None:
    """Returns when all files and folders below a folder, and itself, are on disk."""
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
