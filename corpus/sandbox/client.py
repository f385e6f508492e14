"""The trusted end of the sandbox: sends requests to the worker process, watches the time, and replaces a dead worker.

A record that kills or hangs the worker becomes a reject, and reading continues after it: the item is read again from
its start, delivered records are skipped, and the record that caused the death is replaced by the reject. If a worker
dies between records, the item is read once more, record by record. If it dies there again, the piece ends with a
reject.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from corpus.errors import UserError
from corpus.extract import Extraction
from corpus.limits import TIMEOUT_SECONDS as TIMEOUT_SECONDS
from corpus.records import Page, Reject
from corpus.sources.files import File

MEMORY_BYTES = 2 << 30  # memory of the worker beyond its need when idle
_START_SECONDS = 120.0  # the longest start
_STALL_SECONDS = 600.0  # the longest time without an answer between two records
_MAX_ANSWER = 1 << 30  # bytes
_MOST_DEATHS = 5  # deaths in a row, without a record read or refused between them
# Rejects with one of these reasons and one of these parts of the detail were caused by the memory limit.
_MEMORY_REASONS = ("extraction_memory", "extraction_crash", "too_large", "corrupt")
_MEMORY_SIGNS = ("a page of ", "more memory", "malloc", "ended with -6", "ended with -9")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Some records of an item."""

    batch: pa.RecordBatch  # texts, with the schema `corpus.sandbox.worker.SENT`
    rejects: list[Reject]
    passed: list[tuple[str, str, int]]  # (uri of the file, kind, number) of the records that were passed over


@dataclass(slots=True)
class _State:
    """The progress of reading one item. Records are numbered over the whole item, not per piece."""

    upto: int = 0  # number of records delivered
    piece: int = 0  # the piece that the worker reads
    building: tuple[int, str, str] | None = None  # number, uri and position of the record that is being built
    refused: dict[int, list[str]] = field(default_factory=dict)  # records to replace, with the fields of their rejects
    ended: dict[int, tuple[int, list[str]]] = field(default_factory=dict)  # piece -> (record it ends before, reject)
    suspected: set[int] = field(default_factory=set)  # records on which the worker died once
    died_at: int = -1  # `upto` when the worker last died between records; -1 for never


class _DiedError(Exception):
    """The worker ended, or was ended because it took too long. The arguments are a reject's reason and detail."""


