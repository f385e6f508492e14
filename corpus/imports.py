"""Heavy libraries are imported without the garbage collector: it would go through all modules, again and again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quickly() -> Iterator[None]:
    """Imports and set-up inside are not interrupted by the collector of cyclic garbage (a quarter of the time)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()  # modules are never garbage; once a process, since what is frozen is kept for good
        if was_on:
            gc.enable()
