"""Which stages of a recipe are up to date, and if not, why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from corpus.lake import Lake, Lineage
from corpus.stage import Stage
from pomona import stages
from pomona.counts import rows_of
from pomona.recipe import Recipe
from pomona.removal import Due, Removal
from pomona.runner import is_current

NO_REMOVAL = Due((), ())
State = Literal["current", "stale", "missing"]


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a stage is up to date, and if not, why."""

    stage: str
    state: State
    why: str
    rows: dict[str, int]
    items_finished: int = 0


def status(lake: Lake, recipe: Recipe) -> Iterator[Status]:
    """Every stage's state. After one that will run, the next are stale too, if they see more than documents."""
    with lake.snapshot():
        yield from _status(lake, recipe)


def _status(lake: Lake, recipe: Recipe) -> Iterator[Status]:
    wanted = stages.Wanted.by(recipe)
    leaving = Removal(wanted.unwanted(), frozenset(wanted.sources)).due(lake, None)
    upstream: str | None = None
    of_new = False  # whether documents will change

    for name in wanted.names():
        if leaving and not stages.reads_sources(name):
            for gone in (*leaving.sources, *leaving.stages):
                yield Status(f"drop:{gone}", "stale", "the recipe no longer names it", {})
            upstream, of_new, leaving = upstream or "a removal", of_new or bool(leaving.sources), NO_REMOVAL

        stage = wanted.plan(name, lake)
        rows = rows_of(lake, stage)
        made = lake.current(stage.outputs[0].table, stage.slot)

        if made is None:
            finished = len(lake.finished(stage.outputs[0].table, stage.slot))
            why = f"never committed; {finished} work items finished" if finished else "never committed"
            yield Status(name, "missing", why, rows, finished)
        elif not is_current(lake, stage):
            yield Status(name, "stale", _why(made, stage), rows)
        elif upstream and not stages.reads_sources(name) and (of_new or not _of_documents(stage)):
            yield Status(name, "stale", f"{upstream} will run before it", rows)
        else:
            yield Status(name, "current", "made from what the lake holds", rows)
            continue

        upstream = upstream or name
        of_new |= stages.reads_sources(name)


def _of_documents(stage: Stage) -> bool:
    """Whether a stage sees documents alone, so that what others decide leaves it as it is."""
    return stage.inputs.keys() == {"documents"}


def _why(made: Lineage, stage: Stage) -> str:
    if made.stage_version != stage.version:
        return f"the stage's code changed, from version {made.stage_version} to {stage.version}"
    changed = sorted(name for name in stage.config if plain(made.config.get(name)) != plain(stage.config[name]))
    if changed:
        return f"the recipe changed: {', '.join(changed)}"
    inputs = sorted(name for name in stage.inputs if made.inputs.get(name) != stage.inputs[name])
    names = ["earlier decisions" if name == "decided" else name for name in inputs]
    return (
        f"its input changed: {', '.join(names)}"
        if names
        else "a part of its output, or of what it prepared, is missing or damaged"
    )


def plain(value: Any) -> Any:
    """A value as JSON gives it back: tuples are lists."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value
