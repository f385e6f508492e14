"""A stage: what it reads, what it writes and what its key depends on, planned against the lake as it is now.

A family's `stages.py` has one function per stage, which takes a `Context` and returns a `Stage`. Planning changes
nothing and reads only commits, which are small. `plan_items` may read footers of parts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from corpus import basis, schema
from corpus.lake import Lake
from corpus.task import Output, Step, WorkItem, digest

SettingsT = TypeVar("SettingsT", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Generic[SettingsT]):
    """The input of a stage's planning."""

    lake: Lake
    settings: SettingsT  # the family's section of the recipe
    shared: Any = None  # settings of the section around it, e.g. which copy is kept
    family: str  # name of the family
    others: Mapping[str, Any] = field(default_factory=dict)  # settings of all families that run, by name
    decided: tuple[str, ...] = ()  # the families before this one that have decided, in order
    sources: tuple[str, ...] = ()  # names of the sources, in the order of the recipe
    memory: int | None = None  # bytes of data that a worker may hold; None: as many as the work needs
    parser_memory: int | None = None  # bytes that a worker's parser may use

    def basis(self, through: str | None = None) -> dict[str, Any]:
        """Returns the basis of decisions that are made now (corpus.basis)."""
        return basis.basis(self.lake, self.decided, through)

    def inherited(self, table: str, slot: str | None = None) -> dict[str, Any]:
        """Returns the basis of decisions whose first step wrote `table` (corpus.basis)."""
        return basis.inherited(self.lake, self.decided, table, slot or slot_of(table))

    def contents(self, *tables: str) -> dict[str, Any]:
        """Returns the content of tables as inputs."""
        return basis.contents(self.lake, *tables)

    def n_rows(self, table: str) -> int:
        """Returns the number of rows of a table."""
        return sum(part.n_rows for part in self.lake.parts(table))

    def n_bytes(self, table: str) -> int:
        """Returns the bytes of a table on disk."""
        return sum(part.n_bytes for part in self.lake.parts(table))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A planned stage: what it would commit, and how to make it."""

    name: str
    outputs: tuple[Output, ...]  # the first one is written last: its part marks a work item as finished
    config: dict[str, Any]  # settings that change the result
    inputs: dict[str, Any]  # what the result is made from, as digests
    version: int  # raised when the code would give other rows
    step: Step
    plan_items: Callable[[], list[WorkItem]]
    prepare: Callable[[], None] | None = None  # makes what workers need besides tables, before the first item runs
    is_prepared: Callable[[], bool] | None = None  # whether that exists; without it, the stage is not current
    in_process: bool = False  # the step uses every core by itself, so it runs in one process
    may_be_empty: bool = False  # a result without rows is not a mistake
    keeps_documents: bool = False  # a result without rows may not replace one that has rows
    why_empty: Callable[[Sequence[str] | None], str] | None = None  # says why, for committed parts or for these keys
    facts: dict[str, Any] = field(default_factory=dict)  # for the report: sizes of the input

    @property
    def slot(self) -> str:
        """The slot that carries the stage's key."""
        return self.outputs[0].slot

    @property
    def key(self) -> str:
        """Digest of everything that the stage's result depends on."""
        return digest([self.name, self.config, self.inputs, self.version])


def output(table: str, slot: str | None = None, *, row_group_per_batch: bool = False) -> Output:
    """Returns a stage's output. By default, it is the one slot of a table that this stage alone writes."""
    return Output(table, slot or slot_of(table), schema.table(table).schema, row_group_per_batch)


def slot_of(table: str) -> str:
    """Returns the slot of a table that one stage alone writes."""
    return table.replace("_", "-")


def work_item(spec: Any, made_from: Sequence[Any], n_bytes: int, longest: int = 0) -> WorkItem:
    """Returns a work item. Its key is made from its spec and from everything else that its result depends on."""
    sizes = {name: _size(getattr(spec, name)) for name in spec.__dataclass_fields__}
    label = ", ".join(f"{name} {size}" for name, size in sizes.items()) or "all"
    return WorkItem(digest([spec, *made_from]), label, n_bytes, spec, longest)


def _size(value: Any) -> Any:
    return len(value) if isinstance(value, tuple) else value
