"""The unit of work: a stage's input is cut into work items, and a step turns one item into rows of tables.

An item is planned the same way every time, so its key names its result. If a part with that name exists, the item is
finished. An executor runs a `Task`, on this machine or another (corpus.execution, corpus.engines).

A work item's spec is a small frozen dataclass or named tuple, which the step declares as `spec_type`. It is sent to
workers as JSON, which cannot run code, and is rebuilt there by `decoded`.
"""

import json
import re
import types
import typing
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from corpus import schema
from corpus.lake import Lake, PartWriter

ITEM_BYTES = 64 << 20  # bytes of input in one work item
_MOST_NAME = 64  # letters of a name (corpus.settings.NAME)


def digest(value: Any) -> str:
    """Returns 32 hex digits that identify a JSON value, the same on every machine. A dataclass counts as its fields."""
    return blake2b(json.dumps(value, sort_keys=True, default=_plain).encode(), digest_size=16).hexdigest()


def name_of(*parts: str) -> str:
    """Returns a name that recipes and files allow, of several parts; a long one is cut, and stays one of its own."""
    whole = "-".join(re.sub(r"[^A-Za-z0-9_.-]", "-", part) for part in parts)
    whole = whole.lstrip("_.-") or "unnamed"
    return whole if len(whole) <= _MOST_NAME else f"{whole[: _MOST_NAME - 9]}-{digest(parts)[:8]}"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return str(value)


@dataclass(frozen=True, slots=True)
class All:
    """The spec of a stage that has one work item, which reads everything."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A piece of a stage's input, of bounded size."""

    key: str  # names the parts that the item's result is written to
    label: str  # for a person
    n_bytes: int  # of input
    spec: Any  # what the step reads, of the step's `spec_type`
    longest: int = 0  # bytes of the longest document in the item: kernels hold several times that much


@dataclass(frozen=True, slots=True)
class Output:
    """A table that a stage writes, and the slot of the table that the stage owns."""

    table: str
    slot: str
    schema: pa.Schema
    row_group_per_batch: bool = False  # each batch is a row group, even an empty one, so a reader finds it by number


class Step(Protocol):
    """Turns a work item into batches of rows. A step can be pickled and keeps no state between items."""

    spec_type: ClassVar[Any]  # the type of its items' specs, or a union of types

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yields batches, each with the name of its table."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """The work of an executor: rank r runs the r-th item of the plan."""

    lake: Lake
    step: Step
    outputs: tuple[Output, ...]
    plan: str  # file below the lake with the pending items, one JSON document per line
    token: str = ""  # names the run (corpus.owner): files that its workers leave unfinished carry it
    tables: tuple[schema.Table, ...] = field(default_factory=lambda: tuple(schema.TABLES.values()))  # for the workers

    def __call__(self, data: Any, rank: int, world_size: int) -> None:
        """Runs one item. datatrove calls this with its own first and last arguments."""
        schema.declare(*self.tables)
        items = _read_plan(self.lake.url, tuple(self.lake.storage_options.items()), self.plan)
        key, label, n_bytes, spec = json.loads(items[rank])
        item = WorkItem(key, label, n_bytes, decoded(self.step.spec_type, spec))
        run_item(self.lake, self.step, self.outputs, item, self.token)


def run_item(lake: Lake, step: Step, outputs: Sequence[Output], item: WorkItem, token: str = "") -> None:
    """Writes the item's parts. Every output gets a part, even without rows. The first output's part appears last."""
    with lake.snapshot(), ExitStack() as stack:
        writers: dict[str, PartWriter] = {}
        for output in outputs:
            writer = lake.part_writer(
                output.table, output.slot, item.key, output.schema,
                row_group_per_batch=output.row_group_per_batch, token=token,
            )  # fmt: skip
            writers[output.table] = stack.enter_context(writer)

        for table, batch in step(item):
            writers[table].write(batch)


def write_plan(lake: Lake, folder: str, items: Sequence[WorkItem]) -> str:
    """Writes the items to a file in the folder, and returns its path. Runs with other items write another file."""
    path = f"{folder}/plan-{digest([item.key for item in items])}.jsonl"
    lines = (json.dumps([item.key, item.label, item.n_bytes, item.spec], default=_plain) for item in items)
    with lake.fs.open(path, "w") as file:
        file.writelines(line + "\n" for line in lines)
    return path


@lru_cache(maxsize=4)
def _read_plan(url: str, options: tuple[tuple[str, str], ...], plan: str) -> list[str]:
    with Lake(url, dict(options)).fs.open(plan, "r") as file:
        return list(file)


def decoded(kind: Any, value: Any) -> Any:
    """Rebuilds a value of a declared type from JSON: dataclasses, named tuples, tuples, and unions of dataclasses."""
    if isinstance(kind, types.UnionType):
        return _member(kind, value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(**{name: decoded(hints[name], inner) for name, inner in value.items()})
    if hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind)
        return kind(*(decoded(hints[name], inner) for name, inner in zip(kind._fields, value, strict=True)))
    if typing.get_origin(kind) is tuple:
        inner_kinds = typing.get_args(kind)
        if len(inner_kinds) == 2 and inner_kinds[1] is Ellipsis:
            return tuple(decoded(inner_kinds[0], inner) for inner in value)
        return tuple(decoded(each, inner) for each, inner in zip(inner_kinds, value, strict=True))
    return value


def _member(union: types.UnionType, value: Any) -> Any:
    """Rebuilds a value of a union. Among dataclasses, its type is the one with the same fields."""
    for kind in typing.get_args(union):
        if is_dataclass(kind) and isinstance(value, dict) and {one.name for one in fields(kind)} == value.keys():
            return decoded(kind, value)
        if value is not None and typing.get_origin(kind) is tuple:
            return decoded(kind, value)
    return value
