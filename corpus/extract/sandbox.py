"""Extraction in a process of its own, replaced when it dies, hangs or grows too large: a hostile page costs one row."""

import json
import os
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from corpus.extract import Extraction
from corpus.records import Page, Reject

TIMEOUT_SECONDS = 20.0
MEMORY_BYTES = 2 << 30  # beyond what the parser's process needs when idle
_START_SECONDS = 120.0
_MAX_ANSWER = 512 << 20


class Sandbox:
    """Extracts pages one after the other in a worker process. A context manager; not shared between threads."""

    def __init__(
        self, extractor: str, timeout_seconds: float = TIMEOUT_SECONDS, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._extractor, self._timeout, self._memory = extractor, timeout_seconds, memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def extract(self, page: Page) -> Extraction | Reject:
        """The page's text, or the reason why there is none."""
        try:
            connection = self._connection or self._start()
            connection.send_bytes(json.dumps(page.charset).encode())
            connection.send_bytes(page.html)
            if not connection.poll(self._timeout):
                self._stop()
                return Reject(page.uri, page.position, "extraction_timeout", f"over {self._timeout:g} s")
            answer: dict[str, Any] = json.loads(connection.recv_bytes(_MAX_ANSWER))
        except (EOFError, OSError):
            return Reject(page.uri, page.position, "extraction_crash", self._cause())
        if "reason" in answer:
            return Reject(page.uri, page.position, str(answer["reason"]), str(answer["detail"]))
        return Extraction(answer["text"], answer["metadata"])

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "corpus.extract.worker"]
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), self._extractor, str(self._memory)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"},
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        if not self._connection.poll(_START_SECONDS):
            self._stop()
            raise RuntimeError(f"the extraction worker did not start within {_START_SECONDS:g} s")
        try:
            self._connection.recv_bytes()
        except EOFError as error:
            self._stop()
            raise RuntimeError(
                f"the extraction worker did not start; try: {' '.join(command)} 0 {self._extractor} {self._memory}"
            ) from error
        return self._connection

    def _cause(self) -> str:
        process = self._process
        self._stop()
        code = process.returncode if process else None
        return f"the parser's process ended with {code}"

    def _stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None
