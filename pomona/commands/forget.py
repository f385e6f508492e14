"""`pomona forget`: erasures and opt-outs."""

from dataclasses import asdict
from typing import Annotated

import typer

from corpus.errors import UserError
from pomona.commands.options import JsonOption, LakeOption
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("forget")(forget)


def forget(
    what: Annotated[
        str | None,
        typer.Argument(metavar="ID|URI|DOMAIN", help="A document's id or whole URI, or a domain with all below it."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Recorded with the request.")] = "",
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Also delete older versions of the tables, and erase token shards.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed, and who has read it.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show all requests so far, and do nothing.")] = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove documents from every table, keep them out from now on, and list the checkpoints that have read them."""
    from corpus.forgetting import tombstones
    from pomona import forgetting, output
    from pomona.terminal.forgetting import render, render_requests

    if listed:
        asked = tombstones.requests(open_lake(lake))
        output.show([asdict(one) for one in asked], render_requests(asked), as_json)
        return
    if what is None:
        raise UserError("forget needs a document's id, its URI or a domain; --list shows the requests so far")
    forgot = forgetting.forget(open_lake(lake), what, reason=reason, vacuum=vacuum, dry_run=dry_run)
    output.show(asdict(forgot), render(forgot), as_json)
