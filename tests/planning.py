"""Plans stages as commands do, for tests that run one stage after the other."""

from collections.abc import Sequence
from typing import Any

from corpus.lake import Lake
from corpus.stage import Stage
from pomona import runner
from pomona.recipe import wanted as asked
from pomona.stages import Wanted


def wanted(sources: Sequence[str] = ("made",), **sections: Any) -> Wanted:
    """What some sections ask for, given by their fields: `dedup={"exact": False}`; the signals alone without one."""
    return asked(sections, sources)


def plan(name: str, lake: Lake, *, memory: int | None = None, **sections: Any) -> Stage:
    """One stage, planned against the lake as it is."""
    return wanted(**sections).plan(name, lake, memory)


def run(names: Sequence[str], lake: Lake, *, memory: int | None = None, workers: int = 1, **sections: Any) -> list[Any]:
    """Runs stages in order, each planned when the one before it has ended."""
    return [runner.run_planned(lake, plan(name, lake, memory=memory, **sections), workers=workers) for name in names]


def names(**sections: Any) -> list[str]:
    """The stages that a section asks for, without the signals."""
    return [name for name in wanted(**sections).names() if name != "signals"]
