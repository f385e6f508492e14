"""Who a process is, in a few characters that go into a file name: and whether it is gone.

A token is `<host>.<pid>.<start>.<random>`: the host with the boot and the PID namespace in which the number means
something, the process, when it started (a number is used again, above all after a container's restart), and 8 random
digits, so that two runs of one process differ. Workers carry the token of the process that runs them.
"""

import os
import socket
from functools import lru_cache
from hashlib import blake2b
from uuid import uuid4

_N_FIELDS = 4
_ENDED = ("Z", "X")  # a zombie waits for its parent to look, and writes no more


def new_token() -> str:
    """A token of this process, different at each call."""
    return f"{_here()}.{os.getpid()}.{start_of(os.getpid()) or 0}.{uuid4().hex[:8]}"


def is_token(text: str) -> bool:
    """Whether the text has a token's shape."""
    fields = text.split(".")
    return len(fields) == _N_FIELDS and fields[1].isdigit() and fields[2].isdigit()


def is_here(token: str) -> bool:
    """Whether the token's process numbers are those that this process sees: same host, boot and namespace."""
    return token.split(".")[0] == _here()


def is_mine(token: str) -> bool:
    """Whether this very process made the token; a forked child did not."""
    return is_token(token) and token.split(".")[:3] == new_token().split(".")[:3]


def is_gone(token: str) -> bool | None:
    """Whether the token's process has ended; None where it cannot be seen from here. One that is stopped lives."""
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
    """When a process started, in clock ticks since the boot; None where that cannot be seen."""
    stat = _stat(pid)
    return stat[1] if stat else None


def _stat(pid: int) -> tuple[str, int] | None:
    """(state, start) as the kernel tells them."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()  # the name before it may hold blanks
    except OSError:
        return None
    return fields[0], int(fields[19])


@lru_cache(maxsize=1)
def _here() -> str:
    """8 hex digits for what a process number is relative to."""
    names = [socket.gethostname()]
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            names.append(file.read().strip())
        names.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        pass
    return blake2b("|".join(names).encode(), digest_size=4).hexdigest()
