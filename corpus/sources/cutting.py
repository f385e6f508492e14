"""Finds the places where large files are cut. The sandbox does it, for several files in parallel.

Cutting a compressed archive means unpacking it once. So the result is cached on this machine, and a run that was killed
or is planned again does not unpack it a second time.
"""

import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from corpus.sandbox import Sandbox
from corpus.sources.files import File
from corpus.task import digest

VERSION = 3  # raise it when the same file is cut in other places
_CUTTABLE = ("warc", "jsonl", "parquet", "code")
_LEAST_SHARE = 4  # a compressed file of a fourth of an item's bytes can hold a whole item


@dataclass(frozen=True, slots=True)
class Cut:
    """The pieces of a file."""

    spans: tuple[tuple[int, int] | None, ...] = (None,)  # (None,): the file is read whole
    held: int = 0  # bytes that a reader holds in memory at once, if the format states them


def all_cuts(kind: str, files: Sequence[File], n_bytes: int) -> list[Cut]:
    """Returns the pieces of each file, in spans of about `n_bytes`."""
    large = [i for i, file in enumerate(files) if kind in _CUTTABLE and file.n_bytes > n_bytes // _LEAST_SHARE]
    cuts = [Cut()] * len(files)
    if not large:
        return cuts

    # A sandbox serves one thread, so each thread has its own.
    own = threading.local()
    sandboxes: list[Sandbox] = []

    def cut(i: int) -> Cut:
        if not hasattr(own, "sandbox"):
            own.sandbox = Sandbox()
            sandboxes.append(own.sandbox)
        return _remembered(own.sandbox, kind, files[i], n_bytes)

    try:
        with ThreadPoolExecutor(min(len(large), os.cpu_count() or 1)) as pool:
            for i, one in zip(large, pool.map(cut, large), strict=True):
                cuts[i] = one
    finally:
        for sandbox in sandboxes:
            sandbox.close()
    return cuts


def _remembered(sandbox: Sandbox, kind: str, file: File, n_bytes: int) -> Cut:
    path = _cache() / f"{digest([VERSION, kind, file.path, file.n_bytes, file.stamp, n_bytes])}.json"
    try:
        spans, held = json.loads(path.read_text())
        return Cut(tuple(None if span is None else (int(span[0]), int(span[1])) for span in spans), int(held))
    except (OSError, ValueError, TypeError, IndexError):
        pass  # not cached, or the cache file is broken

    spans, held = sandbox.cut(kind, file, n_bytes)
    temporary = path.with_suffix(f".{uuid4().hex[:8]}.tmp")
    temporary.write_text(json.dumps([spans, held]))
    temporary.replace(path)
    return Cut(tuple(spans), held)


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pomona" / "cuts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
