"""Identifies a process in a few characters that fit into a file name, and says whether the process has ended.

A token is `<host>.<pid>.<start>.<random>`:
- `host`: the host with the boot and the PID namespace in which the pid is valid;
- `pid`: the process;
- `start`: when it started, because a pid is used again, above all after a container's restart;
- `random`: 8 random digits, so that two runs of one process differ.

Workers carry the token of the process that runs them.
"""

import os
import socket
from functools import lru_cache
from hashlib import blake2b
from uuid import uuid4

_N_FIELDS = 4
_ENDED = ("Z", "X")  # a zombie waits for its parent, and no longer writes


def new_token() -> str:
    """Returns a token of this process, different at each call."""
    return f"{_here()}.{os.getpid()}.{start_of(os.getpid()) or 0}.{uuid4().hex[:8]}"


def is_token(text: str) -> bool:
    """Returns whether the text has the form of a token."""
    fields = text.split(".")
    return len(fields) == _N_FIELDS and fields[1].isdigit() and fields[2].isdigit()


def is_here(token: str) -> bool:
    """Returns whether this process sees the token's pid: same host, boot and namespace."""
    return token.split(".")[0] == _here()


def is_mine(token: str) -> bool:
    """Returns whether this very process made the token. A forked child did not."""
    return is_token(token) and token.split(".")[:3] == new_token().split(".")[:3]


def is_gone(token: str) -> bool | None:
    """Returns whether the token's process has ended; None if it cannot be seen from here.

    A suspended process has not ended.
    """
    if not is_token(token) or not is_here(token):
        return None
    pid, start = int(token.split(".")[1]), int(token.split(".")[2])
    stat = _stat(pid)
    if stat is not None:
        state, since = stat
        return state in _ENDED or since != start

    try:  # no /proc, or one that hides the processes of others
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def start_of(pid: int) -> int | None:
    """Returns when a process started, in clock ticks since the boot; None if this cannot be seen."""
    stat = _stat(pid)
    return stat[1] if stat else None


def _stat(pid: int) -> tuple[str, int] | None:
    """Returns the kernel's (state, start) of a process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()  # the name before it may contain spaces
    except OSError:
        return None
    return fields[0], int(fields[19])


@lru_cache(maxsize=1)
def _here() -> str:
    """Returns 8 hex digits that identify what a pid is relative to: host, boot and namespace."""
    names = [socket.gethostname()]
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            names.append(file.read().strip())
        names.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        pass
    return blake2b("|".join(names).encode(), digest_size=4).hexdigest()
