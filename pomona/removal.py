"""Removes from the newest version what a recipe no longer requests.

A stage's decisions are removed right before the next stage that would see them. Sources are removed after the others
were ingested. So a command that fails or is killed earlier has removed nothing. Decisions of later stages depend on the
removed data, so they no longer hold. If the next stage has no decisions yet, an announcement takes their place, and
readers refuse to ignore it.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from corpus import schema
from corpus.errors import unknown
from corpus.ingest.stages import TABLES as OF_SOURCES
from corpus.ingest.stages import slot as slot_of_source
from corpus.lake import Lake, Lineage
from corpus.lease import Lease, hold
from pomona import command_line, stages
from pomona.version import __version__


@dataclass(frozen=True, slots=True)
class Removal:
    """Decisions and sources that are to be removed from a lake."""

    stages: tuple[str, ...] = ()  # slots of deciding stages
    sources_but: frozenset[str] | None = None  # sources that stay, all others are removed; None: no source is removed

    def due(self, lake: Lake, before: str | None) -> "Due":
        """Returns what must be removed before a stage runs; everything if `before` is None, at the end of the run."""
        is_late = before is None or not stages.reads_sources(before)
        with lake.snapshot():
            slots = _decided(lake, self.stages)
            sources = _other_sources(lake, self.sources_but) if is_late and self.sources_but is not None else []
        if before is not None:
            slots = [slot for slot in slots if stages.place(slot) < stages.place(before)]
        return Due(tuple(slots), tuple(sources))


NOTHING = Removal()


def drop_source(lake: Lake, name: str) -> None:
    """Removes one source from the newest version; raises `UserError` if no source has that name."""
    sources = _other_sources(lake, frozenset())
    if name not in sources:
        raise unknown("source", name, sources)
    for _ in Due((), (name,)).leave(lake, None):
        pass


@dataclass(frozen=True, slots=True)
class Due:
    """Decisions and sources that are to be removed now."""

    stages: tuple[str, ...]  # slots of deciding stages
    sources: tuple[str, ...]  # names

    def __bool__(self) -> bool:
        return bool(self.stages or self.sources)

    def leave(self, lake: Lake, then: str | None) -> Iterator[tuple[str, str]]:
        """Removes them and yields (name, table) of each; `then` is the deciding stage that runs next, if any."""
        if self.stages and then is not None and not _decided(lake, [then]):
            _announce(lake, then)
        for name in self.sources:
            _drop(lake, name, _stage(name), slot_of_source(name), OF_SOURCES[::-1])  # documents last
            yield name, "documents"
        for slot in self.stages:
            tables = [table for table in lake.tables() if table != "decisions" and table not in OF_SOURCES]
            _drop(lake, slot, slot, slot, (*tables, "decisions"))  # decisions last
            yield slot, "decisions"


def _decided(lake: Lake, slots: Iterable[str]) -> list[str]:
    lineages = lake.lineages("decisions") if lake.exists("decisions") else {}
    return [slot for slot in slots if slot in lineages]


def _other_sources(lake: Lake, wanted: frozenset[str]) -> list[str]:
    names = {lineage.stage for table in OF_SOURCES if lake.exists(table) for lineage in lake.lineages(table).values()}
    return sorted({stages.source_of(stage) for stage in names} - wanted)


def _stage(source: str) -> str:
    """Returns the name of the stage that reads a source."""
    return stages.source_family().names((source,))[0]


def _announce(lake: Lake, slot: str) -> None:
    """Announces that a stage will decide: until then, no reader treats the lake as if the stage was not requested."""
    facts = {"command": command_line.current(), "announced": True}
    lineage = Lineage(slot, slot, "", package_version=__version__, facts=facts)
    with _held(lake, slot, f"announces {slot}") as lease:
        lake.commit("decisions", {slot: []}, lineage, schema.TABLES["decisions"].schema, token=lease.token)


def _drop(lake: Lake, name: str, stage: str, slot: str, tables: Iterable[str]) -> None:
    with _held(lake, stage, f"drops {name}") as lease:
        facts = {"command": command_line.current()}
        lineage = Lineage(f"drop:{name}", slot, "", package_version=__version__, facts=facts)
        for table in tables:
            if lake.exists(table) and slot in lake.lineages(table):
                arrow = lake.schema(table) if schema.TABLES[table].open_ended else schema.TABLES[table].schema
                lake.commit(table, {slot: []}, lineage, arrow, token=lease.token)


def _held(lake: Lake, stage: str, purpose: str) -> AbstractContextManager[Lease]:
    return hold(lake, stage, purpose=command_line.current() or purpose, tell=partial(print, file=sys.stderr))
