"""Runs a recipe's stages: skips current stages, continues where a killed run stopped, commits each stage once."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from corpus.engines import LOCAL, Engine
from corpus.errors import UserError
from corpus.execution import Clock, run
from corpus.lake import Lake, Lineage
from corpus.lease import hold
from corpus.stage import Stage
from corpus.task import WorkItem
from pomona import budget, command_line, stages, standing
from pomona.counts import refuse_emptying, require_rows
from pomona.recipe import Recipe
from pomona.removal import NOTHING, Due, Removal
from pomona.stages import Wanted
from pomona.version import __version__

_MOST_PASSES = 3  # over the stages, if other processes change the lake meanwhile
Report = Callable[[str, int, int, WorkItem], None]  # stage, items done, items in all, the item that just ended


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of running one stage."""

    stage: str
    state: Literal["ran", "current"]
    items_run: int  # work items that ran
    items: int  # all its work items
    rows: dict[str, int]  # by table
    seconds: float


def default_workers() -> int:
    """Returns one worker per core that this process may use."""
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
    """Runs every stage of a recipe in order, and yields the outcome of each."""
    wanted = Wanted.by(recipe)
    removal = Removal(wanted.unwanted(), frozenset(wanted.sources))
    yield from run_wanted(lake, wanted, removal, workers=workers, memory=memory, report=report, engine=engine)


def run_wanted(
    lake: Lake, wanted: Wanted, removal: Removal = NOTHING, *, workers: int | None = None, memory: int | None = None,
    report: Report | None = None, engine: Engine = LOCAL,
) -> Iterator[Outcome]:  # fmt: skip
    """Runs the stages of some families in order, as a recipe or a command requests them."""
    wanted.prepare()
    n_workers = workers or default_workers()
    data = budget.data_bytes(memory, n_workers)
    entries = wanted.settings.get(stages.source_family().name, ())
    largest = max((entry.max_record_bytes for entry in entries), default=0)
    parser = budget.parser_bytes(memory, n_workers, largest)
    yield from run_stages(
        lake, wanted.plans(lake, data, parser), removal, workers=workers, memory=memory, report=report, engine=engine
    )


def bring_up_to_date(
    lake: Lake, wanted: Wanted, *, workers: int | None = None, memory: int | None = None,
    report: Report | None = None, engine: Engine = LOCAL,
) -> Iterator[Outcome]:  # fmt: skip
    """Runs the stages of some families on a lake, and keeps its other stages as they are.

    Other families that share a section with one of them no longer decide: their decisions are removed. Raises
    `UserError` if a stage before them is out of date.
    """
    together = wanted.deciding_together()
    if together:
        standing.require(lake, before=min(together, key=stages.place))
    removal = Removal(tuple(name for name in together if name not in wanted.settings))
    yield from run_wanted(lake, wanted, removal, workers=workers, memory=memory, report=report, engine=engine)


def run_stages(
    lake: Lake,
    plans: Mapping[str, Callable[[], Stage]],
    removal: Removal = NOTHING,
    *,
    workers: int | None = None,
    memory: int | None = None,
    report: Report | None = None,
    engine: Engine = LOCAL,
) -> Iterator[Outcome]:
    """Runs stages in order, and plans each right before it runs. Data that the `removal` names is removed in between.

    If another process changed the input of the stages, they run again. Such a change shows at the end, as a stage that
    is out of date. It can also show earlier, as a stage that fails, because the output of the stage before it belongs
    to documents that no longer exist. Raises `UserError` if a stage that is not among these must run first.
    """
    first = next((name for name in stages.deciding() if name in plans), None)
    failed: Exception | None = None
    for _ in range(_MOST_PASSES):
        upstream = standing.out_of_date(lake, before=first) if first else []
        for stale in upstream:
            if stale.stage not in plans:
                raise UserError(str(stale))

        seen = _keys(lake)
        for name, plan in plans.items():
            due = removal.due(lake, name)
            if due:
                _check(plan, workers, memory)
                yield from _left(lake, due, stages.family_of(name).name)
                now = _keys(lake)
                seen = {place: key for place, key in seen.items() if place in now}

            try:
                outcome = run_stage(lake, name, plan, workers=workers, memory=memory, report=report, engine=engine)
            except Exception as error:
                if not _changed(seen, _keys(lake), but=name):
                    raise
                failed = error
                break

            if outcome.state == "ran":
                seen |= {place: key for place, key in _keys(lake, outcome.rows).items() if place[0] == name}
            yield outcome
        else:
            yield from _left(lake, removal.due(lake, None), None)
            if not {stale.stage for stale in standing.out_of_date(lake)} & plans.keys():
                return

    raise UserError(
        f"lake {lake.url} changed while its stages ran, {_MOST_PASSES} times in a row; "
        "wait for the other processes that write it, then run the same command again"
    ) from failed


