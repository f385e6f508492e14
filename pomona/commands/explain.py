"""`pomona explain`: says why a document is in the corpus or not."""

from dataclasses import asdict
from typing import Annotated

import typer

from pomona.commands.options import JsonOption, LakeOption
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("explain")(explain)


def explain(
    document: Annotated[
        str, typer.Argument(metavar="ID|URI", help="Id or URI, or a unique part from its beginning or end.")
    ],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a document was kept or dropped (rule, value, limit, copies), or why a file was refused."""
    from pomona import output
    from pomona.terminal.explanation import render
    from pomona.views import explanation

    explained = explanation.explain(open_lake(lake), document)
    output.show(asdict(explained), render(explained), as_json)
