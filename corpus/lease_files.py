"""Files that only one of several processes can make, on disks and in object stores. Leases are built from them."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from corpus import owner, temporaries

if TYPE_CHECKING:
    from corpus.lake import Lake

STALE_SECONDS = 120.0  # without a renewal, if the owner's process cannot be seen: then the owner is dead
TORN_SECONDS = 10.0  # the same, for a file without its content: a power loss left it, because files are made whole


@dataclass(frozen=True, slots=True)
class Record:
    """The process that holds a file."""

    token: str  # names the process, and is new each time (corpus.owner)
    host: str = ""
    pid: int = 0
    purpose: str = ""  # the command of the process
    since: float = 0.0  # seconds since 1970, for people


class Files(Protocol):
    """Makes, reads and dates such files."""

    def create(self, path: str, record: Record) -> bool:
        """Makes the whole file; returns False if it exists already."""

    def replace(self, path: str, record: Record) -> None:
        """Makes the file, or replaces an existing one."""

    def read(self, path: str) -> Record | None:
        """Returns the record of the file's holder; None if the file does not exist."""

    def renew(self, path: str, record: Record) -> bool:
        """Renews the date of one's own file; returns False if it is no longer one's own."""

    def remove(self, path: str) -> None:
        """Deletes the file if it exists."""

    def age(self, path: str) -> float:
        """Returns the seconds since the file was made or renewed, by the file system's clock; 0 if it is missing."""


def files(lake: "Lake") -> Files:
    """Returns the `Files` of the lake's file system."""
    return _Disk() if lake.is_local else _Store(lake)


def is_dead(of: Files, path: str, record: Record) -> bool:
    """Returns whether the owner has ended.

    If its process cannot be seen from here, it has ended when it no longer renews the file. A suspended process has not
    ended.
    """
    has_ended = owner.is_gone(record.token)
    if has_ended is not None:
        return has_ended
    return of.age(path) > (STALE_SECONDS if owner.is_token(record.token) else TORN_SECONDS)


def _parse(text: str | bytes, mark: object) -> Record:
    """Returns a file's record. The record of a torn file gets a token that identifies this very file."""
    with suppress(ValueError, TypeError):
        record = Record(**json.loads(text))
        if isinstance(record.token, str):
            return record
    return Record(f"torn-{mark}")


class _Disk:
    """Files on a disk. A link gives a whole file its name or fails, so no process sees a file without its content."""

    def create(self, path: str, record: Record) -> bool:
        temporary = self._written(path, record)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            return self._create_open(path, record)
        finally:
            os.remove(temporary)
        return True

    def replace(self, path: str, record: Record) -> None:
        os.replace(self._written(path, record), path)

    def read(self, path: str) -> Record | None:
        with suppress(FileNotFoundError), open(path, "rb") as file:
            return _parse(file.read(), os.fstat(file.fileno()).st_mtime_ns)
        return None

    def renew(self, path: str, record: Record) -> bool:
        with suppress(FileNotFoundError), open(path, "rb") as file:  # the file that is dated is the one that was read
            if _parse(file.read(), "").token == record.token:
                os.utime(file.fileno())
                return True
        return False

    def remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            os.remove(path)

    def age(self, path: str) -> float:
        probe = self._written(path, Record(owner.new_token()))
        try:
            return os.stat(probe).st_mtime - os.stat(path).st_mtime
        except FileNotFoundError:
            return 0.0
        finally:
            os.remove(probe)

    def _create_open(self, path: str, record: Record) -> bool:
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(asdict(record)))
        return True

    def _written(self, path: str, record: Record) -> str:
        folder, _, name = path.rpartition("/")
        temporary = f"{folder}/{temporaries.name(name, record.token)}"
        with open(temporary, "w") as file:
            file.write(json.dumps(asdict(record)))
        return temporary


class _Store:
    """Objects in a store. A conditional put makes an object or fails.

    If a store does not support conditional puts, the last of two puts at once stays. So an object is read again after
    it was made. This leaves a gap: the moment between the read of one process and the put of the other.
    """

    def __init__(self, lake: "Lake") -> None:
        self._fs = lake.fs

    def create(self, path: str, record: Record) -> bool:
        try:
            self._fs.pipe_file(path, self._bytes(record), mode="create")
        except FileExistsError:
            return False
        current = self.read(path)
        return current is not None and current.token == record.token

    def replace(self, path: str, record: Record) -> None:
        self._fs.pipe_file(path, self._bytes(record))

    def read(self, path: str) -> Record | None:
        with suppress(FileNotFoundError):
            return _parse(self._fs.cat_file(path), self._modified(path))
        return None

    def renew(self, path: str, record: Record) -> bool:
        current = self.read(path)
        if current is None or current.token != record.token:
            return False
        self.replace(path, record)
        return True

    def remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(path)

    def age(self, path: str) -> float:
        probe = f"{path}.{owner.new_token()}"
        self.replace(probe, Record(""))
        try:
            return self._modified(probe) - self._modified(path)
        except FileNotFoundError:
            return 0.0
        finally:
            self.remove(probe)

    def _modified(self, path: str) -> float:
        self._fs.invalidate_cache()
        return temporaries.modified(self._fs.info(path)) or 0.0

    def _bytes(self, record: Record) -> bytes:
        return json.dumps(asdict(record)).encode()
