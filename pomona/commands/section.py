"""Adds a command for each section of the recipe without its own module; its options are the section's settings."""

import typer

from pomona import pipeline
from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, Running
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the commands of the families without a module in this package."""
    taken = {one.name for one in app.registered_commands}
    taken |= {group.name for group in app.registered_groups}
    for family in pipeline.FAMILIES:
        name = family.commanded_by
        if name not in taken and (family.within or family.settings):
            section = family.within.name if family.within else family.field
            doc = family.within.doc if family.within else family.doc
            app.command(name, help=f"{doc.partition(';')[0]}.")(command(run_section, section))
            taken.add(name)


def run_section(given: Given, run: Running, as_json: JsonOption = False) -> None:
    """Brings the families of a section up to date."""
    from pomona.commands.running import bring_up_to_date, show_last
    from pomona.views.ingested import sources

    settings = given.settings()
    lake = open_lake(run.lake)
    show_last(lake, bring_up_to_date(lake, given.wanted(settings, sources(lake)), run), as_json)
