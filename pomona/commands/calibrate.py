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
    text = output.table([(kind, round(rate, 1)) for kind, rate in rates.items()], ("work", "MB/s per core"))
    output.show(rates, text, as_json)
