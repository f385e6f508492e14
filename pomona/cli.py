"""The command line: `pomona`. Commands are thin, and import heavy libraries only when they run.

Exit codes: 0 done, 2 an error that the user can fix (one line on standard error), 130 after Ctrl-C, 1 a bug in Pomona.
"""

import gc
import os
import signal
import sys
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command

from corpus.errors import UserError
from pomona import command_line, damage, library_errors
from pomona.output import visible
from pomona.version import __version__

_STOPPED = 130  # the exit code that shells and typer use for Ctrl-C
_BETWEEN_COLLECTIONS = 20_000  # new objects: with Python's 700, half of a short command's time goes into collecting
_UsageError: Any = typer.BadParameter.__base__  # typer carries its own click

COMMANDS = (
    "run", "status", "recipe", "report", "ingest", "filter", "dedup", "decontam", "mix", "tokenizer", "train",
    "score", "judge", "ablate", "trace", "forget", "export",
    "explain", "lake", "rules", "calibrate", "section",
)  # fmt: skip  # modules of pomona.commands in the order of `pomona --help`; the last one adds the missing commands


def application() -> typer.Typer:
    """Builds the command line with all commands."""
    app = typer.Typer(
        name="pomona",
        help="Raw files in, an audited corpus and a trained model out: ingest, filter, dedup, mix, tokenize, train.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in COMMANDS:
        import_module(f"pomona.commands.{name}").register(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        print(f"pomona {__version__}")
        raise typer.Exit


def _options(
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks for every error."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    if debug:
        os.environ["POMONA_DEBUG"] = "1"


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments or os.environ.get("POMONA_DEBUG")
    if "--debug" in arguments:
        arguments.remove("--debug")
    command_line.remember(arguments)
    damage.begin()

    try:
        code = get_command(application()).main(arguments, prog_name="pomona", standalone_mode=False)
        return _stopped() if code == _STOPPED else code if isinstance(code, int) else 0
    except UserError as error:
        if debug:
            raise
        return _fail(str(error))
    except typer.Abort:
        return _stopped()
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a command without its arguments: print its help unchanged
            print(error.format_message(), file=sys.stderr)
            return 2
        return _fail(error.format_message())
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if _is_from_ctrl_c(error):
            return _stopped()
        message = None if debug else library_errors.explained(error)
        if message is None:
            raise
        return _fail(message)
    finally:
        command_line.forget()


def _is_from_ctrl_c(error: BaseException | None) -> bool:
    """Returns whether an error came of a Ctrl-C, such as one in the middle of an import."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _fail(message: str) -> int:
    print(f"error: {visible(' '.join(message.split()))}", file=sys.stderr)
    return 2


def _stopped() -> int:
    print("stopped; run the same command again to continue from here", file=sys.stderr)
    return _STOPPED


def run() -> None:
    """Runs the console script."""
    gc.set_threshold(_BETWEEN_COLLECTIONS)
    try:
        code = main()
    except KeyboardInterrupt:  # a second Ctrl-C, from polars or the user, while the first is being handled
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        code = _stopped()
    if code == _STOPPED:  # a library may raise the signal again while Python exits; the exit code must not change
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


if __name__ == "__main__":
    run()
