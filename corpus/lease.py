"""One writer for a name: a lease, held by a process, waited for by others, taken over when its owner is dead.

A lease is a file `.pomona/leases/<name>.json`. Its owner renews it every few seconds. Whoever wants to replace or
delete it first makes a *claim*, a file named by the token that it holds; only one process can make it, and only while
the lease still holds that token does the claim count. So of several takers exactly one wins, and an owner that was
only slow finds its claim taken and leaves the new lease alone. A claim whose own maker died is claimed in turn.

Who deletes files of all stages holds the whole lake (`alone`): it makes that lease and then looks for others, and a
stage makes its own and then looks for that one. So of the two at least one sees the other, whoever comes first.

Weaker in object stores: a renewal reads and then puts, so that an owner that slept for minutes in between could put
its lease over its successor's; the successor notices at its next renewal (`Lease.confirm`).
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
from corpus.lease_files import Files, Record, files, is_dead

if TYPE_CHECKING:
    from corpus.lake import Lake

WAIT_SECONDS = 600.0  # for an owner that lives; POMONA_LEASE_WAIT changes it
_RENEW_SECONDS = 5.0
_POLL_SECONDS = 0.5
_WHOLE = "the lake"  # the name that stands for all others

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lease:
    """A name that this process may write. What its run leaves unfinished carries `token`."""

    name: str
    token: str
    waited: bool  # another process held it when we came: the lake may have changed since it was looked at
    lost: threading.Event = field(default_factory=threading.Event)

    def confirm(self) -> None:
        """Raises `UserError` where another process took the lease: this one slept, on another host, for minutes."""
        if self.lost.is_set():
            raise UserError(
                f"another process took over {self.name}, or deleted its lease, while this one ran or slept; "
                "run the same command again"
            )


@contextmanager
def hold(
    lake: "Lake", name: str, *, purpose: str = "", wait_seconds: float | None = None, tell: Tell | None = None
) -> Iterator[Lease]:
    """Holds `name` for the block. Waits for an owner that lives, and says so once through `tell`.

    `purpose` is what others are told of this process: its command. Raises `UserError` after `wait_seconds`, and
    RuntimeError where this process holds the name already.
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
        if owner.is_mine(mine.token):  # a forked child that unwinds holds nothing
            ended.set()
            renewer.join()
            _replace(files(lake), _path(lake, name), mine.token, None)


@contextmanager
def alone(lake: "Lake", *, purpose: str = "") -> Iterator[None]:
    """Holds the whole lake for the block: who wants to write a stage of it waits.

    Raises `UserError` where a process that lives, another or this one, writes a stage already.
    """
    with hold(lake, _WHOLE, purpose=purpose, wait_seconds=0) as held:
        of = files(lake)
        lake.fs.invalidate_cache()
        for path in sorted(lake.fs.ls(f"{lake.root}/.pomona/leases", detail=False)):
            record = of.read(path) if path.endswith(".json") else None
            if record is not None and record.token != held.token and not is_dead(of, path, record):
                raise UserError(f"lake {lake.url} is being written by {_who(record)}; try again when it has ended")
        yield


def _wait_seconds() -> float:
    given = os.environ.get("POMONA_LEASE_WAIT", "")
    try:
        seconds = float(given or WAIT_SECONDS)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise UserError(f"POMONA_LEASE_WAIT is {given!r}; it takes seconds to wait for another process, 0 or more")
    return seconds


def _wait_for_whole(lake: "Lake", wait_seconds: float, tell: Tell | None) -> bool:
    """Returns once no other process holds the whole lake: whether it took waiting."""
    of, path, started = files(lake), _path(lake, _WHOLE), time.monotonic()
    waited = False
    while (other := of.read(path)) is not None and not owner.is_mine(other.token) and not is_dead(of, path, other):
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
    """Returns once the lease is ours: whether it took waiting."""
    of, path = files(lake), _path(lake, name)
    folder = path.rpartition("/")[0]
    lake.make_folder(folder)
    came, waited, told = time.monotonic(), False, False
    while True:
        other = of.read(path)
        if other is None:
            if of.create(path, mine):
                return waited
            continue
        if owner.is_mine(other.token):
            raise RuntimeError(f"this process already holds the lease of {name}")
        if is_dead(of, path, other):
            if _replace(of, path, other.token, mine):
                temporaries.sweep_below(lake.fs, lake.root, other.token)
                temporaries.sweep(lake.fs, [folder])
                return waited
        elif tell and not told:
            tell(f"waiting for {_who(other)}")
            told = True

        waited = True
        left = came + wait_seconds - time.monotonic()
        if left <= 0:
            raise _too_long(name, other, wait_seconds)
        time.sleep(min(_POLL_SECONDS, left))


def _replace(of: Files, path: str, token: str, mine: Record | None) -> bool:
    """Puts `mine`, or nothing, in place of the lease that holds `token`; False where another process is at it."""
    claims, claimer = [], Record(owner.new_token(), socket.gethostname(), os.getpid(), "", time.time())
    wanted = token
    while True:
        claims.append(f"{path}.claim-{wanted}")
        if of.create(claims[-1], claimer):
            break
        other = of.read(claims[-1])
        if other is None or not is_dead(of, claims[-1], other):
            return False
        wanted = other.token  # who wanted to replace it died: whoever claims that one's claim goes on

    try:
        held = of.read(path)
        if held is None or held.token != token:  # it was replaced before we claimed it
            claims = claims[-1:]
            return False
        if mine:
            of.replace(path, mine)
        else:
            of.remove(path)
        return True
    finally:
        for claim in claims:
            of.remove(claim)


def _renew(lake: "Lake", lease: Lease, mine: Record, ended: threading.Event) -> None:
    of, path = files(lake), _path(lake, lease.name)
    while not ended.wait(_RENEW_SECONDS):
        with suppress(OSError):  # a network that is away for a moment; the next renewal may get through
            if not of.renew(path, mine):
                lease.lost.set()
                return


def _path(lake: "Lake", name: str) -> str:
    return f"{lake.root}/.pomona/leases/{quote(name, safe='')}.json"


def _who(record: Record) -> str:
    if not owner.is_token(record.token):
        return "a process that left no name"
    since = time.strftime("%H:%M", time.localtime(record.since))
    what = f"runs `{record.purpose}`" if record.purpose else "writes it"
    return f"pid {record.pid} on host {record.host}, which {what} since {since}"
