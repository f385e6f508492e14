"""`pomona decontam` and `pomona contamination`: find benchmark items in the corpus."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.errors import UserError
from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake

if TYPE_CHECKING:
    from corpus.lake import Lake
    from decontam.views import PolicyDoc


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("decontam")(command(decontam, "decontaminate"))
    app.command("contamination")(contamination)


def decontam(given: Given, run: Running, as_json: JsonOption = False) -> None:
    """Find documents that contain benchmark items, and drop them by a policy. Reads the corpus twice."""
    from pomona.commands.running import bring_up_to_date
    from pomona.views.ingested import sources

    settings = given.settings()
    lake = open_lake(run.lake)
    bring_up_to_date(lake, given.wanted(settings, sources(lake)), run)
    _show_overview(lake, 20, as_json)


def contamination(
    benchmark: Annotated[
        str | None, typer.Argument(metavar="[BENCHMARK]", help="The benchmark of an item to show.")
    ] = None,
    item: Annotated[str | None, typer.Argument(metavar="[ITEM]", help="The item's id.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=10_000, help="Number of items or documents to list.")] = 20,
    policies: Annotated[bool, typer.Option("--policies", help="List the policies with their sources.")] = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which documents touch which benchmark items, and what each policy drops or would drop."""
    from decontam import views
    from pomona import output
    from pomona.terminal.contamination import render_item

    if policies:
        listed = views.list_policies()
        rows = [(each.policy, _from(each), each.doc, each.source) for each in listed]
        text = output.table(rows, ("policy", "drops from", "meaning", "source"))
        output.show([asdict(each) for each in listed], text, as_json)
    elif benchmark is None:
        _show_overview(open_lake(lake), top, as_json)
    elif item is None:
        raise UserError(f"name an item of {benchmark}, too; `pomona contamination` lists those that are touched")
    else:
        item_texts = views.item(open_lake(lake), benchmark, item, min(top, 100))
        output.show(asdict(item_texts), render_item(item_texts, color=sys.stdout.isatty()), as_json)


def _show_overview(lake: "Lake", top: int, as_json: bool) -> None:
    from decontam import views
    from pomona import output, standing
    from pomona.terminal.contamination import render_overview

    standing.require(lake)
    overview, unidentified = views.overview(lake, top), views.unidentified_items(lake)
    value = asdict(overview) | {"unidentified_items": unidentified}
    output.show(value, render_overview(overview, unidentified), as_json)


def _from(policy: "PolicyDoc") -> str:
    """Returns from which value a policy drops a document; a share is never above 1."""
    is_never = policy.unit.startswith("share") and policy.drops_from > 1
    return "never" if is_never else f"{policy.drops_from:g} {policy.unit}"
