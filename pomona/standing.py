"""Finds the stages that are out of date: those whose decisions were made from other documents or decisions.

Every deciding stage records its basis: the documents that it saw, and the decisions and cuts of the stages before it.
If the basis has changed since, the stage is out of date, and readers do not combine its decisions with those of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus import basis
from corpus.errors import UserError, counted
from corpus.forgetting.journal import require_none
from corpus.ingest.version import VERSION
from corpus.lake import Lake, Lineage
from corpus.task import digest
from pomona import stages

_MOST_NAMED = 5  # sources that a message names
_OTHER_DOCUMENTS = "documents that it saw were removed or changed, or got other ids, since it decided"


@dataclass(frozen=True, slots=True)
class OutOfDate:
    """A stage whose decisions no longer hold."""

    stage: str
    why: str
    command: str  # that brings it up to date; '' if it is not known

    def __str__(self) -> str:
        name = stages.family_of(self.stage).commanded_by
        command = self.command or f"pomona {name} ..., or the recipe that made it"
        how = f"; bring it up to date: {command}"
        return f"stage {self.stage!r} is out of date: {self.why}{how}"


def out_of_date(lake: Lake, before: str | None = None) -> list[OutOfDate]:
    """Returns the stages that are out of date, in the order in which they run; `before` limits it to earlier ones."""
    with lake.snapshot():
        return _out_of_date(lake, stages.decided_before(lake, before) if before else stages.decided(lake))


def _out_of_date(lake: Lake, slots: Sequence[str]) -> list[OutOfDate]:
    stale = _older_documents(lake)
    for slot in slots:
        lineage = lake.current("decisions", slot)
        assert lineage is not None, slot
        why = _why(lake, slot, lineage)
        if why is None and stale:
            why = f"{stale[0].stage!r}, which runs before it, is out of date"
        if why is not None:
            stale.append(OutOfDate(slot, why, _command(lake, slot, lineage)))
    return stale


def _command(lake: Lake, slot: str, lineage: Lineage) -> str:
    """Returns the command that brings a stage up to date.

    Families of one section share the last command, because an earlier one would undo it.
    """
    family = stages.family_of(slot)
    together = stages.run_together(family)
    if len(together) > 1:
        last = next((c.lineage for c in lake.history("decisions") if c.lineage and c.lineage.slot in together), lineage)
        lineage = last if last.facts.get("command") else lineage
    return str(lineage.facts.get("command", ""))


def _older_documents(lake: Lake) -> list[OutOfDate]:
    """Returns the sources that an older version ingested, with other ids and other rejects."""
    lineages = lake.lineages("documents") if lake.exists("documents") else {}
    return [
        OutOfDate(lineage.stage, "an older version made it", str(lineage.facts.get("command", "")))
        for lineage in lineages.values()
        if stages.reads_sources(lineage.stage) and lineage.stage_version != VERSION
    ]


def require(lake: Lake, before: str | None = None) -> None:
    """Raises `UserError`, in one line, if a deciding stage is out of date; `before` limits it to earlier ones."""
    require_none(lake)
    stale = out_of_date(lake, before)
    if stale:
        raise UserError(str(stale[0]))


def _why(lake: Lake, slot: str, lineage: Lineage) -> str | None:
    """Says why the stage's decisions no longer hold; None if they hold."""
    if lineage.facts.get("announced"):
        return "its run did not end"
    now = basis.basis(lake, stages.decided_before(lake, slot))
    if "decided" not in lineage.inputs:
        return "an older version made it"
    earlier = _earlier_stage(lineage.inputs["decided"], now["decided"])
    if lineage.inputs.get("documents") != now["documents"] or not _decided_all(lake, slot):
        return _new_documents(lake, slot) or earlier or _OTHER_DOCUMENTS
    return earlier


def _earlier_stage(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """Says which earlier stage has decided again, or no longer decides; None if no stage has."""
    for name in stages.deciding():
        if before.get(name) != now.get(name):
            if name not in now:
                return f"{name!r} before it no longer decides"
            return f"{name!r} ran {'again ' if name in before else ''}after it"
    return None


def _decided_all(lake: Lake, slot: str) -> bool:
    """Whether the stage, if it is the first to decide, has a row for each document; the count reads no data."""
    if stages.decided_before(lake, slot):
        return True
    seen, documents = lake.parts("decisions", slot), lake.parts("documents")
    return sum(part.n_rows for part in seen) == sum(part.n_rows for part in documents)


def _new_documents(lake: Lake, slot: str) -> str | None:
    """Says which documents were added after the stages had decided; None if the first stage has seen all of them."""
    rows = undecided(lake, slot).group_by("source").len("n").sort("source").collect(engine="streaming").rows()
    if not rows:
        return None
    named = ", ".join(f"{n:,} of source {name!r}" for name, n in rows[:_MOST_NAMED])
    total = sum(n for _, n in rows)
    return f"{counted(total, 'document')} came after it and {'is' if total == 1 else 'are'} undecided ({named})"


def undecided(lake: Lake, slot: str) -> pl.LazyFrame:
    """Returns id and source of the documents that the first deciding stage, this one or an earlier one, did not see."""
    first = next(iter(stages.decided_before(lake, slot)), slot)
    seen = lake.scan("decisions", slot=first).select("id")
    return lake.scan("documents").select("id", "source").join(seen, on="id", how="anti")


def key(lake: Lake) -> str:
    """Returns a digest of the documents and all decisions on them."""
    with lake.snapshot():
        return digest([basis.basis(lake, stages.decided(lake))])
