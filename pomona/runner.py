"""Runs a recipe's stages: skips what is current, goes on where a killed run stopped, commits each stage once."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from corpus import schema
from corpus.engines import LOCAL, Engine
from corpus.errors import UserError
from corpus.execution import Clock, WorkItem, run
from corpus.lake import Lake, Lineage
from pomona import __version__, budget, stages
from pomona.recipe import Recipe
from pomona.stages import Stage

State = Literal["current", "stale", "missing"]
Report = Callable[[str, int, int, WorkItem], None]  # stage, items done, items in all, the item that just ended


@dataclass(frozen=True, slots=True)
class Outcome:
    """What running one stage came to."""

    stage: str
    state: Literal["ran", "current"]
    items_run: int
    items: int
    rows: dict[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a stage is up to date, and if not, why."""

    stage: str
    state: State
    why: str
    rows: dict[str, int]
    items_finished: int = 0


def default_workers() -> int:
    """One worker a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_recipe(
    lake: Lake,
    recipe: Recipe,
    *,
    workers: int | None = None,
    memory: int | None = None,
    report: Report | None = None,
    engine: Engine = LOCAL,
) -> Iterator[Outcome]:
    """Runs every stage in order, and yields what each came to."""
    for name in drop_removed_sources(lake, recipe):
        yield Outcome(f"drop:{name}", "ran", 0, 0, {"documents": 0}, 0.0)
    for name in drop_stages(lake, [slot for slot in stages.DECIDING if slot not in stages.names(recipe)]):
        yield Outcome(f"drop:{name}", "ran", 0, 0, {"decisions": 0}, 0.0)
    data = budget.data_bytes(memory, workers or default_workers())
    for name in stages.names(recipe):
        stage = stages.plan(name, lake, recipe, data)
        yield run_stage(lake, stage, workers=workers, memory=memory, report=report, engine=engine)


def run_stage(
    lake: Lake,
    stage: Stage,
    *,
    workers: int | None = None,
    memory: int | None = None,
    report: Report | None = None,
    engine: Engine = LOCAL,
) -> Outcome:
    """Brings one stage up to date; raises `UserError` where it yields nothing at all."""
    clock = Clock()
    if is_current(lake, stage):
        return Outcome(stage.name, "current", 0, 0, _rows(lake, stage), clock.read()["seconds"])
    items = stage.plan_items()
    workers = budget.workers(stage, items, workers or default_workers(), memory)

    def progress(done: int, total: int, item: WorkItem) -> None:
        if report:
            report(stage.name, done, total, item)

    ran = run(lake, stage.step, stage.outputs, items, workers=workers, progress=progress, engine=engine)
    measured = {"items_run": ran.items, "workers": workers, "peak_bytes": ran.peak_bytes}
    commit(lake, stage, items, clock.read() | measured)
    rows = _rows(lake, stage)
    if not rows[stage.outputs[0].table] and not stage.may_be_empty:
        raise UserError(_nothing(lake, stage))
    return Outcome(stage.name, "ran", ran.items, len(items), rows, clock.read()["seconds"])


def commit(lake: Lake, stage: Stage, items: list[WorkItem], measured: dict[str, Any]) -> None:
    """Makes the finished parts the stage's content; the table that carries the key for `is_current` comes last."""
    keys = [item.key for item in items]
    lineage = Lineage(
        stage.name,
        stage.slot,
        stage.key,
        stage.config,
        stage.inputs | {"versions": {table: lake.version(table) for table in lake.tables()}},
        stage.version,
        __version__,
        stage.facts | measured | {"items": len(items)},
    )
    for output in reversed(stage.outputs):
        lake.commit(output.table, {output.slot: keys}, lineage, output.schema)


def is_current(lake: Lake, stage: Stage) -> bool:
    """Whether every output of the stage was made from what it would be made from now."""
    made = [lake.current(output.table, output.slot) for output in stage.outputs]
    return all(lineage is not None and lineage.key == stage.key for lineage in made)


