"""Files that only one of several processes can make: what a lease is built from, on disks and in object stores."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from corpus import owner, temporaries

if TYPE_CHECKING:
    from corpus.lake import Lake

STALE_SECONDS = 120.0  # without a renewal, where the owner's process cannot be seen
TORN_SECONDS = 10.0  # a file is made whole: one without its content was left by a power loss


@dataclass(frozen=True, slots=True)
class Record:
    """Who holds a file. A token names its process and is new each time (corpus.owner)."""

    token: str
    host: str = ""
    pid: int = 0
    purpose: str = ""
    since: float = 0.0  # seconds since 1970, for people


class Files(Protocol):
    """How a file is made, read and dated."""

    def create(self, path: str, record: Record) -> bool:
        """Makes the file, whole; False where there is one."""

    def replace(self, path: str, record: Record) -> None:
        """Makes the file, or puts it in place of another."""

    def read(self, path: str) -> Record | None:
        """Whose file it is; None where there is none."""

    def renew(self, path: str, record: Record) -> bool:
        """Dates one's own file anew; False where it is no longer one's own."""

    def remove(self, path: str) -> None:
        """Deletes the file, if there is one."""

    def age(self, path: str) -> float:
        """Seconds since the file was made or renewed, by the file system's own clock; 0 where it is gone."""


def files(lake: "Lake") -> Files:
    """Those of the lake's file system."""
    return _Disk() if lake.is_local else _Store(lake)


def is_dead(of: Files, path: str, record: Record) -> bool:
    """Whether the owner has ended: its process is gone or, unseen from here, renews nothing. A stopped one lives."""
    gone = owner.is_gone(record.token)
    if gone is not None:
        return gone
    return of.age(path) > (STALE_SECONDS if owner.is_token(record.token) else TORN_SECONDS)


def _parse(text: str | bytes, mark: object) -> Record:
    """A file's record; a torn one gets a token that stands for this very file."""
    with suppress(ValueError, TypeError):
        record = Record(**json.loads(text))
        if isinstance(record.token, str):
            return record
    return Record(f"torn-{mark}")


class _Disk:
    """A link gives a whole file its name, or fails: nobody sees one without its content."""

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
        with suppress(FileNotFoundError), open(path, "rb") as file:  # what is dated is what was read
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
    """A conditional put makes an object or fails. Where a store knows none, of two at once the last one stays: so an
    object is read again after it was made, which leaves the moment between one's reading and the other's writing.
    """

    def __init__(self, lake: "Lake") -> None:
        self._fs = lake.fs

    def create(self, path: str, record: Record) -> bool:
        try:
            self._fs.pipe_file(path, self._bytes(record), mode="create")
        except FileExistsError:
            return False
        made = self.read(path)
        return made is not None and made.token == record.token

    def replace(self, path: str, record: Record) -> None:
        self._fs.pipe_file(path, self._bytes(record))

    def read(self, path: str) -> Record | None:
        with suppress(FileNotFoundError):
            return _parse(self._fs.cat_file(path), self._modified(path))
        return None

    def renew(self, path: str, record: Record) -> bool:
        held = self.read(path)
        if held is None or held.token != record.token:
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
