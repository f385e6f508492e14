"""`pomona judge` and `studies`: whose answers are better, by a judge."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("judge")(command(judge, "judge"))
    app.command("studies")(studies)


def judge(
    given: Given,
    run: Running,
    a: Annotated[str, typer.Argument(metavar="A", help="A model, or a file with its answers.")],
    b: Annotated[
        str | None, typer.Argument(metavar="[B]", help="What it is compared with; without it, answers are graded.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Let a judge compare the answers of two models, in both orders, or grade those of one."""
    from eval_suites.judges import views
    from pomona import making, output
    from pomona.terminal.judgements import render

    named = {} if "name" in given.fields else {"name": _name(a, b)}
    settings = given.settings(a=a, b=b, **named)
    lake = open_lake(run.lake, must_exist=False)
    with output.progress() as progress:
        outcomes = list(making.judge(lake, settings, report=progress, **run.options()))
    view, state = views.study(lake, making.study_id(lake, settings)), outcomes[-1].state
    text = f"{render(view)}\nnothing to do: it is current" if state == "current" else render(view)
    output.show(asdict(view) | {"state": state}, text, as_json)


def studies(
    study: Annotated[str | None, typer.Argument(metavar="[STUDY]", help="A study, by name or id.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was judged, or show one study."""
    from eval_suites.judges import views
    from pomona import output
    from pomona.terminal.judgements import render, render_list

    opened = open_lake(lake)
    if study is None:
        every = views.studies(opened)
        output.show([asdict(one) for one in every], render_list(every), as_json)
        return
    view = views.study(opened, study)
    output.show(asdict(view), render(view), as_json)


def _name(a: str, b: str | None) -> str:
    """Returns the name of a study that got none: those of its sides."""
    last = [Path(one.partition("#")[2] or one.rstrip("/")).stem for one in (a, b) if one is not None]
    return re.sub(r"[^A-Za-z0-9_.-]", "-", "-".join(last)).lstrip("-_.")[:64] or "study"
