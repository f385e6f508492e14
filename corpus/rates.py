"""How fast a kernel is on this machine: what `pomona calibrate` asks of each room's `rates.py`."""

import time
from collections.abc import Callable


def rate(n_bytes: float, work: Callable[[], object]) -> float:
    """MB/s of some work on so many bytes, done once on one core. Its kernels are compiled already."""
    started = time.perf_counter()
    work()
    return n_bytes / 1e6 / max(time.perf_counter() - started, 1e-6)