def status(lake: Lake, recipe: Recipe) -> Iterator[Status]:
    """Every stage's state. After a stage that will run, the next ones are stale too."""
    upstream: str | None = None
    for name in stages.names(recipe):
        stage = stages.plan(name, lake, recipe)
        rows = _rows(lake, stage)
        made = lake.current(stage.outputs[0].table, stage.slot)
        if made is None:
            finished = len(lake.finished(stage.outputs[0].table, stage.slot))
            why = f"never committed; {finished} work items finished" if finished else "never committed"
            yield Status(name, "missing", why, rows, finished)
        elif not is_current(lake, stage):
            yield Status(name, "stale", _why(made, stage), rows)
        elif upstream and not name.startswith("ingest:"):
            yield Status(name, "stale", f"{upstream} will run before it", rows)
        else:
            yield Status(name, "current", "made from what the lake holds", rows)
            continue
        upstream = upstream or name


def _why(made: Lineage, stage: Stage) -> str:
    if made.stage_version != stage.version:
        return f"the stage's code changed, from version {made.stage_version} to {stage.version}"
    changed = sorted(name for name in stage.config if _plain(made.config.get(name)) != _plain(stage.config[name]))
    if changed:
        return f"the recipe changed: {', '.join(changed)}"
    inputs = sorted(name for name in stage.inputs if made.inputs.get(name) != stage.inputs[name])
    return f"its input changed: {', '.join(inputs) or 'an output is missing'}"


def _plain(value: Any) -> Any:
    """As JSON gives it back: tuples are lists."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def drop_removed_sources(lake: Lake, recipe: Recipe) -> list[str]:
    """Takes sources that the recipe no longer names out of the newest version; older versions keep them."""
    wanted = {f"ingest-{source.name}" for source in recipe.sources}
    gone = []
    for table in ("rejects", "documents"):
        slots = {part.slot for part in lake.parts(table)} - wanted
        for slot in sorted(slots):
            name = slot.removeprefix("ingest-")
            lineage = Lineage(f"drop:{name}", slot, "", package_version=__version__)
            lake.commit(table, {slot: []}, lineage, schema.TABLES[table].schema)
            gone.append(name)
    return sorted(set(gone))


def drop_stages(lake: Lake, unwanted: Iterable[str]) -> list[str]:
    """Takes what these stages decided out of the newest versions: a stage that is no longer asked for drops nothing."""
    gone = [slot for slot in unwanted if lake.parts("decisions", slot)]
    for slot in gone:
        lineage = Lineage(f"drop:{slot}", slot, "", package_version=__version__)
        for table in ("verdicts", "contamination", "pairs", "duplicates", "cuts", "decisions"):  # what decides, last
            if lake.parts(table, slot):
                lake.commit(table, {slot: []}, lineage)
    return gone


def _rows(lake: Lake, stage: Stage) -> dict[str, int]:
    return {o.table: sum(part.n_rows for part in lake.parts(o.table, o.slot)) for o in stage.outputs}


def _nothing(lake: Lake, stage: Stage) -> str:
    if stage.name.startswith("ingest:"):
        refused = lake.scan("rejects", slot=stage.slot).group_by("reason").len().sort("len", descending=True).collect()
        causes = ", ".join(f"{reason} {count}" for reason, count in refused.iter_rows()) or "no record qualified"
        return (
            f"source {stage.name.removeprefix('ingest:')!r} gave no document from {stage.facts['n_files']} files: "
            f'{causes}; see `pomona sql "select * from rejects"`'
        )
    if stage.slot in stages.DECIDING[1:] and lake.parts("decisions", "filter"):
        return (
            f"stage {stage.name!r} has nothing to work on: the stages before it kept no document; see `pomona report`"
        )
    return f"stage {stage.name!r} has nothing to work on: the lake holds no documents; ingest a source first"
