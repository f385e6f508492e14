"""Commands about benchmarks in the corpus: decontam, contamination."""

from typing import Annotated, Any

import typer

from corpus.errors import UserError
from pomona.commands.options import (
    ExecutorOption,
    JsonOption,
    LakeOption,
    MemoryOption,
    WorkersOption,
    memory_bytes,
    open_lake,
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (decontam, contamination):
        app.command()(command)


def decontam(
    benchmark: Annotated[
        list[str], typer.Option("--benchmark", metavar="FILE|TASK", help="humaneval, [NAME=]FILE or an lm-eval task.")
    ],
    policy: Annotated[
        str, typer.Option("--policy", help="coverage, afm, gpt3, llama, tulu, or report, which drops nothing.")
    ] = "coverage",
    common: Annotated[
        int | None,
        typer.Option("--common-documents", help="Documents from which an n-gram is common usage; scaled by default."),
    ] = None,
    question: Annotated[str | None, typer.Option("--question-column", help="Files: column of the question.")] = None,
    answer: Annotated[str | None, typer.Option("--answer-column", help="Files: column of the answer.")] = None,
    lake: LakeOption = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find documents that hold items of benchmarks, and drop them by a policy; two passes over the corpus."""
    from pydantic import ValidationError

    from corpus.engines import parse
    from corpus.model_errors import of_option
    from decontam.settings import Decontaminate
    from pomona import contamination as showing
    from pomona import output, runner
    from pomona.stages import Wanted

    fields = {"benchmarks": benchmark, "policy": policy, "common_documents": common,
              "question_column": question, "answer_column": answer}  # fmt: skip
    try:
        recipe = Decontaminate.model_validate(fields)
    except ValidationError as error:
        raise UserError(of_option(error, {"benchmarks": "--benchmark"})) from error
    opened = open_lake(lake)
    options: dict[str, Any] = {"workers": workers, "memory": memory_bytes(memory), "engine": parse(executor)}
    with output.progress() as progress:
        list(runner.run_wanted(opened, Wanted.of({"decontam": recipe}), report=progress, **options))
    found = showing.overview(opened)
    output.show(found, showing.render_overview(found), as_json)


def contamination(
    benchmark: Annotated[str | None, typer.Argument(metavar="[BENCHMARK]", help="Show an item of this one.")] = None,
    item: Annotated[str | None, typer.Argument(metavar="[ITEM]", help="The item's id.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=10_000, help="Items, or documents, to list.")] = 20,
    policies: Annotated[bool, typer.Option("--policies", help="List the policies with their sources.")] = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which benchmark items are touched, by which documents, and what each policy drops or would drop."""
    import sys

    from pomona import contamination as showing
    from pomona import output

    if policies:
        listed = showing.list_policies()
        rows = [(p["policy"], f"{p['drops_from']:g} {p['unit']}", p["doc"], p["source"]) for p in listed]
        output.show(listed, output.table(rows, ("policy", "drops from", "meaning", "source")), as_json)
    elif benchmark is None:
        found = showing.overview(open_lake(lake), top)
        output.show(found, showing.render_overview(found), as_json)
    elif item is None:
        raise UserError(f"which item of {benchmark}? `pomona contamination` lists those that are touched")
    else:
        one = showing.item(open_lake(lake), benchmark, item, min(top, 100))
        output.show(one, showing.render_item(one, color=sys.stdout.isatty()), as_json)
