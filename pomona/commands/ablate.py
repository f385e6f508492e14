"""`pomona ablate` and `ablations`: which variant is better, and how sure that is."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from pomona.commands.given import command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("ablate")(command(ablate))
    app.command("ablations")(ablations)


def ablate(
    run: Running,
    study: Annotated[str, typer.Argument(metavar="STUDY", help="YAML file with the study; see docs/guides/ablate.md.")],
    at_once: Annotated[
        int | None, typer.Option("--at-once", min=1, help="Runs that are trained at the same time.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be trained, and how long.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train variants of a corpus or a recipe at several seeds, and say which is better, and how sure that is."""
    from pomona import making, output
    from pomona.ablation import files, plan, views
    from pomona.terminal.ablations import render, render_plan

    lake_of_file, settings = files.read(study, at_once=at_once)
    lake = open_lake(run.lake or lake_of_file)
    planned = plan.plan(lake, settings, counted=dry_run)
    if dry_run:
        output.show(asdict(planned), render_plan(planned), as_json)
        return
    print(render_plan(planned), file=sys.stderr)
    with output.progress() as progress:
        outcomes = list(making.ablation(lake, settings, report=progress, **run.options()))
    view, state = views.study(lake, making.ablation_id(lake, settings)), outcomes[-1].state
    text = render(view, lake.url) + ("\nnothing to do: it is current" if state == "current" else "")
    output.show(asdict(view) | {"state": state}, text, as_json)


def ablations(
    study: Annotated[str | None, typer.Argument(metavar="[STUDY]", help="A study, by name or id.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the studies of a lake, or show one of them."""
    from pomona import output
    from pomona.ablation import views
    from pomona.terminal.ablations import render, render_list

    opened = open_lake(lake)
    if study is None:
        every = views.studies(opened)
        output.show([asdict(one) for one in every], render_list(every), as_json)
        return
    view = views.study(opened, study)
    output.show(asdict(view), render(view, opened.url), as_json)
