"""`pomona trace`: from a checkpoint to its documents, and from a document to its checkpoints."""

from dataclasses import asdict
from typing import Annotated

import typer

from pomona.commands.options import JsonOption, LakeOption
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("trace")(trace)


def trace(
    what: Annotated[
        str, typer.Argument(metavar="CHECKPOINT|DOCUMENT", help="A run or its checkpoint, or a document's id or URI.")
    ],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is behind a checkpoint, or which mixtures and checkpoints have read a document."""
    from pomona import output
    from pomona.terminal.trace import render_checkpoint, render_document
    from pomona.views import trace as views

    opened = open_lake(lake)
    if views.is_run(opened, what):
        behind = views.trace_run(opened, what)
        output.show({"kind": "checkpoint"} | asdict(behind), render_checkpoint(behind), as_json)
    else:
        document = views.trace_document(opened, what)
        output.show({"kind": "document"} | asdict(document), render_document(document), as_json)