def _check(plan: Callable[[], Stage], workers: int | None, memory: int | None) -> None:
    """Raises the error of a stage that cannot run, before anything is removed for it."""
    stage = plan()
    budget.workers(stage, stage.plan_items(), workers or default_workers(), memory)


def _left(lake: Lake, due: Due, then: str | None) -> Iterator[Outcome]:
    for name, table in due.leave(lake, then):
        yield Outcome(f"drop:{name}", "ran", 0, 0, {table: 0}, 0.0)


_Keys = dict[tuple[str, str, str], str]  # (stage, table, slot) -> key of the lineage


def _keys(lake: Lake, tables: Iterable[str] | None = None) -> _Keys:
    """Returns the key of the lineage of each slot of the lake, or of some of its tables."""
    with lake.snapshot():
        tables = lake.tables() if tables is None else filter(lake.exists, tables)
        lineages = [(table, slot, lineage) for table in tables for slot, lineage in lake.lineages(table).items()]
    return {(lineage.stage, table, slot): lineage.key for table, slot, lineage in lineages}


def _changed(before: _Keys, now: _Keys, *, but: str) -> bool:
    """Whether the output of any stage, except `but`, has changed."""
    return any(before.get(place) != now.get(place) for place in before.keys() | now.keys() if place[0] != but)


def run_stage(
    lake: Lake,
    name: str,
    plan: Callable[[], Stage],
    *,
    workers: int | None = None,
    memory: int | None = None,
    report: Report | None = None,
    engine: Engine = LOCAL,
) -> Outcome:
    """Brings one stage up to date; raises `UserError` if it makes no rows at all.

    It is planned under the stage's lease: another process that ran the same stage has ended by then, and what that
    process committed counts.
    """
    clock = Clock()
    with hold(lake, name, purpose=command_line.current() or f"runs {name}", tell=_tell) as lease:
        with lake.snapshot():
            stage = plan()
            assert stage.name == name, (stage.name, name)
            if is_current(lake, stage):
                return Outcome(stage.name, "current", 0, 0, require_rows(lake, stage), clock.read()["seconds"])
            items = stage.plan_items()
            versions = {table: lake.version(table) for table in lake.tables()}

        n_workers = budget.workers(stage, items, workers or default_workers(), memory)

        def progress(done: int, total: int, item: WorkItem) -> None:
            if report:
                report(stage.name, done, total, item)

        if stage.prepare:
            stage.prepare()
        ran = run(
            lake, stage.step, stage.outputs, items, workers=n_workers, progress=progress, engine=engine,
            token=lease.token,
        )  # fmt: skip

        lease.confirm()
        refuse_emptying(lake, stage, [item.key for item in items])
        measured = {"items_run": ran.items, "workers": n_workers, "peak_bytes": ran.peak_bytes}
        commit(lake, stage, items, versions, clock.read() | measured, lease.token)
    return Outcome(stage.name, "ran", ran.items, len(items), require_rows(lake, stage), clock.read()["seconds"])


def run_planned(lake: Lake, stage: Stage, **options: Any) -> Outcome:
    """Brings a stage up to date that is planned already, for callers that no other process disturbs."""
    return run_stage(lake, stage.name, lambda: stage, **options)


def _tell(message: str) -> None:
    print(message, file=sys.stderr)


def commit(
    lake: Lake,
    stage: Stage,
    items: list[WorkItem],
    versions: Mapping[str, int | None],
    measured: dict[str, Any],
    token: str = "",
) -> None:
    """Commits the finished parts as the stage's content; the table with the key for `is_current` comes last.

    `versions` are those of the tables when the stage was planned.
    """
    keys = [item.key for item in items]
    lineage = Lineage(
        stage.name,
        stage.slot,
        stage.key,
        stage.config,
        stage.inputs | {"versions": dict(versions)},
        stage.version,
        __version__,
        stage.facts | measured | {"items": len(items), "command": command_line.current()},
    )
    for output in reversed(stage.outputs):
        lake.commit(output.table, {output.slot: keys}, lineage, output.schema, token=token)


def is_current(lake: Lake, stage: Stage) -> bool:
    """Whether every output of the stage was made from the same input and settings as now, and is undamaged."""
    lineages = [lake.current(output.table, output.slot) for output in stage.outputs]
    if not all(lineage is not None and lineage.key == stage.key for lineage in lineages):
        return False
    if any(lake.damaged(output.table, output.slot) for output in stage.outputs):
        return False
    return stage.is_prepared is None or stage.is_prepared()
