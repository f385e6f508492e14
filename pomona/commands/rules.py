"""`pomona rules`: lists the rules, shows the effect of a change of settings, and helps to choose a limit."""

import math
from dataclasses import asdict
from typing import Annotated

import typer

from corpus.errors import UserError
from pomona.commands.options import JsonOption, LakeOption
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="List the rules, compare two settings, or sweep a limit.", no_args_is_help=True)
    group.command("list")(list_rules)
    group.command()(diff)
    group.command()(sweep)
    app.add_typer(group, name="rules")


def list_rules(
    rules: Annotated[
        str | None, typer.Argument(metavar="[A,B,...]", help="Rule sets or YAML files; all published ones by default.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print every rule with its signal, limit and meaning."""
    from filters.rules import RULE_SETS
    from filters.spec import parse
    from pomona import output

    settings = parse(rules or ",".join(RULE_SETS))
    rows = [(name, rule.describe(), rule.doc) for name, rule in settings.rules.items()]
    listed = [{"rule": name, "bound": bound, "doc": doc} for name, bound, doc in rows]
    output.show(listed, output.table(rows, ("rule", "keeps", "meaning")), as_json)


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="Settings: rule sets and limits as for `filter`, or a recipe.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other settings.")],
    lake: LakeOption = None,
    samples: Annotated[
        int, typer.Option("--samples", min=0, max=100, help="Number of documents to show per side.")
    ] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show which documents only one of two settings keeps. Reads signals, not texts."""
    from filters.views import compare
    from pomona import output
    from pomona.recipe.rules import settings
    from pomona.terminal.rules import render_comparison

    comparison = compare(open_lake(lake), settings(a), settings(b), samples)
    output.show(asdict(comparison), render_comparison(comparison), as_json)


def sweep(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule as ruleset.rule.")],
    rules: Annotated[
        str | None,
        typer.Option("--rules", metavar="A,B,...", help="The other rules in force, or a recipe; none by default."),
    ] = None,
    points: Annotated[int, typer.Option("--points", min=2, max=200, help="Number of limits to try.")] = 15,
    at: Annotated[str | None, typer.Option("--at", metavar="A,B,...", help="Try only these limits.")] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write the plot as an SVG file.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plot kept documents and words over a rule's limit. Reads signals, not texts."""
    from filters import views
    from pomona import destination, output
    from pomona.recipe.rules import settings
    from pomona.terminal.rules import plot_sweep, render_sweep

    others = settings(rules) if rules else None
    result = views.sweep(open_lake(lake), rule, others, points, _numbers("--at", ",".join(at) if at else None))
    if out:
        with destination.new_file(out) as path:
            path.write_text(plot_sweep(result))
    text = render_sweep(result)
    output.show(asdict(result), f"{text}\n\nplot: {out}" if out else text, as_json)


def _numbers(option: str, text: str | None) -> list[float]:
    """Returns the numbers of an option that takes several, with commas between them."""
    try:
        numbers = [float(part) for part in (text or "").split(",") if part.strip()]
    except ValueError:
        raise UserError(
            f"{option} takes numbers with commas between them, e.g. {option} 20,50,100; got {text!r}"
        ) from None
    if not all(map(math.isfinite, numbers)) or (text is not None and not numbers):
        raise UserError(f"{option} takes one or more finite numbers, got {text!r}")
    return numbers
