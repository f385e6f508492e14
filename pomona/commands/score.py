"""`pomona score`, `scores`, `compare` and `leaderboard`: how good models are, and how sure we are."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from corpus.errors import UserError
from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("score")(command(score, "score"))
    app.command("scores")(scores)
    app.command("compare")(compare)
    app.command("leaderboard")(leaderboard)
    app.command("suites")(suites)
    app.command("fetch")(fetch)


def score(
    given: Given,
    run: Running,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="A run of the lake, a folder of a Hugging Face model, a .gguf file, or an endpoint: http://HOST/v1#MODEL.",
        ),
    ] = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option("--diff", metavar="SCORE SCORE", help="Score nothing; say why the numbers of two scores differ."),
    ] = None,
    decontaminate: Annotated[
        bool,
        typer.Option(
            "--decontaminate", help="Also protect the suite's items: the next decontamination looks for them."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Score a model on a suite. Continues after a kill; what was answered before is not asked again."""
    from eval_suites import views
    from pomona import making, output
    from pomona.terminal.scores import render, render_reasons

    if diff is not None:
        from eval_suites.manifests import differences

        reasons = differences(open_lake(run.lake), *diff)
        output.show([asdict(one) for one in reasons], render_reasons(reasons, *diff), as_json)
        return
    if model is None:
        raise UserError(
            "score needs a model: a run of the lake, a folder, a .gguf file, or an endpoint (http://HOST/v1#MODEL)"
        )
    named = {} if "name" in given.fields else {"name": _name(model, given)}
    settings = given.settings(model=model, **named)
    lake = open_lake(run.lake, must_exist=False)
    with output.progress() as progress:
        outcomes = list(making.score(lake, settings, report=progress, **run.options()))
    protected: dict[str, int] = {}
    if decontaminate:
        from eval_suites.protecting import protect

        protected = protect(lake, settings)
    view, state = views.run(lake, making.score_id(lake, settings)), outcomes[-1].state
    text = f"{render(view)}\nnothing to do: it is current" if state == "current" else render(view)
    if protected:
        n = sum(protected.values())
        text += f"\n{n:,} items of {len(protected)} tasks are protected from the next decontamination on"
    output.show(asdict(view) | {"state": state, "protected": protected}, text, as_json)


def _name(model: str, given: Given) -> str:
    """Returns the name of a score that got none: its model and its suite."""
    from urllib.parse import urlsplit

    from eval_suites.models.endpoint.address import is_address

    last = Path(model.partition("#")[2] or model.rstrip("/")).name.removesuffix(".gguf") or "model"
    if is_address(model) and "#" not in model:
        last = urlsplit(model).netloc
    tasks = given.fields.get("tasks")
    suite = Path(str(given.fields.get("suite") or ("+".join(tasks) if tasks else "offline"))).stem
    # What makes other numbers of a suite is in the name, so that a quick look does not take the name of the rest.
    more = [f"{name}{value}" for name in ("limit", "shots") if (value := given.fields.get(name)) is not None]
    more += [name.replace("_", "-") for name in ("chat", "until_settled", "guardrails") if given.fields.get(name)]
    return re.sub(r"[^A-Za-z0-9_.-]", "-", "-".join([last, suite, *more])).lstrip("-_.")[:64].rstrip("-_.")


def scores(
    score: Annotated[str | None, typer.Argument(metavar="[SCORE]", help="A score, by name or id.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the scores of a lake, or show one of them."""
    from eval_suites import views
    from pomona import output
    from pomona.terminal.scores import render, render_list

    opened = open_lake(lake)
    if score is None:
        every = views.runs(opened)
        output.show([asdict(one) for one in every], render_list(every), as_json)
        return
    view = views.run(opened, score)
    output.show(asdict(view), render(view), as_json)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A score, by name, id or model.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one, on the same suite.")],
    items: Annotated[
        int,
        typer.Option(
            "--items", min=0, metavar="N", help="Also show up to N items of each task that changed, with both answers."
        ),
    ] = 0,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two scores item by item: difference, interval and verdict for each task."""
    from eval_suites import comparing
    from pomona import output
    from pomona.terminal.scores import render_changed, render_comparison

    opened = open_lake(lake)
    comparison = comparing.compare(opened, a, b)
    changed = comparing.changed(opened, a, b, items) if items else []
    text = render_comparison(comparison) + render_changed(changed, comparison)
    output.show(asdict(comparison) | {"changed": [asdict(one) for one in changed]}, text, as_json)


def leaderboard(
    suite: Annotated[str, typer.Option("--suite", metavar="NAME", help="Suite; the one scored last by default.")] = "",
    page: Annotated[
        str | None,
        typer.Option("--page", metavar="FILE", help="Also write an HTML page to sort, filter and look through items."),
    ] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank the models that were scored on a suite, with the ranks that the data support."""
    from eval_suites import standings
    from eval_suites.quoted import of_suite
    from pomona import output
    from pomona.terminal.scores import render_leaderboard, render_quotes

    opened = open_lake(lake)
    board = standings.leaderboard(opened, suite)
    if page is not None:
        from pomona.page import browser

        browser.write(opened, page, suite)
    quotes = of_suite(board[0].suite) if board else []
    others = [f"\nnot on this board: {one}" for one in standings.left_out(opened, suite)]
    text = render_leaderboard(board) + "".join(others) + render_quotes(quotes)
    output.show([asdict(one) for one in board], text, as_json)


def suites(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A suite, by name or as a YAML file.")] = None,
    tasks: Annotated[
        str, typer.Option("--tasks", metavar="TEXT", help="List the tasks whose names contain this, of lm-eval too.")
    ] = "",
    tasks_path: Annotated[
        str | None, typer.Option("--tasks-path", metavar="FOLDER", help="Folder with more tasks.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the suites, the tasks of one of them, or all tasks by name."""
    from eval_suites import suites as every
    from pomona import output

    if tasks:
        from eval_suites import task_index

        named = [one for one in task_index.names([tasks_path] if tasks_path else []) if tasks in one[0]]
        output.show([{"name": a, "kind": b} for a, b in named], output.table(named, ("name", "")), as_json)
    elif name is None:
        loaded = [every.load(one) for one in every.names()]
        text = output.table([(one.name, one.version, len(one.tasks), one.about) for one in loaded],
                            ("suite", "version", "tasks", ""))  # fmt: skip
        output.show([one.model_dump() for one in loaded], text, as_json)
    else:
        suite = every.load(name)
        rows = [
            (one.task, "" if one.shots is None else one.shots, one.metric, f"{one.baseline:.3g}", one.format or "",
             ", ".join(one.data.values()))
            for one in suite.tasks
        ]  # fmt: skip
        table = output.table(rows, ("task", "shots", "metric", "guessing", "format", "local files"))
        text = f"{suite.name}, version {suite.version}: {suite.about}\nsource: {suite.source}\n\n{table}"
        output.show(suite.model_dump(), text, as_json)


def fetch(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="A suite, by name or as a YAML file.")],
    as_json: JsonOption = False,
) -> None:
    """Fetch the data of a suite from the hub into the cache, so that it runs without a network."""
    from eval_suites import engine
    from eval_suites import suites as every
    from pomona import output

    tasks = engine.Tasks(every.load(suite))
    counts = {name: len(task.eval_docs) for name, (task, _) in tasks.leaves.items()}
    output.show(counts, output.table(list(counts.items()), ("task", "items")), as_json)
