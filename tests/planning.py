"""Plans stages as commands do, for tests that run one stage after the other."""

from collections.abc import Sequence
from typing import Any

from corpus.dedup.settings import DEDUP
from corpus.lake import Lake
from corpus.stage import Stage
from pomona import runner
from pomona.recipe import section
from pomona.stages import Wanted

FIELDS = {"decontaminate": "decontam", "filter": "filter"}  # sections that are a family


def wanted(sources: Sequence[str] = ("made",), **sections: Any) -> Wanted:
    """What one section asks for, given by its fields: `dedup={"exact": False}`; the signals alone without one."""
    for name, fields in sections.items():
        settings = section(name).model_validate(fields)
        if name == DEDUP.name:
            return Wanted.of_section(DEDUP, settings, tuple(sources))
        return Wanted.of({FIELDS[name]: settings}, sources=tuple(sources))
    return Wanted({"signals": None})


def plan(name: str, lake: Lake, *, memory: int | None = None, **sections: Any) -> Stage:
    """One stage, planned against the lake as it is."""
    return wanted(**sections).plan(name, lake, memory)


def run(names: Sequence[str], lake: Lake, *, memory: int | None = None, workers: int = 1, **sections: Any) -> list[Any]:
    """Runs stages in order, each planned when the one before it has ended."""
    return [runner.run_planned(lake, plan(name, lake, memory=memory, **sections), workers=workers) for name in names]


def names(**sections: Any) -> list[str]:
    """The stages that a section asks for, without the signals."""
    return [name for name in wanted(**sections).names() if name != "signals"]
