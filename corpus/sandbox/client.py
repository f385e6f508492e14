"""The trusted end of the sandbox: asks the worker process to read, keeps the clock, and replaces it when it dies.

A record that kills or hangs the worker becomes a reject, and reading goes on behind it: the item is read again from its
start, what was delivered is skipped, and the record to blame is passed by. A worker that dies between records is asked
once more, record by record; where it dies again, the piece ends there with a reject.
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

MEMORY_BYTES = 2 << 30  # beyond what the worker needs when idle
_START_SECONDS = 120.0
_STALL_SECONDS = 600.0  # without a word between two records
_MAX_ANSWER = 1 << 30
_MOST_DEATHS = 5  # one after the other, without a record read or refused between them
_MEMORY_REASONS = ("extraction_memory", "extraction_crash", "too_large", "corrupt")
_MEMORY_SIGNS = ("a page of ", "more memory", "malloc", "ended with -6", "ended with -9")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Some records of an item: texts as a batch of `corpus.sandbox.worker.SENT`, rejects, and (uri, kind, n) passed."""

    batch: pa.RecordBatch
    rejects: list[Reject]
    passed: list[tuple[str, str, int]]


@dataclass(slots=True)
class _State:
    """How far the reading of one item has come."""

    upto: int = 0  # records delivered
    piece: int = 0  # the piece that the worker reads
    building: tuple[int, str, str] | None = None  # index, uri and position of the record being built
    refused: dict[int, list[str]] = field(default_factory=dict)  # records to pass by: the fields of their rejects
    ended: dict[int, tuple[int, list[str]]] = field(default_factory=dict)  # pieces that end early: before which record
    suspected: set[int] = field(default_factory=set)  # records on which the worker died once
    died_at: int = -1  # `upto` when the worker last died between records


class _DiedError(Exception):
    """The worker ended, or was ended because it took too long."""


class Sandbox:
    """A worker process that parses one thing after the other. A context manager; not shared between threads."""

    def __init__(
        self,
        extractor: str = "",
        timeout_seconds: float = TIMEOUT_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        *,
        budgeted: bool = False,
    ) -> None:
        self._extractor, self.timeout, self._memory = extractor, timeout_seconds, memory_bytes
        self._budgeted = budgeted  # a record that needs more memory ends the run: it is the budget's fault
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def extract(self, page: Page) -> Extraction | Reject:
        """The page's text, or the reason why there is none."""
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
        """(the file's spans, or [None] where it cannot be cut; bytes that reading it holds at once, 0 if unknown)."""
        answer = self._ask({"task": "cut", "kind": kind, "file": file.key(), "n_bytes": n_bytes})
        spans = [None if span is None else (span[0], span[1]) for span in answer.get("spans", [None])]
        return spans, int(answer.get("held", 0))

    def columns(self, kind: str, file: File, n_bytes: int, wanted: Sequence[str] = ()) -> list[str]:
        """Names of the columns in the first bytes of a JSONL or Parquet file; none where it cannot be read.

        With names that are `wanted`, only those of them that are there: JSONL is searched for them, not parsed.
        """
        request = {"task": "columns", "kind": kind, "file": file.key(), "n_bytes": n_bytes, "wanted": list(wanted)}
        answer = self._ask(request)
        return list(answer.get("columns", ()))

    def read(self, spec: Mapping[str, Any]) -> Iterator[Delivery]:
        """Every record of a work item: `options`, and `pieces` as lists of a file's key and a span."""
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
                since = time.monotonic()  # what the caller did with it is not the worker's time
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
        """Makes a reject of what the worker died on: a record, or on the second time the rest of a piece."""
        if state.building:
            index, uri, position = state.building
            self._check_budget([Reject(uri, position, reason, detail)])
            if index not in state.suspected:  # it may have been killed, or stopped, from outside
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
        """Raises `UserError` where a record was refused for want of memory that the budget, and not we, withholds."""
        for reject in rejects if self._budgeted else ():
            if reject.reason in _MEMORY_REASONS and any(sign in reject.detail for sign in _MEMORY_SIGNS):
                raise UserError(
                    f"{reject.uri} needs more than the {self._memory >> 20}MiB that --memory leaves the parser; "
                    "give it more memory, or let max_record_bytes refuse such records; the same command goes on then"
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
        """The answer; an empty one where the worker died on it."""
        try:
            self._send(request)
            return self._answer(_STALL_SECONDS)
        except _DiedError:
            return {}

    def _start(self) -> Connection:
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
        process = self._process
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)  # it is ending: its own code says more than that of our signal
        self.close()
        code = process.returncode if process else None
        return f"the parser's process ended with {code}"

    def close(self) -> None:
        """Ends the process; the next call starts another."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None


_shared: dict[tuple[str, int | None], Sandbox] = {}


def shared(extractor: str = "", timeout_seconds: float = TIMEOUT_SECONDS, budget_bytes: int | None = None) -> Sandbox:
    """This process's own sandbox, kept from one work item to the next: starting one takes longer than a small item.

    Under a budget a record that needs more ends the run; it never changes what comes out.
    """
    sandbox = _shared.get((extractor, budget_bytes))
    if sandbox is None:
        for other in _shared.values():
            other.close()
        _shared.clear()
        is_budgeted = budget_bytes is not None and budget_bytes < MEMORY_BYTES
        memory = min(budget_bytes or MEMORY_BYTES, MEMORY_BYTES)
        sandbox = Sandbox(extractor, timeout_seconds, memory, budgeted=is_budgeted)
        _shared[extractor, budget_bytes] = sandbox
        atexit.register(sandbox.close)
    sandbox.timeout = timeout_seconds
    return sandbox
