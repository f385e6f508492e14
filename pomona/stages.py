"""Everything about stages that follows from the families and their order: names, plans, and which decides first."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError, unknown
from corpus.family import Cost, Family
from pomona import pipeline

if TYPE_CHECKING:
    from pydantic import BaseModel

    from corpus.lake import Lake
    from corpus.schema import Table
    from corpus.stage import Context, Stage


def family_of(stage: str) -> Family:
    """Returns the family of a stage, by the name of the stage or of the family."""
    family = _family_of(stage)
    if family is None:
        raise UserError(f"no stage is called {stage!r}")
    return family


def known(stage: str) -> bool:
    """Whether this version has a stage of that name."""
    return _family_of(stage) is not None


def _family_of(stage: str) -> Family | None:
    for family in pipeline.FAMILIES:
        if family.has(stage):
            return family
    return None


def cost(stage: str) -> Cost:
    """Returns the expected cost of a stage."""
    return family_of(stage).entry(stage).cost


def reads_sources(stage: str) -> bool:
    """Whether a stage reads the raw files of one source."""
    return ":" in stage and source_family().has(stage)


def source_family() -> Family:
    """Returns the family that has one stage per source."""
    return next(family for family in pipeline.FAMILIES if family.reads_sources)


def source_of(stage: str) -> str:
    """Returns the name of the entry that a stage is about, e.g. the source that it reads."""
    return stage.partition(":")[2]


def deciding() -> tuple[str, ...]:
    """Returns the names of the deciding families, in order; they are also slots of `decisions`."""
    return tuple(family.name for family in pipeline.FAMILIES if family.decides)


def run_together(family: Family) -> tuple[str, ...]:
    """Returns the deciding families that run with this one in one command: those of its section, or only itself."""
    if family.within is None:
        return (family.name,)
    return tuple(other.name for other in pipeline.FAMILIES if other.within is family.within and other.decides)


def decided(lake: "Lake") -> list[str]:
    """Returns the families that have decided in a lake, in order."""
    lineages = lake.lineages("decisions") if lake.exists("decisions") else {}
    return [name for name in deciding() if name in lineages]


def decided_before(lake: "Lake", family: str) -> tuple[str, ...]:
    """Returns the families before this one that have decided; it does not see the documents that they dropped."""
    return tuple(name for name in decided(lake) if place(name) < place(family))


def place(stage: str) -> int:
    """Returns the position of a stage's family in the order; stages of one family have the same position."""
    return pipeline.FAMILIES.index(family_of(stage))


def order() -> list[str]:
    """Returns the name of every stage, in order; the stages of all sources count as one."""
    return [name for family in pipeline.FAMILIES for name in (family.names() or [family.name])]


def meanings(lake: "Lake | None" = None) -> dict[str, str]:
    """Returns the meaning of each reason of `decisions`, with the limits in force in a lake, if one is given."""
    return {reason: text for family in pipeline.FAMILIES for reason, text in family.meanings(lake).items()}


