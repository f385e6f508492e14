"""`pomona calibrate`: measures this machine's rates."""

import typer

from pomona.commands.options import JsonOption


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("calibrate")(calibrate)


def calibrate(as_json: JsonOption = False) -> None:
    """Measure this machine's rates for `pomona plan`, and compile the kernels."""
    from corpus.family import Cost
    from pomona import output
    from pomona.calibrate import calibrate as measure
    from pomona.pipeline import FAMILIES

    rates = measure()
    units = {entry.cost.work: entry.cost.unit for family in FAMILIES for entry in family.stages}
    rows = [(kind, round(rate, 1), units.get(kind, Cost().unit)) for kind, rate in rates.items()]
    text = output.table(rows, ("work", "rate", "unit"))
    output.show(rates, text, as_json)
