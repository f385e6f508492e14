"""Says which stages of a recipe are up to date, and why the others are not."""

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
    rows: dict[str, int]  # by table
    items_finished: int = 0  # work items of a stage that never committed


def status(lake: Lake, recipe: Recipe) -> Iterator[Status]:
    """Yields every stage's state. If a stage will run, later stages that see more than documents are stale too."""
    with lake.snapshot():
        yield from _status(lake, recipe)


def _status(lake: Lake, recipe: Recipe) -> Iterator[Status]:
    wanted = stages.Wanted.by(recipe)
    due = Removal(wanted.unwanted(), frozenset(wanted.sources)).due(lake, None)
    upstream: str | None = None
    documents_change = False

    for name in wanted.names():
        if due and not stages.reads_sources(name):
            for removed in (*due.sources, *due.stages):
                yield Status(f"drop:{removed}", "stale", "the recipe no longer names it", {})
            upstream, documents_change, due = upstream or "a removal", documents_change or bool(due.sources), NO_REMOVAL

        stage = wanted.plan(name, lake)
        rows = rows_of(lake, stage)
        lineage = lake.current(stage.outputs[0].table, stage.slot)

        if lineage is None:
            finished = len(lake.finished(stage.outputs[0].table, stage.slot))
            why = f"never committed; {finished} work items finished" if finished else "never committed"
            yield Status(name, "missing", why, rows, finished)
        elif not is_current(lake, stage):
            yield Status(name, "stale", _why(lineage, stage), rows)
        elif upstream and not stages.reads_sources(name) and (documents_change or not _of_documents(stage)):
            yield Status(name, "stale", f"{upstream} will run before it", rows)
        else:
            yield Status(name, "current", "made from what the lake holds", rows)
            continue

        upstream = upstream or name
        documents_change |= stages.reads_sources(name)


def _of_documents(stage: Stage) -> bool:
    """Whether a stage sees only documents, so that the decisions of other stages do not change its output."""
    return stage.inputs.keys() == {"documents"}


def _why(lineage: Lineage, stage: Stage) -> str:
    if lineage.stage_version != stage.version:
        return f"the stage's code changed, from version {lineage.stage_version} to {stage.version}"
    changed = sorted(name for name in stage.config if plain(lineage.config.get(name)) != plain(stage.config[name]))
    if changed:
        return f"the recipe changed: {', '.join(changed)}"
    inputs = sorted(name for name in stage.inputs if lineage.inputs.get(name) != stage.inputs[name])
    names = ["earlier decisions" if name == "decided" else name for name in inputs]
    return (
        f"its input changed: {', '.join(names)}"
        if names
        else "a part of its output, or of what it prepared, is missing or damaged"
    )


def plain(value: Any) -> Any:
    """Converts a value to what JSON returns for it: tuples become lists."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value
