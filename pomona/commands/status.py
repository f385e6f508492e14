"""`pomona status` and `plan`: say which stages of a recipe are up to date, and what the others will cost."""

from dataclasses import asdict

import typer

from pomona.commands.options import (
    JsonOption,
    LakeOption,
    MemoryOption,
    RecipeArgument,
    WorkersOption,
)
from pomona.opening import open_lake, running


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("status")(status)
    app.command("plan")(plan)


def status(path: RecipeArgument, lake: LakeOption = None, as_json: JsonOption = False) -> None:
    """Say which stages are current, stale or missing, and why."""
    from pomona import output, state, summary
    from pomona.recipe import load

    recipe = load(path)
    statuses = list(state.status(open_lake(lake, recipe, must_exist=False), recipe))
    text = output.table(
        [(s.stage, s.state, s.why, summary.rows_text(s.rows)) for s in statuses], ("stage", "state", "why", "rows")
    )
    output.show([asdict(s) for s in statuses], text, as_json)


def plan(
    path: RecipeArgument,
    lake: LakeOption = None,
    workers: WorkersOption = None,
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate the work that is left: work items, minutes, memory and disk of each stage and in total."""
    from pomona import budget, output, runner, workload
    from pomona.recipe import load

    recipe = load(path)
    n_workers = workers or runner.default_workers()
    options = running(workers, memory, "local", memory_name="--memory")
    work_left = workload.workload(open_lake(lake, recipe, must_exist=False), recipe, n_workers, options["memory"])
    everything = workload.total(work_left)
    rows = [
        (e.stage, e.state, *((e.items, output.size_text(e.n_bytes), e.workers, f"{e.minutes:.2f}",
         output.size_text(e.peak_bytes), output.size_text(e.disk_bytes)) if e.items else [""] * 6))
        for e in [*work_left, everything]
    ]  # fmt: skip
    measured = "as measured on this machine" if budget.rates_path().exists() else "typical; `pomona calibrate` measures"
    text = output.table(rows, ("stage", "", "items", "input", "workers", "minutes", "peak memory", "disk"))
    if any(e.state == "stale" for e in work_left):
        text += "\n\na stale stage runs at most this many items: items that did not change are reused"
    value = {"stages": [asdict(e) for e in work_left], "total": asdict(everything)}
    output.show(value, f"{text}\n\nrates: {measured}", as_json)
