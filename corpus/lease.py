"""Leases: only one process at a time writes a name. Others wait for it, or take over when the owner is dead.

A lease is a file `.pomona/leases/<name>.json`. Its owner renews it every few seconds. A process that wants to replace
or delete the lease first makes a *claim*: a file named by the token that the lease holds. Only one process can make
this file. The claim counts only while the lease still holds that token. So exactly one of several takers wins. An owner
that was only slow finds its claim taken and leaves the new lease alone. If the maker of a claim dies, its claim is
claimed in turn.

A process that deletes files of all stages holds the whole lake (`alone`): it makes that lease and then looks for
others. A stage makes its own lease and then looks for that one. So at least one of the two sees the other, no matter
which comes first.

Leases are weaker in object stores, where a renewal reads and then puts. An owner that slept for minutes in between
could put its lease over its successor's. The successor notices this at its next renewal (`Lease.confirm`).
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from corpus import owner, temporaries
from corpus.errors import UserError
from corpus.lake import WORKING
from corpus.lease_files import Files, Record, files, is_dead

if TYPE_CHECKING:
    from corpus.lake import Lake

WAIT_SECONDS = 600.0  # longest wait for a live owner; POMONA_LEASE_WAIT changes it
_RENEW_SECONDS = 5.0
_POLL_SECONDS = 0.5
_WHOLE = "the lake"  # the name that covers all others

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lease:
    """A name that this process may write. Unfinished files of its run carry `token`."""

    name: str
    token: str
    waited: bool  # another process held it first: the lake may have changed since this one looked at it
    lost: threading.Event = field(default_factory=threading.Event)  # set when another process has the lease

    def confirm(self) -> None:
        """Raises `UserError` if another process took the lease.

        This happens if this process slept, on another host, for minutes.
        """
        if self.lost.is_set():
            raise UserError(
                f"another process took over {self.name}, or deleted its lease, while this one ran or slept; "
                "run the same command again"
            )


@contextmanager
def hold(
    lake: "Lake", name: str, *, purpose: str = "", wait_seconds: float | None = None, tell: Tell | None = None
) -> Iterator[Lease]:
    """Holds `name` for the block. Waits for a live owner, and reports this once through `tell`.

    `purpose` is shown to other processes: the command of this one. Raises `UserError` after `wait_seconds`, and if
    another thread of this process holds the name.
    """
    wait_seconds = _wait_seconds() if wait_seconds is None else wait_seconds
    mine = Record(owner.new_token(), socket.gethostname(), os.getpid(), purpose, time.time())
    waited = _take(lake, name, mine, wait_seconds, tell)
    lease, ended = Lease(name, mine.token, waited), threading.Event()
    renewer = threading.Thread(target=_renew, args=(lake, lease, mine, ended), daemon=True)
    renewer.start()
    try:
        if name != _WHOLE and _wait_for_whole(lake, wait_seconds, tell):
            lease = replace(lease, waited=True)
        yield lease
    finally:
        if owner.is_mine(mine.token):  # a forked child that leaves the block does not hold the lease
            ended.set()
            renewer.join()
            _replace(files(lake), _path(lake, name), mine.token, None)


@contextmanager
def alone(lake: "Lake", *, purpose: str = "") -> Iterator[None]:
    """Holds the whole lake for the block: processes that want to write one of its stages wait.

    Raises `UserError` if a live process, this one or another, writes a stage already.
    """
    with hold(lake, _WHOLE, purpose=purpose, wait_seconds=0) as lease:
        lease_files = files(lake)
        lake.fs.invalidate_cache()
        for path in sorted(lake.fs.ls(f"{lake.root}/{WORKING}/leases", detail=False)):
            record = lease_files.read(path) if path.endswith(".json") else None
            if record is not None and record.token != lease.token and not is_dead(lease_files, path, record):
                raise UserError(f"lake {lake.url} is being written by {_who(record)}; try again when it has ended")
        yield


def _wait_seconds() -> float:
    given = os.environ.get("POMONA_LEASE_WAIT", "")
    try:
        seconds = float(given or WAIT_SECONDS)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise UserError(f"POMONA_LEASE_WAIT is {given!r}; it must be the seconds to wait for a process, 0 or more")
    return seconds


def _wait_for_whole(lake: "Lake", wait_seconds: float, tell: Tell | None) -> bool:
    """Waits until no other process holds the whole lake; returns whether this took time."""
    lease_files, path, started = files(lake), _path(lake, _WHOLE), time.monotonic()
    waited = False
    while (
        (other := lease_files.read(path)) is not None
        and not owner.is_mine(other.token)
        and not is_dead(lease_files, path, other)
    ):
        if tell and not waited:
            tell(f"waiting for {_who(other)}")
        waited = True
        left = started + wait_seconds - time.monotonic()
        if left <= 0:
            raise _too_long(_WHOLE, other, wait_seconds)
        time.sleep(min(_POLL_SECONDS, left))
    return waited


def _too_long(name: str, other: Record, wait_seconds: float) -> UserError:
    waited = f"waited {wait_seconds:.0f} s; " if wait_seconds else ""
    return UserError(
        f"{name} is being written by {_who(other)}; {waited}try again when it has ended, "
        "or wait longer with POMONA_LEASE_WAIT=seconds"
    )


def _take(lake: "Lake", name: str, mine: Record, wait_seconds: float, tell: Tell | None) -> bool:
    """Takes the lease, and returns whether this process had to wait."""
    lease_files, path = files(lake), _path(lake, name)
    folder = path.rpartition("/")[0]
    lake.make_folder(folder)
    started, waited, reported = time.monotonic(), False, False

    while True:
        other = lease_files.read(path)
        if other is None:
            if lease_files.create(path, mine):
                return waited
            continue

        if owner.is_mine(other.token):
            raise UserError(f"another thread of this process runs {name} on this lake; wait until it has ended")
        if is_dead(lease_files, path, other):
            if _replace(lease_files, path, other.token, mine):
                temporaries.sweep_below(lake.fs, lake.root, other.token)
                temporaries.sweep(lake.fs, [folder])
                return waited
        elif tell and not reported:
            tell(f"waiting for {_who(other)}")
            reported = True

        waited = True
        left = started + wait_seconds - time.monotonic()
        if left <= 0:
            raise _too_long(name, other, wait_seconds)
        time.sleep(min(_POLL_SECONDS, left))


def _replace(lease_files: Files, path: str, token: str, mine: Record | None) -> bool:
    """Replaces the lease that holds `token` by `mine`, or deletes it; returns False if another process is doing so."""
    claims, claimer = [], Record(owner.new_token(), socket.gethostname(), os.getpid(), "", time.time())
    claimed = token
    while True:
        claims.append(f"{path}.claim-{claimed}")
        if lease_files.create(claims[-1], claimer):
            break
        other = lease_files.read(claims[-1])
        if other is None or not is_dead(lease_files, claims[-1], other):
            return False
        claimed = other.token  # the claimer died: the process that claims its claim continues

    try:
        current = lease_files.read(path)
        if current is None or current.token != token:  # it was replaced before we claimed it
            claims = claims[-1:]
            return False
        if mine:
            lease_files.replace(path, mine)
        else:
            lease_files.remove(path)
        return True
    finally:
        for claim in claims:
            lease_files.remove(claim)


def _renew(lake: "Lake", lease: Lease, mine: Record, ended: threading.Event) -> None:
    lease_files, path = files(lake), _path(lake, lease.name)
    while not ended.wait(_RENEW_SECONDS):
        with suppress(OSError):  # the network may fail for a moment; the next renewal may succeed
            if not lease_files.renew(path, mine):
                lease.lost.set()
                return


def _path(lake: "Lake", name: str) -> str:
    return f"{lake.root}/{WORKING}/leases/{quote(name, safe='')}.json"


def _who(record: Record) -> str:
    if not owner.is_token(record.token):
        return "an unknown process"
    since = time.strftime("%H:%M", time.localtime(record.since))
    activity = f"running `{record.purpose}`" if record.purpose else "writing it"
    return f"pid {record.pid} on host {record.host}, which has been {activity} since {since}"
