"""What a benchmark yields: one claim, ours against a peer's, and how it is measured fairly."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """One measured claim; `ratio` above 1 is better for us, and `ok` says whether the target is met."""

    name: str
    ours: float
    peer: float
    peer_name: str
    unit: str
    ratio: float
    target: float
    ok: bool
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON fields, numbers rounded to four digits; of numpy's scalars Python's."""
        fields = {k: v.item() if hasattr(v, "item") else v for k, v in asdict(self).items()}
        return {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in fields.items()}


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of its own on the page, for what is no single claim."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def claim(
    name: str, ours: float, peer: float, peer_name: str, unit: str, target: float, note: str = "", *, less: bool = False
) -> Claim:
    """A claim whose target is a ratio; `less` where smaller is better."""
    ratio = peer / ours if less else ours / peer
    return Claim(name, ours, peer, peer_name, unit, ratio, target, ratio >= target, note)


def best(work: Callable[[], Any], repeats: int = 3) -> float:
    """Seconds of the fastest of several runs."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


@contextmanager
def one_core() -> Iterator[None]:
    """Pins this process, and those it starts, to one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def named(*packages: str) -> str:
    """Packages with their versions."""
    return ", ".join(f"{package} {version(package)}" for package in packages)
