"""`pomona report`: writes an HTML page about the lake."""

from typing import Annotated

import typer

from pomona.commands.options import JsonOption, LakeOption
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("report")(report)


def report(
    lake: LakeOption = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="The HTML file to write.")] = "report.html",
    as_json: JsonOption = False,
) -> None:
    """Write one self-contained HTML page about the lake: funnel, signals, samples, duplicates, lineage."""
    from pomona import output
    from pomona.page import write

    write(open_lake(lake), out)
    output.show({"report": out}, out, as_json)
