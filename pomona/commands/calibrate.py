"""`pomona calibrate`: measures this machine's rates."""

import typer

from pomona.commands.options import JsonOption


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("calibrate")(calibrate)


def calibrate(as_json: JsonOption = False) -> None:
    """Measure this machine's rates for `pomona plan`, and compile the kernels."""
    from pomona import output
    from pomona.calibrate import calibrate as measure

    rates = measure()
    units = {"training": "GFLOP/s on all cores"}
    rows = [(kind, round(rate, 1), units.get(kind, "MB/s per core")) for kind, rate in rates.items()]
    text = output.table(rows, ("work", "rate", "unit"))
    output.show(rates, text, as_json)
