"""The stages that made the current state of the lake, with their settings, times and throughputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpus.lake import Lake
from pomona import stages


@dataclass(frozen=True, slots=True)
class Made:
    """The last run of one stage."""

    stage: str
    key: str  # its first 12 digits
    version: int  # of the stage
    package: str  # version of Pomona
    config: Mapping[str, Any]
    items: int | None  # work items
    workers: int | None
    seconds: float
    mb_per_second: float | None  # of its input
    peak_bytes: int  # of the largest process, until the stage ended


def lineage(lake: Lake) -> list[Made]:
    """Returns every stage that made current data of the tables, in the order in which stages run."""
    lineages = {one.stage: one for table in lake.tables() for one in lake.lineages(table).values()}
    names = stages.order()
    places = {name: place for place, name in enumerate(names)}

    def place(name: str) -> tuple[int, str]:
        return places.get(name, places.get(name.partition(":")[0], len(names))), name

    return [_made(lineages[name]) for name in sorted(lineages, key=place)]


def _made(lineage: Any) -> Made:
    facts, seconds = lineage.facts, float(lineage.facts.get("seconds", 0))
    return Made(
        stage=lineage.stage,
        key=lineage.key[:12],
        version=lineage.stage_version,
        package=lineage.package_version,
        config=lineage.config,
        items=facts.get("items"),
        workers=facts.get("workers"),
        seconds=seconds,
        mb_per_second=float(facts.get("n_bytes", 0)) / 1e6 / seconds if seconds else None,
        peak_bytes=facts.get("peak_bytes", 0),
    )
