"""Kills a run before its n-th write: Python imports this by itself in each process that has the folder on its path.

A write is what makes something visible: a part that gets its name, or a Delta commit. They are counted over all
processes of the run, in a file; before the n-th, the whole process group ends, as by a power cut. Production code knows
nothing of it.
"""

import fcntl
import os
import signal
from collections.abc import Callable
from typing import Any

COUNTER, AT = os.environ.get("FAULT_COUNTER"), int(os.environ.get("FAULT_AT", "0"))  # at 0 it only counts


def write(what: str) -> None:
    """Counts one write, of which the counter file keeps a line; does not return from the n-th."""
    assert COUNTER is not None
    descriptor = os.open(COUNTER, os.O_APPEND | os.O_CREAT | os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # two processes never have one number; the kernel lets go when we die
    os.write(descriptor, f"{what}\n".encode())
    n = os.pread(descriptor, 1 << 20, 0).count(b"\n")
    if n == AT:
        os.killpg(0, signal.SIGKILL)
    os.close(descriptor)


def before_names(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which gives a file a name; only parts count."""

    def counted(source: Any, target: Any, *arguments: Any, **options: Any) -> Any:
        if str(target).endswith(".parquet"):
            write("/".join(str(target).split("/")[-3:]))
        return function(source, target, *arguments, **options)

    return counted


def before_commits(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which makes a version of a table."""

    def counted(*arguments: Any, **options: Any) -> Any:
        write("commit")
        return function(*arguments, **options)

    return counted


if COUNTER:
    import shutil

    import deltalake
    import deltalake.transaction

    os.rename, os.replace, shutil.move = map(before_names, (os.rename, os.replace, shutil.move))
    deltalake.DeltaTable.create_write_transaction = before_commits(  # type: ignore[method-assign]
        deltalake.DeltaTable.create_write_transaction
    )
    deltalake.transaction.create_table_with_add_actions = before_commits(
        deltalake.transaction.create_table_with_add_actions
    )
