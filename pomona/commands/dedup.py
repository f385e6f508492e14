"""`pomona dedup` and `pomona similar`: find duplicates, and the documents most similar to one."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.errors import UserError, counted
from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake

if TYPE_CHECKING:
    from corpus.lake import Lake


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("dedup")(command(dedup, "dedup"))
    app.command("similar")(similar)


def dedup(
    given: Given,
    *,
    exact_only: Annotated[bool, typer.Option("--exact-only", help="Find only equal texts.")] = False,
    curve: Annotated[
        str | None,
        typer.Option("--curve", metavar="FILE", help="Write the S-curve as an SVG file, and do nothing else."),
    ] = None,
    run: Running,
    as_json: JsonOption = False,
) -> None:
    """Find exact and near duplicates among the documents that the filter kept, and decide which copy is kept.

    A repeated passage is cut out of its documents, which are kept; `pomona export` omits it.
    """
    from corpus.dedup.near.views import unlinked
    from pomona import output, standing
    from pomona.commands.running import bring_up_to_date, print_out_of_date
    from pomona.views.decided import decided
    from pomona.views.ingested import sources

    if exact_only and given.fields.get("minhash"):
        raise UserError("--exact-only turns near-duplicates off, so it cannot be used with their options")
    settings = given.settings(minhash=None) if exact_only else given.settings()
    if curve:
        print(_write_curve(settings, curve))
        return

    lake = open_lake(run.lake)
    before = _configs(lake)
    wanted = given.wanted(settings, sources(lake))
    outcomes = bring_up_to_date(lake, wanted, run)
    for line in _changes(before, _configs(lake)):
        print(line, file=sys.stderr)
    print_out_of_date(standing.out_of_date(lake))

    stages = [{"stage": one.stage, "state": one.state, "seconds": one.seconds} for one in outcomes]
    counts = {family.name: decided(lake, family.name) for family in wanted.families if family.decides}
    result = {"stages": stages, **{name: asdict(one) for name, one in counts.items()}}
    rows = [(name, *asdict(one).values()) for name, one in counts.items()]
    text = output.table(rows, ("stage", "documents", "kept", "dropped", "clusters", "cuts", "characters cut"))
    seconds = sum(one.seconds for one in outcomes)
    text += f"\n\n{seconds:.1f} s; `pomona explain ID` shows a cluster, `pomona similar ID` similar documents"
    output.show(result, f"{text}\n{_banding(settings)}".rstrip(), as_json)
    if settings.minhash and (n_unlinked := unlinked(lake)):
        problem = f"{counted(n_unlinked, 'document')} in very large buckets: each was compared with only 1,000 others"
        hint = "near-duplicates may be kept; more --rows make smaller buckets"
        print(f"warning: {problem}, and is similar to none of them; {hint}", file=sys.stderr)


def _configs(lake: "Lake") -> dict[str, Any]:
    """Returns the settings with which each family of deduplication has decided."""
    from corpus.dedup.settings import DEDUP
    from pomona import pipeline

    families = [family.name for family in pipeline.FAMILIES if family.within is DEDUP]
    lineages = lake.lineages("decisions") if lake.exists("decisions") else {}
    return {name: lineages[name].config for name in families if name in lineages}


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Lists the settings that differ from those of the command before; an omitted option gets its default."""
    lines = [f"{name} no longer decides" for name in before if name not in now]
    for name in before.keys() & now.keys():
        changed = [key for key in now[name] if key in before[name] and before[name][key] != now[name][key]]
        lines += [f"{name}: {key} is {now[name][key]!r}, it was {before[name][key]!r}" for key in changed]
    return sorted(lines)


def _banding(settings: Any) -> str:
    """Says in one line what the bands find; '' if near-duplicates are off."""
    from corpus.dedup.near.banding import describe

    chosen = settings.minhash
    return describe(chosen.banding(), verified=chosen.verify != "none") if chosen else ""


def _write_curve(settings: Any, path: str) -> str:
    from pomona import destination
    from pomona.page import charts

    if settings.minhash is None:
        raise UserError("--curve shows how near-duplicates are found, which are off")
    chosen = settings.minhash.banding()
    svg = charts.lines({"seen": chosen.curve()}, "pairs seen, by Jaccard similarity", chosen.threshold, standalone=True)
    with destination.new_file(path) as file:
        file.write_text(svg)
    return f"{path}\n{_banding(settings)}"


def similar(
    document: Annotated[str, typer.Argument(metavar="ID|FILE", help="A document's id or URI, or a text file.")],
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="Number of documents to list.")] = 10,
    diff: Annotated[int, typer.Option("--diff", min=0, help="Show the differences for this many of them.")] = 1,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the documents most similar to one, with the estimated Jaccard similarity and a diff of the words."""
    from corpus.dedup.near import views
    from pomona import output
    from pomona.terminal.similar import render

    documents = views.similar(open_lake(lake), document, top, diff)
    text = render(documents, color=sys.stdout.isatty())
    output.show([asdict(row) for row in documents], text, as_json, is_safe=True)