class Sandbox:
    """A worker process that answers one request after another. A context manager; not shared between threads."""

    def __init__(
        self,
        extractor: str = "",
        timeout_seconds: float = TIMEOUT_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        *,
        budgeted: bool = False,
    ) -> None:
        self._extractor, self.timeout, self._memory = extractor, timeout_seconds, memory_bytes
        self._budgeted = budgeted  # whether a record that needs more memory ends the run: then the budget is too small
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def extract(self, page: Page) -> Extraction | Reject:
        """Returns the page's text, or a reject with the reason why there is none."""
        try:
            connection = self._connection or self._start()
            self._send({"task": "page", "charset": page.charset, "extractor": self._extractor})
            connection.send_bytes(page.html)
            answer = self._answer(self.timeout)
        except _DiedError as error:
            return Reject(page.uri, page.position, *error.args)

        if "reason" in answer:
            return Reject(page.uri, page.position, str(answer["reason"]), str(answer["detail"]))
        return Extraction(answer["text"], answer["metadata"])

    def cut(self, kind: str, file: File, n_bytes: int) -> tuple[list[tuple[int, int] | None], int]:
        """Returns (spans of the file, [None] if it cannot be cut; bytes that a reader holds at once, 0 if unknown)."""
        answer = self._ask({"task": "cut", "kind": kind, "file": file.key(), "n_bytes": n_bytes})
        spans = [None if span is None else (span[0], span[1]) for span in answer.get("spans", [None])]
        return spans, int(answer.get("held", 0))

    def columns(self, kind: str, file: File, n_bytes: int, wanted: Sequence[str] = ()) -> list[str]:
        """Returns the names of the columns in the first bytes of a JSONL or Parquet file; none if it cannot be read.

        With `wanted` names, JSONL is searched for them, not parsed, and only those that occur are returned.
        """
        request = {"task": "columns", "kind": kind, "file": file.key(), "n_bytes": n_bytes, "wanted": list(wanted)}
        answer = self._ask(request)
        return list(answer.get("columns", ()))

    def read(self, spec: Mapping[str, Any]) -> Iterator[Delivery]:
        """Yields every record of a work item. `spec` has `options`, and `pieces` as lists of a file's key and a span.

        Raises RuntimeError if the worker dies again and again without progress.
        """
        state, n_idle = _State(), 0
        while True:
            before = (state.upto, len(state.refused), len(state.ended))
            try:
                yield from self._attempt(spec, state)
                return
            except _DiedError as error:
                self._blame(state, spec, str(error.args[0]), str(error.args[1]))
                n_idle = n_idle + 1 if before == (state.upto, len(state.refused), len(state.ended)) else 0
                if n_idle > _MOST_DEATHS:
                    raise RuntimeError(f"the parser's process ends again and again: {error.args[1]}") from error

    def _attempt(self, spec: Mapping[str, Any], state: _State) -> Generator[Delivery, None, None]:
        """Reads the item once, up to its end or the worker's death. Raises `_DiedError`."""
        state.building = None
        self._send({
            "task": "read", "spec": dict(spec), "skip": state.upto, "eager": state.died_at == state.upto,
            "refused": state.refused, "ended": state.ended,
        })  # fmt: skip

        since = time.monotonic()
        while True:
            limit = self.timeout if state.building else _STALL_SECONDS
            answer = self._answer(limit - (time.monotonic() - since))
            since = time.monotonic()

            if "upto" in answer:
                batch = self._batch()
                state.upto = answer["upto"]
                rejects = [Reject(*fields) for fields in answer["rejects"]]
                self._check_budget(rejects)
                yield Delivery(batch, rejects, [(uri, kind, n) for uri, kind, n in answer["passed"]])
                since = time.monotonic()  # the caller's work on the delivery is not the worker's time
            elif "begin" in answer:
                index, uri, position = answer["begin"]
                state.building = (index, uri, position)
            elif "done" in answer:
                state.building = None
            elif "piece" in answer:
                state.piece = answer["piece"]
            else:
                return

    def _blame(self, state: _State, spec: Mapping[str, Any], reason: str, detail: str) -> None:
        """Makes a reject of the record on which the worker died, or of the rest of the piece between records.

        Both happen at the second death in the same place only.
        """
        if state.building:
            index, uri, position = state.building
            self._check_budget([Reject(uri, position, reason, detail)])
            if index not in state.suspected:  # the worker may have been killed or stopped from outside
                state.suspected.add(index)
                return
            state.refused[index] = [uri, position, reason, detail]
        elif state.died_at == state.upto:
            path, n_bytes, stamp, name, span = spec["pieces"][state.piece]
            uri = File(path, n_bytes, stamp, name).uri
            state.ended[state.piece] = (
                state.upto, [uri, str(span[0]) if span else "", "corrupt", f"the rest was not read: {detail}"]
            )  # fmt: skip
            state.died_at = -1
        else:
            state.died_at = state.upto

    def _check_budget(self, rejects: list[Reject]) -> None:
        """Raises `UserError` if a record was refused because the budget left too little memory."""
        for reject in rejects if self._budgeted else ():
            if reject.reason in _MEMORY_REASONS and any(sign in reject.detail for sign in _MEMORY_SIGNS):
                raise UserError(
                    f"{reject.uri} needs more than the {self._memory >> 20}MiB that --memory leaves the parser; "
                    "give it more memory, or let max_record_bytes refuse such records; then the same command continues"
                )

    # The process

    def _send(self, request: dict[str, Any]) -> None:
        connection = self._connection or self._start()
        try:
            connection.send_bytes(json.dumps(request).encode())
        except OSError:
            raise _DiedError("extraction_crash", self._cause()) from None

    def _answer(self, seconds: float) -> dict[str, Any]:
        assert self._connection is not None
        try:
            if not self._connection.poll(max(seconds, 0)):
                self.close()
                raise _DiedError("extraction_timeout", f"over {self.timeout:g} s")
            answer: dict[str, Any] = json.loads(self._connection.recv_bytes(_MAX_ANSWER))
            return answer
        except (EOFError, OSError):
            raise _DiedError("extraction_crash", self._cause()) from None

    def _batch(self) -> pa.RecordBatch:
        from corpus.sandbox.worker import SENT

        assert self._connection is not None
        try:
            data = self._connection.recv_bytes(_MAX_ANSWER)
        except (EOFError, OSError):
            raise _DiedError("extraction_crash", self._cause()) from None
        table = pa.ipc.open_stream(pa.py_buffer(data)).read_all().combine_chunks()
        batch = table.to_batches()[0] if len(table) else pa.RecordBatch.from_pylist([], SENT)
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid as error:
            raise _DiedError("corrupt", f"the parser answered with a string that is not UTF-8: {error}") from error
        return batch

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sends a request and returns the answer, which is empty if the worker died."""
        try:
            self._send(request)
            return self._answer(_STALL_SECONDS)
        except _DiedError:
            return {}

    def _start(self) -> Connection:
        """Starts the worker process and waits until it is ready. Raises RuntimeError if it does not start."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "corpus.sandbox.worker"]
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        quiet = {"PYTHONHASHSEED": "0", "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}

        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), self._extractor, str(self._memory)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **quiet, "PYTHONPATH": path},
                start_new_session=True,
            )

        self._connection = Connection(ours.detach())
        failed = f"try: {' '.join(command)} 0 '{self._extractor}' {self._memory}"
        if not self._connection.poll(_START_SECONDS):
            self.close()
            raise RuntimeError(f"the parser's process did not start within {_START_SECONDS:g} s; {failed}")

        try:
            self._connection.recv_bytes()
        except EOFError as error:
            self.close()
            raise RuntimeError(f"the parser's process did not start; {failed}") from error
        return self._connection

    def _cause(self) -> str:
        """Closes the sandbox, and returns how the process ended."""
        process = self._process
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)  # it is about to end, and its own exit code says more than that of our signal
        self.close()
        code = process.returncode if process else None
        return f"the parser's process ended with {code}"

    def close(self) -> None:
        """Ends the process. The next request starts another."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None


_shared: dict[tuple[str, int | None], Sandbox] = {}  # by extractor and budget


def shared(extractor: str = "", timeout_seconds: float = TIMEOUT_SECONDS, budget_bytes: int | None = None) -> Sandbox:
    """Returns this process's sandbox. It is kept between work items, because its start takes longer than a small item.

    Work items of one process run one after the other (corpus.execution.run), so no two of them use it at once.
    With a budget, a record that needs more memory ends the run. So a budget never changes the result.
    """
    sandbox = _shared.get((extractor, budget_bytes))
    if sandbox is None:
        for other in _shared.values():
            other.close()
        _shared.clear()
        is_budgeted = budget_bytes is not None and budget_bytes < MEMORY_BYTES
        memory = MEMORY_BYTES if budget_bytes is None else min(budget_bytes, MEMORY_BYTES)
        sandbox = Sandbox(extractor, timeout_seconds, memory, budgeted=is_budgeted)
        _shared[extractor, budget_bytes] = sandbox
        atexit.register(sandbox.close)
    sandbox.timeout = timeout_seconds
    return sandbox
