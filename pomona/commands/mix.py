"""`pomona mix`: named mixtures of the kept documents."""

from dataclasses import asdict
from typing import Annotated

import typer

from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("mix")(command(mix, "mixtures"))
    app.command("mixtures")(mixtures)


def mix(given: Given, run: Running, as_json: JsonOption = False) -> None:
    """Make a mixture: which kept documents a model reads, in which proportions and how often."""
    from corpus.mixture import views
    from pomona import making, output
    from pomona.terminal.mixtures import render
    from pomona.views.ingested import sources

    settings = given.settings()
    lake = open_lake(run.lake)
    given.wanted((settings,), sources(lake))
    with output.progress() as progress:
        list(making.mixture(lake, settings, report=progress, **run.options()))
    view = views.mixture(lake, settings.name)
    output.show(asdict(view), render(view), as_json)


def mixtures(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The mixture to show.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the mixtures of a lake, or one of them."""
    from corpus.mixture import views
    from pomona import output
    from pomona.terminal.mixtures import render

    opened = open_lake(lake)
    if name is not None:
        view = views.mixture(opened, name)
        output.show(asdict(view), render(view), as_json)
        return
    every = [views.mixture(opened, each) for each in views.names(opened)]
    rows = [
        (one.mixture, one.tokens, one.tokens_are, one.documents, one.held_out_documents, len(one.groups))
        for one in every
    ]
    text = (
        output.table(rows, ("mixture", "tokens", "", "documents", "held out", "groups")) if rows else "no mixture yet"
    )
    output.show([asdict(one) for one in every], text, as_json)