def tables() -> "list[Table]":
    """Returns every table: shared ones first, then those of each family, in order."""
    from corpus import schema

    own = [table for family in pipeline.FAMILIES for table in family.tables()]
    return list({table.name: table for table in [*schema.SHARED, *own]}.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """The families that are to run, with their settings, as a recipe or a command requests them."""

    settings: Mapping[str, Any]  # by family; None for one without settings, a tuple for one with a stage per entry
    shared: Mapping[str, Any] = field(default_factory=dict)  # by section: the settings that its families share
    sources: tuple[str, ...] = ()  # names, in the order that decides which copy is kept

    @classmethod
    def by(cls, recipe: "BaseModel") -> "Wanted":
        """Returns what a recipe requests."""
        settings = _always()
        settings |= _on(recipe, [family for family in pipeline.FAMILIES if not family.within])

        shared: dict[str, Any] = {}
        for section in {family.within for family in pipeline.FAMILIES if family.within}:
            holder = getattr(recipe, section.name)
            if holder is not None:
                shared[section.name] = holder
                settings |= _on(holder, [family for family in pipeline.FAMILIES if family.within is section])

        sources = settings.get(source_family().name, ())
        return cls(settings, shared, tuple(source.name for source in sources))

    @classmethod
    def of_section(cls, name: str, settings: Any, sources: tuple[str, ...]) -> "Wanted":
        """Returns the families of a recipe's section that are on, and those that always run before them."""
        alone = next((f for f in pipeline.FAMILIES if f.within is None and f.field == name), None)
        if alone:
            return cls.of({alone.name: settings}, sources=sources)
        inside = [family for family in pipeline.FAMILIES if family.within and family.within.name == name]
        return replace(cls.of(_on(settings, inside), sources=sources), shared={name: settings})

    def __or__(self, other: "Wanted") -> "Wanted":
        """Combines both; the settings of `other` take precedence."""
        shared = {**self.shared, **other.shared}
        return Wanted({**self.settings, **other.settings}, shared, other.sources or self.sources)

    @classmethod
    def of(cls, families: Mapping[str, Any], sources: tuple[str, ...] = ()) -> "Wanted":
        """Returns some families, by name, with their settings, and those that always run before them."""
        return cls(_always() | dict(families), {}, sources)

    @property
    def families(self) -> Iterator[Family]:
        """Returns the families, in order."""
        return (family for family in pipeline.FAMILIES if family.name in self.settings)

    def names(self) -> list[str]:
        """Returns the names of the stages, in the order in which they run."""
        return [name for family in self.families for name in self._names(family)]

    def _names(self, family: Family) -> list[str]:
        entries = self.settings[family.name] if family.per_entry else ()
        names = family.names(tuple(entry.name for entry in entries))
        needs = {name: family.entry(name).needs for name in names}
        return [name for name in names if not needs[name] or needs[name] in self.settings]

    def mistakes(self) -> Iterator[tuple[str, UserError]]:
        """Yields (field of the recipe, error) for sources and signals that do not exist, and for names in use."""
        from corpus.settings import Settings

        for place, settings in self._placed():
            if not isinstance(settings, Settings):
                continue
            for name_of, source in settings.source_names():
                if source not in self.sources:
                    yield f"{place}.{name_of}", unknown("source", source, self.sources)
            for name_of, reason in settings.reason_names():
                if reason in deciding():
                    yield f"{place}.{name_of}", UserError(f"{reason!r} is the name of a stage; choose another name")
            for name_of, signal in settings.signal_names():
                if signal not in (known := _numeric_signals()):
                    yield f"{place}.{name_of}", unknown("signal", signal, known)

    def _placed(self) -> Iterator[tuple[str, Any]]:
        """Yields (section of the recipe, its settings), shared ones first."""
        yield from self.shared.items()
        for family in self.families:
            settings = self.settings[family.name]
            if not family.per_entry:
                yield family.path, settings
            for entry in settings if family.per_entry else ():
                yield f"{family.path}.{entry.name}", entry

    def prepare(self) -> None:
        """Raises `UserError` if a file that the settings name cannot be read, before hours of other work."""
        for family in self.families:
            settings = self.settings[family.name]
            for entry in settings if family.per_entry else (settings,):
                if hasattr(entry, "prepare"):
                    entry.prepare()

    def context(
        self, stage: str, lake: "Lake", memory: int | None = None, parser_memory: int | None = None
    ) -> "Context[Any]":
        """Returns the context from which a stage is planned, for the current state of the lake."""
        from corpus.stage import Context

        family = family_of(stage)
        settings = self.settings[family.name]
        if family.per_entry:
            settings = next(entry for entry in settings if entry.name == source_of(stage))
        return Context(
            lake=lake,
            settings=settings,
            shared=self.shared.get(family.within.name) if family.within else None,
            family=family.name,
            others=self.settings,
            decided=decided_before(lake, family.name),
            sources=self.sources,
            memory=memory,
            parser_memory=parser_memory,
        )

    def plan(self, stage: str, lake: "Lake", memory: int | None = None, parser_memory: int | None = None) -> "Stage":
        """Plans a stage for the current state of the lake.

        A worker may hold `memory` bytes, and its parser `parser_memory` in addition.
        """
        return family_of(stage).plan(stage, self.context(stage, lake, memory, parser_memory))

    def plans(
        self, lake: "Lake", memory: int | None = None, parser_memory: int | None = None
    ) -> "dict[str, Callable[[], Stage]]":
        """Returns for each stage, in order, the function that plans it right before it runs."""
        return {name: partial(self.plan, name, lake, memory, parser_memory) for name in self.names()}

    def deciding_together(self) -> list[str]:
        """Returns the deciding families of the sections that these belong to, in order, also those that are off."""
        families = (family for family in pipeline.FAMILIES if family.decides)
        return [
            family.name
            for family in families
            if family.name in self.settings or (family.within and family.within.name in self.shared)
        ]

    def unwanted(self) -> tuple[str, ...]:
        """Returns the deciding families that are not among these; their decisions are to be removed from the lake."""
        return tuple(name for name in deciding() if name not in self.settings)


def _always() -> dict[str, Any]:
    """Returns the families that run with every recipe; they have no settings."""
    return {family.name: None for family in pipeline.FAMILIES if family.by_default == "always"}


def _on(holder: Any, families: list[Family]) -> dict[str, Any]:
    """Returns the families that a section turns on, with their settings; None and false mean off."""
    values = {family: getattr(holder, family.field) for family in families if family.by_default != "always"}
    is_on = {
        family: value for family, value in values.items() if value is not None and value is not False and value != ()
    }
    return {family.name: value if family.settings else None for family, value in is_on.items()}


def _numeric_signals() -> set[str]:
    from filters import signals

    return {name for name, signal in signals.signals().items() if signal.is_number}


tables()  # makes every table known: readers name tables, even those that a lake does not have
