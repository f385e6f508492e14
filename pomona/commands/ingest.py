"""`pomona ingest`, `drop` and `extract`: read raw files into the lake, remove a source, and print the text of pages."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.errors import UserError
from pomona.commands.given import Given, command
from pomona.commands.options import JsonOption, LakeOption, Running
from pomona.opening import open_lake

if TYPE_CHECKING:
    from corpus.stage import Stage


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("ingest")(command(ingest, "sources"))
    app.command("drop")(drop)
    app.command("extract")(extract)


def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders, patterns or URLs.")],
    given: Given,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Drop the earlier documents of the source.")] = False,
    run: Running,
    as_json: JsonOption = False,
) -> None:
    """Read raw files, extract their text and add them to the source. A repeated call reads only what is new."""
    from corpus.ingest.settings import absolute
    from corpus.ingest.stages import slot
    from pomona import budget, runner, stages
    from pomona.commands.running import bring_planned_up_to_date, show_last

    lake = open_lake(run.lake, must_exist=False)
    options = run.options()
    parser_bytes = budget.parser_bytes(options["memory"], options["workers"] or runner.default_workers())
    kind = given.fields.get("kind")
    source = given.settings(path=absolute(paths, kind)).name
    family = stages.source_family()
    [name] = family.names((source,))

    def plan() -> "Stage":
        """Plans under the source's lease, so that it sees what another process has ingested into it meanwhile."""
        earlier = None if replace else lake.current("documents", slot(source))
        before = list(earlier.config.get("paths", ())) if earlier else []
        known = set(absolute(before, kind))
        entry = given.settings(path=[*before, *(path for path in absolute(paths, kind) if path not in known)])
        try:
            wanted = stages.Wanted({family.name: (entry,)}, sources=(source,))
            stage = wanted.plan(name, lake, parser_memory=parser_bytes)
        except UserError as error:
            if not any(f"{path} " in str(error) for path in before):
                raise
            raise UserError(f"{error}; it was ingested before; --replace with the other paths drops it") from error
        if before and earlier:
            _refuse_other_options(source, dict(earlier.config), stage.config)
        return stage

    show_last(lake, bring_planned_up_to_date(lake, {name: plan}, run), as_json)


def _refuse_other_options(source: str, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raises `UserError` if settings differ from those with which the source's documents were made."""
    from pomona.state import plain

    # the user does not set the others
    options = [name for name in now if name in before and name not in ("paths", "version")]
    changed = [name for name in options if plain(before[name]) != plain(now[name])]
    if changed:
        raise UserError(
            f"source {source!r} was ingested with another {', '.join(changed)}; name another --source, or use --replace"
        )


def drop(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of the source.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a source from the lake: its documents, rejects and counts. Older versions keep it."""
    from pomona import output, removal, standing
    from pomona.commands.running import print_out_of_date

    opened = open_lake(lake)
    removal.drop_source(opened, source)
    stale = standing.out_of_date(opened)
    value = {"dropped": source, "out_of_date": [asdict(one) for one in stale]}
    output.show(value, f"source {source!r} was removed from the lake", as_json)
    print_out_of_date(stale)


def extract(
    paths: Annotated[list[str], typer.Argument(metavar="FILE...", help="HTML files.")],
    extractor: Annotated[str | None, typer.Option("--extractor", help="cascade, blocks, fast or precise.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the main text of HTML files, without a lake, to check what an extractor returns for a page."""
    from corpus.errors import unknown
    from corpus.extract import DEFAULT, EXTRACTORS
    from corpus.records import Page, Reject
    from corpus.sandbox import Sandbox
    from corpus.sources.files import find
    from pomona import output

    if extractor and extractor not in EXTRACTORS:
        raise unknown("extractor", extractor, EXTRACTORS)
    results: list[dict[str, Any]] = []
    with Sandbox(extractor or DEFAULT) as sandbox:
        for path in paths:
            for file in find(path)[0]:
                result = sandbox.extract(Page(file.path, "", file.head(file.n_bytes)))
                results.append({"uri": file.path, **asdict(result)})
                if isinstance(result, Reject):
                    print(f"{file.path}: {result.reason}: {result.detail}", file=sys.stderr)

    output.show(results, "\n\n".join(page["text"] for page in results if "text" in page), as_json)
    if not any(page.get("text") for page in results):
        raise UserError("no text was extracted from any page")
