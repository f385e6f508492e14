"""`pomona train`, `prune`, `distill`, `runs` and `model`: training runs, and the sizes of models."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake

if TYPE_CHECKING:
    from training.settings import Run


_OF_RUN = {"--mixture": "that of the run"}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("train")(command(train, "train"))
    app.command("prune")(command(prune, "train", without=("--model", "--after"), by_default=_OF_RUN))
    app.command("distill")(command(distill, "train", without=("--teacher",), by_default=_OF_RUN))
    app.command("runs")(runs)
    app.command("model")(model)


def train(given: Given, run: Running, as_json: JsonOption = False) -> None:
    """Train a model on a mixture. Makes the tokenizer and the tokens that are missing; continues after a kill."""
    named = {} if "name" in given.fields else {"name": _name(given)}
    _train(given.settings(**named), run, as_json)


def prune(
    model: Annotated[str, typer.Argument(metavar="RUN|FOLDER", help="What is pruned: a run, or a folder.")],
    given: Given,
    run: Running,
    as_json: JsonOption = False,
) -> None:
    """Prune a model: learn which feed-forward units matter while it trains, and cut the others. With --teacher, it also
    learns from a teacher. The mixture is that of the run by default."""
    from pomona import shrinking

    fields = shrinking.pruned(open_lake(run.lake), model, given.fields)
    _train(replace(given, fields=fields).settings(), run, as_json)


def distill(
    teacher: Annotated[str, typer.Argument(metavar="RUN|FOLDER", help="The teacher: a run, or a folder.")],
    given: Given,
    run: Running,
    as_json: JsonOption = False,
) -> None:
    """Train a model also on what a teacher finds likeliest. The mixture is that of the teacher by default."""
    from pomona import shrinking

    fields = shrinking.distilled(open_lake(run.lake), teacher, given.fields)
    _train(replace(given, fields=fields).settings(), run, as_json)


def _train(settings: "Run", run: Running, as_json: bool) -> None:
    from pomona import making, output
    from pomona.terminal.runs import render
    from training import views

    lake = open_lake(run.lake)
    with output.progress() as progress:
        outcomes = list(making.run(lake, settings, report=progress, **run.options()))
    view, state = views.run(lake, making.run_id(lake, settings)), outcomes[-1].state
    text = f"{render(view)}\nnothing to do: it is current" if state == "current" else render(view)
    output.show(asdict(view) | {"state": state}, text, as_json)


def _name(given: Given) -> str:
    """Returns the name of a run that got none: its mixture, its model or the run before it, and its seed."""
    from corpus.task import name_of

    fields = given.fields
    start = fields.get("after") or Path(str(fields.get("model") or "6M")).name
    stage = [str(fields["stage"])] if fields.get("stage") else []
    return name_of(str(fields.get("mixture", "run")), str(start), *stage, f"seed{fields.get('seed', 0)}")


def runs(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run, by name, id or checkpoint.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the training runs of a lake, or show one with its losses."""
    from pomona import output
    from pomona.terminal.runs import render, render_losses, render_table
    from training import views

    opened = open_lake(lake)
    if run is None:
        every = views.runs(opened)
        output.show([asdict(one) for one in every], render_table(every), as_json)
        return
    view, losses = views.run(opened, run), views.losses(opened, run)
    value = asdict(view) | {"losses": [asdict(loss) for loss in losses]}
    output.show(value, f"{render(view)}\n{render_losses(losses)}", as_json)


def model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A size such as 6M or afm_on_device, or a folder.")],
    vocab_size: Annotated[
        int, typer.Option("--vocab-size", min=1, max=1 << 24, help="Number of ids; of a folder, its own.")
    ] = 49_152,
    sequence_length: Annotated[
        int, typer.Option("--sequence-length", min=1, max=1 << 24, help="Tokens of a sequence, for FLOPs.")
    ] = 4096,
    as_json: JsonOption = False,
) -> None:
    """Show the shape of a model: parameters, memory, FLOPs per token. No weights are made."""
    from pomona import output
    from pomona.terminal.runs import render_model
    from training.shape import NAMES, named, read

    is_folder = name not in NAMES and Path(name).is_dir()
    shape = read(name) if is_folder else named(name, vocab_size)
    memory = shape.memory()
    value = {
        "name": name,
        "shape": asdict(shape),
        "parameters": shape.parameters,
        "embedding_parameters": shape.embedding_parameters,
        "total_parameters": shape.parameters + shape.embedding_parameters,
        "memory": asdict(memory) | {"total": memory.total},
        "flops_per_token": shape.flops_per_token(sequence_length),
        "sequence_length": sequence_length,
        "cache_bytes_per_token": shape.cache_bytes_per_token(),
    }
    output.show(value, render_model(value), as_json)
