"""`pomona explain`: why a document is in the corpus or not."""

from dataclasses import asdict
from typing import Annotated

import typer

from pomona.commands.options import JsonOption, LakeOption
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("explain")(explain)


def explain(
    document: Annotated[str, typer.Argument(metavar="ID|URI", help="Id, URI, or a part at either end that is unique.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a document was kept or dropped: rule, value, limit, copies; or why a file was refused."""
    from pomona import output
    from pomona.terminal.explanation import render
    from pomona.views import explanation

    found = explanation.explain(open_lake(lake), document)
    output.show(asdict(found), render(found), as_json)
