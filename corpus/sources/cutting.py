"""Where large files are cut: asked of the sandbox, several files side by side, and remembered on this machine.

To cut a compressed archive is to unpack it once; a run that was killed, or is planned again, does not.
"""

import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from corpus.execution import digest
from corpus.sandbox import Sandbox
from corpus.sources.files import File

VERSION = 1  # raised when the same file would be cut elsewhere
_CUTTABLE = ("warc", "jsonl", "parquet", "code")
_LEAST_SHARE = 4  # a compressed file of a fourth of an item may hold a whole one

Spans = list[tuple[int, int] | None]


def all_spans(kind: str, files: Sequence[File], n_bytes: int) -> list[Spans]:
    """Each file's spans of about `n_bytes`; [None] for one that is read whole."""
    whole: Spans = [None]
    large = [i for i, file in enumerate(files) if kind in _CUTTABLE and file.n_bytes > n_bytes // _LEAST_SHARE]
    spans = [whole] * len(files)
    if not large:
        return spans

    own = threading.local()  # a sandbox for each thread
    sandboxes: list[Sandbox] = []

    def cut(i: int) -> Spans:
        if not hasattr(own, "sandbox"):
            own.sandbox = Sandbox()
            sandboxes.append(own.sandbox)
        return _remembered(own.sandbox, kind, files[i], n_bytes)

    try:
        with ThreadPoolExecutor(min(len(large), os.cpu_count() or 1)) as pool:
            for i, found in zip(large, pool.map(cut, large), strict=True):
                spans[i] = found
    finally:
        for sandbox in sandboxes:
            sandbox.close()
    return spans


def _remembered(sandbox: Sandbox, kind: str, file: File, n_bytes: int) -> Spans:
    path = _cache() / f"{digest([VERSION, kind, file.path, file.n_bytes, file.stamp, n_bytes])}.json"
    try:
        return [None if span is None else (int(span[0]), int(span[1])) for span in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError, IndexError):
        pass
    spans = sandbox.cut(kind, file, n_bytes)
    temporary = path.with_suffix(f".{uuid4().hex[:8]}.tmp")
    temporary.write_text(json.dumps(spans))
    temporary.replace(path)
    return spans


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pomona" / "cuts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
