"""Which decisions hold: those that were made from what the lake holds now, and from each other as they are.

Every deciding stage records its basis: the documents that it saw, and the decisions and cuts of the stages before it.
Where the basis is another now, the stage is out of date, and nobody combines its decisions with those of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus import basis
from corpus.errors import UserError, counted
from corpus.ingest import steps
from corpus.lake import Lake, Lineage
from corpus.task import digest
from pomona import stages

_MOST_NAMED = 5  # sources that a message names
_OTHER_DOCUMENTS = "since it decided, documents that it saw were taken out, changed or got other ids"


@dataclass(frozen=True, slots=True)
class OutOfDate:
    """A stage whose decisions do not hold."""

    stage: str
    why: str
    command: str  # brings it up to date; '' where none is known

    def __str__(self) -> str:
        name = stages.family_of(self.stage).commanded_by
        command = self.command or f"pomona {name} ..., or the recipe that made it"
        how = f"; bring it up to date: {command}"
        return f"stage {self.stage!r} is out of date: {self.why}{how}"


def out_of_date(lake: Lake, before: str | None = None) -> list[OutOfDate]:
    """The stages whose decisions do not hold, in the order in which they run; only those before one, if it is named."""
    with lake.snapshot():
        return _out_of_date(lake, stages.decided_before(lake, before) if before else stages.decided(lake))


def _out_of_date(lake: Lake, slots: Sequence[str]) -> list[OutOfDate]:
    stale = _older_documents(lake)
    for slot in slots:
        made = lake.current("decisions", slot)
        assert made is not None, slot
        why = _why(lake, slot, made)
        if why is None and stale:
            why = f"{stale[0].stage!r}, which runs before it, is"
        if why is not None:
            stale.append(OutOfDate(slot, why, _command(lake, slot, made)))
    return stale


def _command(lake: Lake, slot: str, made: Lineage) -> str:
    """What brings a stage up to date. Families of one section share a command, the last one: another would undo it."""
    family = stages.family_of(slot)
    together = stages.run_together(family)
    if len(together) > 1:
        last = next((c.lineage for c in lake.history("decisions") if c.lineage and c.lineage.slot in together), made)
        made = made if last.dropped or not last.facts.get("command") else last
    return str(made.facts.get("command", ""))


def _older_documents(lake: Lake) -> list[OutOfDate]:
    """The sources that an older version ingested: their ids, and what was refused, were others."""
    made = lake.lineages("documents") if lake.exists("documents") else {}
    return [
        OutOfDate(one.stage, "an older version made it", str(one.facts.get("command", "")))
        for one in made.values()
        if stages.reads_sources(one.stage) and one.stage_version != steps.VERSION
    ]


def require(lake: Lake, before: str | None = None) -> None:
    """Raises `UserError`, in one line, where a stage that has decided (before another one) is out of date."""
    stale = out_of_date(lake, before)
    if stale:
        raise UserError(str(stale[0]))


def _why(lake: Lake, slot: str, made: Lineage) -> str | None:
    """Why the stage's decisions do not hold, or None where they do."""
    if made.facts.get("announced"):
        return "its run did not end"
    now = basis.basis(lake, stages.decided_before(lake, slot))
    if "decided" not in made.inputs:
        return "an older version made it"
    earlier = _earlier_stage(made.inputs["decided"], now["decided"])
    if made.inputs.get("documents") != now["documents"] or not _decided_all(lake, slot):
        return _new_documents(lake, slot) or earlier or _OTHER_DOCUMENTS
    return earlier


def _earlier_stage(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """Which stage before it has decided anew, or decides no more."""
    for name in stages.deciding():
        if before.get(name) != now.get(name):
            if name not in now:
                return f"{name!r} before it decides no more"
            return f"{name!r} ran {'again ' if name in before else ''}after it"
    return None


def _decided_all(lake: Lake, slot: str) -> bool:
    """Whether the stage, if it is the first to decide, has a row for each document: a count that costs nothing."""
    if stages.decided_before(lake, slot):
        return True
    seen, there = lake.parts("decisions", slot), lake.parts("documents")
    return sum(part.n_rows for part in seen) == sum(part.n_rows for part in there)


def _new_documents(lake: Lake, slot: str) -> str | None:
    """Which documents came after the stages had decided; None where the first of them has seen all there are."""
    rows = undecided(lake, slot).group_by("source").len("n").sort("source").collect(engine="streaming").rows()
    if not rows:
        return None
    named = ", ".join(f"{n:,} of source {name!r}" for name, n in rows[:_MOST_NAMED])
    total = sum(n for _, n in rows)
    return f"{counted(total, 'document')} came after it and {'is' if total == 1 else 'are'} undecided ({named})"


def undecided(lake: Lake, slot: str) -> pl.LazyFrame:
    """id and source of the documents that the first stage to decide, this one or one before it, has not seen."""
    first = next(iter(stages.decided_before(lake, slot)), slot)
    seen = lake.scan("decisions", slot=first).select("id")
    return lake.scan("documents").select("id", "source").join(seen, on="id", how="anti")


def key(lake: Lake) -> str:
    """Stands for the documents and all that was decided on them."""
    with lake.snapshot():
        return digest([basis.basis(lake, stages.decided(lake))])
