"""A stage family: everything that the rest of Pomona needs to know of some stages, in one value.

A family lives in one folder, its room, with the same files everywhere:

  family.py     FAMILY, this value; light, because the command line reads all of them
  settings.py   the recipe's section, as a pydantic model
  tables.py     TABLES: the Arrow schemas of its own tables
  stages.py     one function per stage: Context -> Stage
  steps.py      the steps as workers run them, and the kernels around them
  views.py      what a person asks of its tables, as frozen dataclasses
  rates.py      how fast its kernels are on this machine, for `pomona calibrate`; typical rates count without it
  costs.py      what a stage costs whose cost does not follow from the bytes that it reads, for `pomona plan`

`pomona.pipeline` puts the families in order. The recipe, its errors, the budget, staleness, reports and documents come
from there: nothing else names a stage.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from corpus.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from corpus.lake import Lake
    from corpus.schema import Table
    from corpus.stage import Context, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Time, memory and disk of a stage, for `pomona plan` and `--memory`."""

    work: str = ""  # kind of work, whose rate `pomona calibrate` measures; the family's name by default
    mb_per_second: float = 30.0  # of its input on one core, on a typical machine; a number of `unit` if it has another
    unit: str = "MB/s per core"  # of its rate; another one needs a `costs.py`
    share: float = 1.0  # of the time of that work which this stage takes
    reads: Literal["files", "text", "signals"] = "text"  # what its input grows with
    writes: float = 0.1  # bytes on disk for each byte of input
    held_per_byte: float = 5.0  # bytes that a worker holds for each byte of its work item
    held_per_longest: float = 0.0  # bytes that a worker holds for each byte of the longest document
    sized_to_memory: bool = False  # its work items are cut to fit the memory that a worker may use
    parses_files: bool = False  # its workers read raw files, and parse them in a process of their own


@dataclass(frozen=True, slots=True)
class Spent:
    """What a stage will cost, as a room's `costs.py` finds it."""

    n_bytes: int  # of its input
    minutes: float
    peak_bytes: int  # memory of all its processes
    disk_bytes: int  # of its output


@dataclass(frozen=True, slots=True)
class Entry:
    """A stage of a family, by the name of the function that plans it."""

    name: str  # of the stage; of a family whose section is a list, what stands before the entry's name: mix:NAME
    function: str  # in the family's `stages.py`, or with its module: corpus.shards.stages:shards
    cost: Cost
    needs: str = ""  # family without which the stage does not run; '' for none


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the recipe, and a command, that several families share."""

    name: str  # of the section and of the command
    doc: str
    settings: type[Settings]  # what the families have in common


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # each is one of a kind
class Family:
    """Some stages that make one thing together."""

    name: str  # of the family, and of the slot that it decides in
    room: str  # package with the files above
    doc: str  # of its section in a recipe
    settings: type[Settings] | None = None  # None: the section is `true` or `false`
    section: str = ""  # field of the recipe; the name by default
    within: Section | None = None  # the section around it
    by_default: Literal["on", "off", "required", "always"] = "off"  # "always": not in a recipe, runs in any case
    per_entry: bool = False  # its section is a list, and it has its stages once per entry
    reads_sources: bool = False  # its entries are the sources of raw files
    stages: tuple[Entry, ...]
    decides: bool = False  # it writes `decisions`
    copies: str = ""  # what the documents that it drops as copies are called, e.g. near-duplicates; '' for no copies
    cuts: str = ""  # heading of what it cuts out of documents; '' if it cuts nothing
    reasons: Mapping[str, str] = field(default_factory=dict)  # reasons of its decisions, and what they mean

    @property
    def field(self) -> str:
        """Field of the recipe, or of the section around it."""
        return self.section or self.name

    @property
    def path(self) -> str:
        """Its section in a recipe, with the section around it."""
        return f"{self.within.name}.{self.field}" if self.within else self.field

    @property
    def commanded_by(self) -> str:
        """The command that brings it up to date."""
        return self.within.name if self.within else self.name

    def names(self, entries: tuple[str, ...] = ()) -> list[str]:
        """Names of its stages, in order; `entries` are those of its section, if that is a list."""
        if self.per_entry:
            return [f"{one.name}:{entry}" for entry in entries for one in self.stages]
        return [entry.name for entry in self.stages]

    def entry(self, stage: str) -> Entry:
        """The entry of a stage."""
        name = stage.partition(":")[0] if self.per_entry else stage
        return next((entry for entry in self.stages if entry.name == name), self.stages[0])

    def has(self, stage: str) -> bool:
        """Whether it has a stage of this name, or is itself called so."""
        if self.per_entry and ":" in stage:
            return any(stage.startswith(f"{entry.name}:") for entry in self.stages)
        return stage == self.name or any(entry.name == stage for entry in self.stages)

    def planner(self, stage: str) -> "Callable[[Context[Any]], Stage]":
        """The function that plans the stage of this name."""
        module, _, name = self.entry(stage).function.rpartition(":")
        function: Callable[[Context[Any]], Stage] = getattr(import_module(module or f"{self.room}.stages"), name)
        return function

    def plan(self, stage: str, context: "Context[Any]") -> "Stage":
        """The stage of this name, planned against the lake as it is."""
        planned = self.planner(stage)(context)
        assert planned.name == stage, (planned.name, stage)
        return planned

    def tables(self) -> "tuple[Table, ...]":
        """Its own tables."""
        return getattr(self._face("tables"), "TABLES", ())

    def rates(self, text: "pa.Array") -> dict[str, float]:
        """MB/s on one core of its kinds of work, and of those of all families of the room, measured on some texts."""
        measure: Callable[[pa.Array], dict[str, float]] | None = getattr(self._face("rates"), "rates", None)
        return measure(text) if measure else {}

    def spent(self, stage: str, settings: Mapping[str, Any], text_bytes: float, rate: float) -> Spent | None:
        """What a stage will cost, from the settings of all families and the size of the corpus; None if that follows
        from the bytes that it reads."""
        cost: Callable[..., Spent] | None = getattr(self._face("costs"), "spent", None)
        return cost(stage.partition(":")[2], settings, text_bytes, rate) if cost else None

    def example(self) -> Settings | None:
        """Settings to try it with: those in `rates.py`, or the default ones; None if it needs entries."""
        if self.settings is None or self.per_entry:
            return None
        return getattr(self._face("rates"), "EXAMPLE", None) or self.settings()

    def meanings(self, lake: "Lake | None" = None) -> Mapping[str, str]:
        """What each reason means. A family whose reasons are many has a function `reasons` in `views.py` instead."""
        listed: Callable[[Lake | None], Mapping[str, str]] | None = None
        if self.decides:
            listed = getattr(self._face("views"), "reasons", None)
        return {**self.reasons, **(listed(lake) if listed else {})}

    def _face(self, name: str) -> Any:
        """A module of the room, or None if the room has none of that name."""
        module = f"{self.room}.{name}"
        return import_module(module) if find_spec(module) else None
