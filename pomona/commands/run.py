"""`pomona run` and `quickstart`: run a complete recipe."""

import sys
from dataclasses import asdict
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pomona.commands.given import command
from pomona.commands.options import ExecutorOption, JsonOption, RecipeArgument, Running, WorkersOption
from pomona.opening import open_lake

if TYPE_CHECKING:
    from corpus.lake import Lake
    from pomona.recipe import Recipe


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("quickstart")(quickstart)
    app.command("run")(command(run))


def quickstart(
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Folder for the lake and the report.")
    ] = "quickstart",
    lake: Annotated[str | None, typer.Option("--lake", metavar="DIR", help="Another place for the lake.")] = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Run a complete recipe offline on the text of this Python installation, and write a report."""
    from corpus.lake import Lake
    from pomona.recipe import parse

    text = (files("pomona") / "recipes" / "quickstart.yaml").read_text()
    if find_spec("torch") is None:
        text = text.partition("\ntrain:")[0] + "\n"
        print("PyTorch is not installed, so no model is trained: pip install 'pomona[train]'", file=sys.stderr)
    elif find_spec("lm_eval") is None:
        text = text.partition("\nscore:")[0] + "\n"
        print("lm-eval is not installed, so no model is scored: pip install 'pomona[eval]'", file=sys.stderr)
    Path(out).mkdir(parents=True, exist_ok=True)
    (Path(out) / "recipe.yaml").write_text(text)
    how = Running(lake, workers, executor, None)
    _run(Lake(lake or f"{out}/lake"), parse(text, "quickstart.yaml"), how, f"{out}/report.html", as_json)


def run(
    path: RecipeArgument,
    run: Running,
    report: Annotated[
        str | None, typer.Option("--report", metavar="FILE", help="Also write the HTML report to this file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a recipe: skip current stages, and continue where a killed run stopped."""
    from pomona.recipe import load

    recipe = load(path)
    _run(open_lake(run.lake, recipe, must_exist=False), recipe, run, report, as_json)


def _run(lake: "Lake", recipe: "Recipe", how: Running, report: str | None, as_json: bool) -> None:
    """Runs the recipe, writes the report, and prints one line per stage."""
    from filters.family import FILTER
    from filters.views import other_languages
    from pomona import destination, output, runner, summary
    from pomona.page import write
    from pomona.stages import Wanted
    from pomona.terminal.rules import render_other_languages

    options = how.options()
    if report:
        destination.check_file(report)
    with output.progress() as progress:
        outcomes = list(runner.run_recipe(lake, recipe, report=progress, **options))
    if report:
        write(lake, report)

    result = {"lake": lake.url, "stages": [asdict(outcome) for outcome in outcomes], "report": report}
    text = summary.table(outcomes)
    text += f"\n\nreport: {report}" if report else ""
    output.show(result, text if as_json else f"{text}\n\n{summary.closing(lake)}", as_json)

    chosen = Wanted.by(recipe).settings.get(FILTER.name)
    if chosen and (warning := render_other_languages(other_languages(lake, chosen.decisive()))):
        print(warning, file=sys.stderr)
