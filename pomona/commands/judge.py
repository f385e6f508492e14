"""`pomona rules`: what the rules are, what a change of settings does, and where a limit should be."""

from typing import Annotated

import typer

from pomona.commands.options import JsonOption, LakeOption, open_lake


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="List the rules, compare two settings, or sweep a limit.", no_args_is_help=True)
    group.command("list")(list_rules)
    group.command()(diff)
    group.command()(sweep)
    app.add_typer(group, name="rules")


def list_rules(
    rules: Annotated[
        str | None, typer.Argument(metavar="[A,B,...]", help="Rule sets, or YAML files; all published ones by default.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print every rule with its signal, limit and meaning."""
    from filters.decide import parse
    from filters.rules import RULE_SETS
    from pomona import output

    settings = parse(rules or ",".join(RULE_SETS))
    found = [(name, rule.describe(), rule.doc) for name, rule in settings.rules.items()]
    listed = [{"rule": name, "bound": bound, "doc": doc} for name, bound, doc in found]
    output.show(listed, output.table(found, ("rule", "keeps", "meaning")), as_json)


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="Settings: rule sets and limits as for `filter`, or a recipe.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other settings.")],
    lake: LakeOption = None,
    samples: Annotated[int, typer.Option("--samples", min=0, max=100, help="Documents to show on each side.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show which documents change sides between two settings. Reads signals, no text."""
    from pomona import compare, output

    found = compare.diff(open_lake(lake), compare.settings(a), compare.settings(b), samples)
    output.show(found, compare.render_diff(found), as_json)


def sweep(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule as ruleset.rule.")],
    rules: Annotated[
        str | None,
        typer.Option("--rules", metavar="A,B,...", help="The other rules in force; only this one by default."),
    ] = None,
    points: Annotated[int, typer.Option("--points", min=2, max=200, help="Limits to try.")] = 15,
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write the plot as an SVG file.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plot kept documents and words over a rule's limit. Reads signals, no text."""
    from pomona import compare, destination, output

    found = compare.sweep(open_lake(lake), rule, rules, points)
    if out:
        with destination.new_file(out) as path:
            path.write_text(compare.plot_sweep(found))
    output.show(found, compare.render_sweep(found), as_json)
