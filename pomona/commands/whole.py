"""Commands that work on a whole recipe: quickstart, run, status, plan, recipe, report."""

import sys
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from pomona.commands.options import (
    ExecutorOption,
    JsonOption,
    LakeOption,
    MemoryOption,
    WorkersOption,
    memory_bytes,
    open_lake,
)

RecipeArgument = Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe's YAML file.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (quickstart, run, status, plan, recipe, report):
        app.command()(command)


def quickstart(
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Folder for the lake and the report.")
    ] = "quickstart",
    lake: Annotated[str | None, typer.Option("--lake", metavar="DIR", help="Another place for the lake.")] = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Run the whole loop, offline, on the text that this Python holds, and write a report."""
    from corpus.lake import Lake
    from pomona.recipe import parse

    text = (files("pomona") / "recipes" / "quickstart.yaml").read_text()
    Path(out).mkdir(parents=True, exist_ok=True)
    (Path(out) / "recipe.yaml").write_text(text)
    _run(
        Lake(lake or f"{out}/lake"),
        parse(text, "quickstart.yaml"),
        workers,
        None,
        as_json,
        f"{out}/report.html",
        executor,
    )


def run(
    path: RecipeArgument,
    lake: LakeOption = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    memory: MemoryOption = None,
    report: Annotated[str | None, typer.Option("--report", metavar="FILE", help="Write the HTML report there.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a recipe: skip what is current, go on where a killed run stopped."""
    from pomona.recipe import load

    recipe = load(path)
    _run(open_lake(lake, recipe, must_exist=False), recipe, workers, memory_bytes(memory), as_json, report, executor)


def _run(lake, recipe, workers, memory, as_json, report, executor) -> None:  # type: ignore[no-untyped-def]
    from corpus.engines import parse
    from filters.family import FILTER
    from pomona import destination, foreign, output, runner, summary
    from pomona.stages import Wanted

    engine = parse(executor)
    if report:
        destination.check_file(report)
    with output.progress() as progress:
        found = runner.run_recipe(lake, recipe, workers=workers, memory=memory, report=progress, engine=engine)
        outcomes = list(found)
    result = {"lake": lake.url, "stages": [asdict(outcome) for outcome in outcomes], "report": report}
    rows = [(o.stage, o.state, summary.items(o), _count(o.rows), round(o.seconds, 2)) for o in outcomes]
    if report:
        from pomona.report import write

        write(lake, report)
    text = output.table(rows, ("stage", "", "work items", "rows", "seconds"))
    text += f"\n\nreport: {report}" if report else ""
    output.show(result, text if as_json else f"{text}\n\n{summary.closing(lake)}", as_json)
    chosen = Wanted.by(recipe).settings.get(FILTER.name)
    if chosen and (told := foreign.warning(lake, chosen.decisive())):
        print(told, file=sys.stderr)


def _count(rows: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {table}" for table, n in rows.items())


def status(path: RecipeArgument, lake: LakeOption = None, as_json: JsonOption = False) -> None:
    """Say which stages are current, stale or missing, and why."""
    from pomona import output
    from pomona import status as of_stages
    from pomona.recipe import load

    recipe = load(path)
    found = list(of_stages.status(open_lake(lake, recipe, must_exist=False), recipe))
    text = output.table([(s.stage, s.state, s.why, _count(s.rows)) for s in found], ("stage", "state", "why", "rows"))
    output.show([asdict(s) for s in found], text, as_json)


def plan(
    path: RecipeArgument,
    lake: LakeOption = None,
    workers: WorkersOption = None,
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is left to do, and what it will take: work items, minutes, memory and disk of each stage, and of all."""
    from pomona import budget, output, runner
    from pomona import left as of_stages
    from pomona.recipe import load

    recipe = load(path)
    wanted = workers or runner.default_workers()
    found = of_stages.left(open_lake(lake, recipe, must_exist=False), recipe, wanted, memory_bytes(memory))
    everything = of_stages.total(found)
    rows = [
        (e.stage, e.state, *((e.items, output.n_bytes(e.n_bytes), e.workers, f"{e.minutes:.2f}",
         output.n_bytes(e.peak_bytes), output.n_bytes(e.disk_bytes)) if e.items else [""] * 6))
        for e in [*found, everything]
    ]  # fmt: skip
    measured = "as measured on this machine" if budget.rates_path().exists() else "typical; `pomona calibrate` measures"
    text = output.table(rows, ("stage", "", "items", "input", "workers", "minutes", "peak memory", "disk"))
    if any(e.state == "stale" for e in found):
        text += "\n\na stale stage runs at most what stands there: items that did not change are reused"
    value = {"stages": [asdict(e) for e in found], "total": asdict(everything)}
    output.show(value, f"{text}\n\nrates: {measured}", as_json)


def recipe(as_json: JsonOption = False) -> None:
    """Print a recipe with every field's meaning, unit and bounds."""
    from pomona import output
    from pomona.recipe.text import commented, fields

    listed = [dict(zip(("field", "type", "default", "doc"), field, strict=True)) for field in fields()]
    output.show(listed, commented().rstrip(), as_json)


def report(
    lake: LakeOption = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="The HTML file to write.")] = "report.html",
    as_json: JsonOption = False,
) -> None:
    """Write one self-contained HTML page about the lake: funnel, signals, samples, duplicates, lineage."""
    from pomona import output
    from pomona.report import write

    write(open_lake(lake), out)
    output.show({"report": out}, out, as_json)
