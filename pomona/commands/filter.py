"""`pomona signals` and `pomona filter`: measure documents, and decide by rules which of them are kept."""

import sys

import typer

from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, Running
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("signals")(command(signals))
    app.command("filter")(command(filter_, "filter"))


def signals(run: Running, as_json: JsonOption = False) -> None:
    """Measure all signals of the documents that are not measured yet."""
    from pomona.commands.running import bring_up_to_date, show_last
    from pomona.stages import Wanted

    lake = open_lake(run.lake)
    show_last(lake, bring_up_to_date(lake, Wanted.of({}), run), as_json)


def filter_(given: Given, run: Running, as_json: JsonOption = False) -> None:
    """Decide which documents are kept. Measures missing signals first."""
    from filters.views import other_languages
    from pomona.commands.running import bring_up_to_date, show_last
    from pomona.terminal.rules import render_other_languages
    from pomona.views.ingested import sources

    settings = given.settings()
    lake = open_lake(run.lake)
    show_last(lake, bring_up_to_date(lake, given.wanted(settings, sources(lake)), run), as_json)
    if warning := render_other_languages(other_languages(lake, settings.decisive())):
        print(warning, file=sys.stderr)
