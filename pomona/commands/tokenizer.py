"""`pomona tokenizer` and `pomona tokenize`: the tokenizer of a lake, and its documents in tokens."""

from dataclasses import asdict
from typing import Annotated

import typer

from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        help="Train a tokenizer on the corpus, use another one, or compare several.", no_args_is_help=True,
        rich_markup_mode=None, add_completion=False,
    )  # fmt: skip
    group.command("train")(command(train, "tokenizer"))
    group.command("show")(show)
    app.add_typer(group, name="tokenizer")
    app.command("tokenize")(command(tokenize))


def train(given: Given, run: Running, as_json: JsonOption = False) -> None:
    """Make the lake's tokenizer: learn one from a mixture, or take one that exists with --path."""
    from corpus.tokenizer import views
    from pomona import making, output
    from pomona.terminal.mixtures import render_tokenizer

    settings = given.settings()
    lake = open_lake(run.lake)
    with output.progress() as progress:
        list(making.tokenizer(lake, settings, report=progress, **run.options()))
    view = views.tokenizer(lake)
    output.show(asdict(view), render_tokenizer(view), as_json)


def show(lake: LakeOption = None, as_json: JsonOption = False) -> None:
    """Show the lake's tokenizer: bytes per token by source, beside the tokenizers that it was compared with."""
    from corpus.tokenizer import views
    from pomona import output
    from pomona.terminal.mixtures import render_tokenizer

    view = views.tokenizer(open_lake(lake))
    output.show(asdict(view), render_tokenizer(view), as_json)


def tokenize(
    mixture: Annotated[str, typer.Option("--mixture", metavar="NAME", help="The mixture to write in tokens.")],
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Also write them to a new folder, for another trainer.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="Of --out: datatrove or megatron.")] = "datatrove",
    *,
    run: Running,
    as_json: JsonOption = False,
) -> None:
    """Write the tokens of a mixture in their training order, as files that training maps into memory."""
    from corpus.mixture import views as mixture_views
    from corpus.shards import formats, stages, views
    from corpus.shards.stream import Stream
    from pomona import making, output
    from pomona.terminal.mixtures import render, render_shards

    lake = open_lake(run.lake)
    with output.progress() as progress:
        list(making.tokens(lake, mixture, report=progress, **run.options()))
    if out is not None:
        formats.write(Stream(stages.folder(lake, stages.current(lake, mixture))), out, format, mixture)
    view, mixed = views.shards(lake, mixture), mixture_views.mixture(lake, mixture)
    output.show(asdict(view) | {"groups": asdict(mixed)["groups"]}, f"{render(mixed)}\n{render_shards(view)}", as_json)
