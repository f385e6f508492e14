"""Everything about stages that follows from the families and their order: names, plans, what decides before what."""

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
    """The family that a stage belongs to, by the stage's name, or the family of this name."""
    family = _family_of(stage)
    if family is None:
        raise UserError(f"no stage is called {stage!r}")
    return family


def known(stage: str) -> bool:
    """Whether there is a stage of that name in this version."""
    return _family_of(stage) is not None


def _family_of(stage: str) -> Family | None:
    for family in pipeline.FAMILIES:
        if stage == family.name or stage in family.names() or (family.per_entry and _is_entry(stage, family)):
            return family
    return None


def _is_entry(stage: str, family: Family) -> bool:
    return stage.startswith(f"{family.name}:")


def cost(stage: str) -> Cost:
    """What a stage is expected to take."""
    return family_of(stage).entry(stage).cost


def reads_sources(stage: str) -> bool:
    """Whether a stage reads raw files, so that its documents are those of one source."""
    return _is_entry(stage, source_family())


def source_family() -> Family:
    """The family that has one stage per source."""
    return next(family for family in pipeline.FAMILIES if family.per_entry)


def source_of(stage: str) -> str:
    """The source that a stage reads."""
    return stage.partition(":")[2]


def deciding() -> tuple[str, ...]:
    """Names of the families that decide, in order; they are slots of `decisions`, too."""
    return tuple(family.name for family in pipeline.FAMILIES if family.decides)


def run_together(family: Family) -> tuple[str, ...]:
    """The deciding families that one command runs with this one: those of its section, or itself alone."""
    if family.within is None:
        return (family.name,)
    return tuple(one.name for one in pipeline.FAMILIES if one.within is family.within and one.decides)


def decided(lake: "Lake") -> list[str]:
    """The families that have decided in a lake, in order."""
    made = lake.lineages("decisions") if lake.exists("decisions") else {}
    return [name for name in deciding() if name in made]


def decided_before(lake: "Lake", family: str) -> tuple[str, ...]:
    """The families before this one that have decided: it does not see what they dropped."""
    return tuple(name for name in decided(lake) if place(name) < place(family))


def place(stage: str) -> int:
    """Where the family of a stage is in the order; stages of one family are at one place."""
    return pipeline.FAMILIES.index(family_of(stage))


def order() -> list[str]:
    """Every stage's name, in order; the stages of sources as one."""
    return [name for family in pipeline.FAMILIES for name in (family.names() or [family.name])]


def meanings(lake: "Lake | None" = None) -> dict[str, str]:
    """What each reason of `decisions` means; with the limits in force in a lake, if one is given."""
    return {reason: text for family in pipeline.FAMILIES for reason, text in family.meanings(lake).items()}


def tables() -> "list[Table]":
    """Every table: shared ones first, then those of each family, in order."""
    from corpus import schema

    own = [table for family in pipeline.FAMILIES for table in family.tables()]
    return list({table.name: table for table in [*schema.SHARED, *own]}.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to run: families with their settings, as a recipe or a command asks for them."""

    settings: Mapping[str, Any]  # by family; None for one without settings, a tuple for one with a stage per entry
    shared: Mapping[str, Any] = field(default_factory=dict)  # by section: what its families have in common
    sources: tuple[str, ...] = ()  # names, in the order that decides which copy stays

    @classmethod
    def by(cls, recipe: "BaseModel") -> "Wanted":
        """What a recipe asks for."""
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
        """The families of a recipe's section that are on, and those that run in any case before them."""
        alone = next((f for f in pipeline.FAMILIES if f.within is None and f.field == name), None)
        if alone:
            return cls.of({alone.name: settings}, sources=sources)
        inside = [family for family in pipeline.FAMILIES if family.within and family.within.name == name]
        return replace(cls.of(_on(settings, inside), sources=sources), shared={name: settings})

    def __or__(self, other: "Wanted") -> "Wanted":
        """Both."""
        shared = {**self.shared, **other.shared}
        return Wanted({**self.settings, **other.settings}, shared, other.sources or self.sources)

    @classmethod
    def of(cls, families: Mapping[str, Any], sources: tuple[str, ...] = ()) -> "Wanted":
        """Some families, by name, with their settings, and those that run in any case before them."""
        return cls(_always() | dict(families), {}, sources)

    @property
    def families(self) -> Iterator[Family]:
        """The families, in order."""
        return (family for family in pipeline.FAMILIES if family.name in self.settings)

    def names(self) -> list[str]:
        """Names of the stages, in the order in which they run."""
        return [name for family in self.families for name in self._names(family)]

    def _names(self, family: Family) -> list[str]:
        entries = self.settings[family.name] if family.per_entry else ()
        return family.names(tuple(entry.name for entry in entries))

    def mistakes(self) -> Iterator[tuple[str, UserError]]:
        """Yields (field of the recipe, what is wrong) for sources and signals that do not exist, and names in use."""
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
        """(section of the recipe, its settings), shared ones first."""
        yield from self.shared.items()
        for family in self.families:
            yield family.path, self.settings[family.name]

    def prepare(self) -> None:
        """Raises `UserError` for files that settings name and that cannot be read, before hours of other work."""
        for family in self.families:
            settings = self.settings[family.name]
            for one in settings if family.per_entry else (settings,):
                if hasattr(one, "prepare"):
                    one.prepare()

    def context(
        self, stage: str, lake: "Lake", memory: int | None = None, parser_memory: int | None = None
    ) -> "Context[Any]":
        """What a stage is planned from, in the lake as it is."""
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
            decided=decided_before(lake, family.name),
            sources=self.sources,
            memory=memory,
            parser_memory=parser_memory,
        )

    def plan(self, stage: str, lake: "Lake", memory: int | None = None, parser_memory: int | None = None) -> "Stage":
        """A stage, planned against the lake as it is; a worker may hold `memory` bytes, its parser some more."""
        return family_of(stage).plan(stage, self.context(stage, lake, memory, parser_memory))

    def plans(
        self, lake: "Lake", memory: int | None = None, parser_memory: int | None = None
    ) -> "dict[str, Callable[[], Stage]]":
        """For each stage, in order, what plans it when its turn comes."""
        return {name: partial(self.plan, name, lake, memory, parser_memory) for name in self.names()}

    def unwanted(self) -> tuple[str, ...]:
        """The deciding families that are not among these: what they decided is to leave the lake."""
        return tuple(name for name in deciding() if name not in self.settings)


def _always() -> dict[str, Any]:
    """The families that run whatever a recipe says; they have no settings."""
    return {family.name: None for family in pipeline.FAMILIES if family.by_default == "always"}


def _on(holder: Any, families: list[Family]) -> dict[str, Any]:
    """The families that a section turns on, with their settings: None and false mean off."""
    values = {family: getattr(holder, family.field) for family in families if family.by_default != "always"}
    is_on = {family: value for family, value in values.items() if value is not None and value is not False}
    return {family.name: value if family.settings else None for family, value in is_on.items()}


def _numeric_signals() -> set[str]:
    from filters import signals

    return {name for name, signal in signals.signals().items() if signal.is_number}


tables()  # every table is known from here on: a lake is asked for tables by name, also for those that it does not have
