"""Answers of models, in the table `responses`: the point from which a killed run of a suite goes on.

Answers are added every few seconds, and each addition is one commit of its own slot. So several processes add at the
same time, and none of them loses or repeats what another one has finished.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import polars as pl
import pyarrow as pa

from corpus.lake import Lake
from corpus.lineage import Lineage
from corpus.task import digest
from eval_suites.models.responses import Response
from eval_suites.tables import RESPONSES

Write = Callable[[str, str, Response], None]  # key of a request, its kind, the answer

_SECONDS = 5.0  # between two additions
_MOST = 20_000  # answers of one addition
_COLUMNS = ("log_likelihood", "is_greedy", "text", "n_tokens", "is_cut")


class Store(Protocol):
    """What was answered."""

    def known(self, model: str, keys: Sequence[str]) -> dict[str, Response]:
        """Returns the answers of a model that are known, by the keys of the requests."""
        ...

    def writing(self, model: str) -> AbstractContextManager[Write]:
        """Opens the store for more answers."""
        ...


class InMemory:
    """Answers of this process, for a score that is not kept."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Response] = {}

    def known(self, model: str, keys: Sequence[str]) -> dict[str, Response]:
        """Returns the answers of a model that are known."""
        return {key: self._answers[model, key] for key in keys if (model, key) in self._answers}

    @contextmanager
    def writing(self, model: str) -> Iterator[Write]:
        """Opens the store for more answers."""

        def write(key: str, kind: str, response: Response) -> None:
            self._answers[model, key] = response

        yield write


class InLake:
    """Answers in a lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def known(self, model: str, keys: Sequence[str]) -> dict[str, Response]:
        """Returns the answers of a model that are known."""
        if not self._lake.exists(RESPONSES.name) or not keys:
            return {}
        rows = self._lake.scan(RESPONSES.name, slot=model)
        wanted = pl.LazyFrame({"request": list(dict.fromkeys(keys))})
        found = rows.join(wanted, on="request", how="semi").select("request", *_COLUMNS).collect(engine="streaming")
        return {key: Response(*values) for key, *values in found.iter_rows()}

    @contextmanager
    def writing(self, model: str) -> Iterator[Write]:
        """Opens the store for more answers. What was added is kept whatever ends the block."""
        waiting: list[dict[str, object]] = []
        last = time.monotonic()

        def write(key: str, kind: str, response: Response) -> None:
            nonlocal last
            values = {name: getattr(response, name) for name in _COLUMNS}
            waiting.append({"model": model, "request": key, "kind": kind, **values})
            if len(waiting) >= _MOST or time.monotonic() - last >= _SECONDS:
                self._add(model, waiting)
                waiting.clear()
                last = time.monotonic()

        try:
            yield write
        finally:
            self._add(model, waiting)

    def _add(self, model: str, rows: list[dict[str, object]]) -> None:
        if not rows:
            return
        key = digest([model, sorted(str(row["request"]) for row in rows)])
        slot = f"{model}/{key}"
        with self._lake.part_writer(RESPONSES.name, slot, key, RESPONSES.schema) as writer:
            writer.write(pa.RecordBatch.from_pylist(rows, RESPONSES.schema))
        self._lake.commit(RESPONSES.name, {slot: [key]}, Lineage("score", slot, key, {"model": model}))
