"""What made the lake as it is now: each stage with its settings, time and throughput."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpus.lake import Lake
from pomona import stages


@dataclass(frozen=True, slots=True)
class Made:
    """One stage, as it last ran."""

    stage: str
    key: str  # first digits
    version: int
    package: str
    config: Mapping[str, Any]
    items: int | None  # work items
    workers: int | None
    seconds: float
    mb_per_second: float | None  # of its input
    peak_bytes: int  # of the largest process, until the stage ended


def lineage(lake: Lake) -> list[Made]:
    """Every stage that made what the tables have now, in the order in which stages run."""
    made = {one.stage: one for table in lake.tables() for one in lake.lineages(table).values()}
    names = stages.order()
    places = {name: place for place, name in enumerate(names)}

    def place(name: str) -> tuple[int, str]:
        return places.get(name, places.get(name.partition(":")[0], len(names))), name

    return [_made(made[name]) for name in sorted(made, key=place)]


def _made(one: Any) -> Made:
    facts, seconds = one.facts, float(one.facts.get("seconds", 0))
    return Made(
        stage=one.stage,
        key=one.key[:12],
        version=one.stage_version,
        package=one.package_version,
        config=one.config,
        items=facts.get("items"),
        workers=facts.get("workers"),
        seconds=seconds,
        mb_per_second=float(facts.get("n_bytes", 0)) / 1e6 / seconds if seconds else None,
        peak_bytes=facts.get("peak_bytes", 0),
    )
