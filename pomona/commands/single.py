"""Commands that run one stage: ingest, extract, signals, filter, export, calibrate."""

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.errors import UserError
from pomona.commands.options import (
    LEAST_SHARD,
    ExecutorOption,
    JsonOption,
    LakeOption,
    MemoryOption,
    WorkersOption,
    memory_bytes,
    open_lake,
    size_bytes,
)

if TYPE_CHECKING:
    from corpus.lake import Lake
    from corpus.stage import Stage
    from pomona.standing import OutOfDate


_MOST_LISTED = 6  # kinds of rejects, or of records passed over, that a line names


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (ingest, drop, extract, signals, filter_, export, calibrate):
        app.command(name=command.__name__.rstrip("_"))(command)


def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders, patterns or URLs.")],
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Name of the source.")],
    kind: Annotated[
        str | None, typer.Option("--kind", help="html, warc, jsonl, parquet, text, code or python; guessed by default.")
    ] = None,
    lake: LakeOption = None,
    extractor: Annotated[str | None, typer.Option("--extractor", help="cascade, blocks, fast or precise.")] = None,
    honor_rights: Annotated[
        bool, typer.Option("--honor-rights", help="Refuse pages that opt out of training.")
    ] = False,
    clean: Annotated[list[str] | None, typer.Option("--clean", help="A cleaning step: c4_lines.")] = None,
    text_column: Annotated[str, typer.Option("--text-column", help="JSONL, Parquet: column of the text.")] = "text",
    uri_column: Annotated[
        str | None, typer.Option("--uri-column", help="JSONL, Parquet: column of the address.")
    ] = None,
    license: Annotated[str | None, typer.Option("--license", help="License where a document states none.")] = None,
    metadata: Annotated[list[str] | None, typer.Option("--metadata", help="JSONL, Parquet: a column to keep.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Drop what the source held before.")] = False,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read raw files, extract their text and add them to the source; repeated, it does only what is new."""
    from pydantic import ValidationError

    from corpus.extract import DEFAULT
    from corpus.ingest.settings import Source
    from corpus.ingest.stages import slot as ingest_slot
    from corpus.model_errors import of_option
    from pomona import budget, runner, stages

    opened = open_lake(lake, must_exist=False)
    parser_bytes = budget.parser_bytes(memory_bytes(memory), workers or runner.default_workers())
    options: dict[str, Any] = {
        "name": source, "kind": kind, "extractor": extractor or DEFAULT, "honor_rights": honor_rights,
        "clean": tuple(clean or ()), "text_column": text_column, "uri_column": uri_column, "license": license,
        "metadata_columns": tuple(metadata or ()),
    }  # fmt: skip

    family = stages.source_family()
    name = family.names((source,))[0]

    def plan() -> "Stage":
        """Under the source's lease: what another process has ingested into it meanwhile is there."""
        earlier = None if replace else opened.current("documents", ingest_slot(source))
        before = list(earlier.config.get("paths", ())) if earlier else []
        path = tuple(dict.fromkeys([*before, *_absolute(paths, kind)]))
        try:
            entry = Source(**options, path=path)
        except ValidationError as error:
            raise UserError(of_option(error, _OPTIONS)) from error
        try:
            wanted = stages.Wanted({family.name: (entry,)}, sources=(source,))
            stage = wanted.plan(name, opened, parser_memory=parser_bytes)
        except UserError as error:
            if not any(f"{path} " in str(error) for path in before):
                raise
            raise UserError(f"{error}; it was ingested before, --replace with the other paths leaves it out") from error
        if earlier and before:
            _refuse_other_options(source, dict(earlier.config), stage.config)
        return stage

    run_last(opened, {name: plan}, workers, memory, as_json, executor)


def drop(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of the source.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a source out of the lake: its documents, rejects and counts. Older versions keep it."""
    from pomona import output, removal, standing

    opened = open_lake(lake)
    removal.drop_source(opened, source)
    stale = standing.out_of_date(opened)
    value = {"dropped": source, "out_of_date": [asdict(one) for one in stale]}
    output.show(value, f"source {source!r} is out of the lake", as_json)
    _print_stale(stale)


_OPTIONS = {"name": "--source", "metadata_columns": "--metadata", "path": "PATH"}  # fields that have other names


def _absolute(paths: list[str], kind: str | None) -> list[str]:
    import os

    plain = [kind != "python" and "://" not in path and bool(path.strip()) for path in paths]
    return [
        os.path.abspath(os.path.expanduser(path)) if is_plain else path
        for path, is_plain in zip(paths, plain, strict=True)
    ]


def _refuse_other_options(source: str, before: dict[str, Any], now: dict[str, Any]) -> None:
    from pomona.status import plain

    asked = [name for name in now if name in before and name not in ("paths", "version")]  # the rest is not the user's
    changed = [name for name in asked if plain(before[name]) != plain(now[name])]
    if changed:
        raise UserError(
            f"source {source!r} was ingested with another {', '.join(changed)}; name another --source, or --replace it"
        )


def extract(
    paths: Annotated[list[str], typer.Argument(metavar="FILE...", help="HTML files.")],
    extractor: Annotated[str | None, typer.Option("--extractor", help="cascade, blocks, fast or precise.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the main text of HTML files, without a lake: to see what an extractor makes of a page."""
    from corpus.errors import unknown
    from corpus.extract import DEFAULT, EXTRACTORS
    from corpus.records import Page, Reject
    from corpus.sandbox import Sandbox
    from corpus.sources.files import find
    from pomona import output

    if extractor and extractor not in EXTRACTORS:
        raise unknown("extractor", extractor, EXTRACTORS)
    found: list[dict[str, Any]] = []
    with Sandbox(extractor or DEFAULT) as sandbox:
        for path in paths:
            for file in find(path)[0]:
                result = sandbox.extract(Page(file.path, "", file.head(file.n_bytes)))
                found.append({"uri": file.path, **asdict(result)})
                if isinstance(result, Reject):
                    print(f"{file.path}: {result.reason}: {result.detail}", file=sys.stderr)
    output.show(found, "\n\n".join(page["text"] for page in found if "text" in page), as_json)
    if not any(page.get("text") for page in found):
        raise UserError("no page gave any text")


def signals(
    lake: LakeOption = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure every signal of every document that has none yet."""
    from pomona import stages

    opened = open_lake(lake)
    run_last(opened, stages.Wanted({"signals": None}).plans(opened), workers, memory, as_json, executor)


def filter_(
    rules: Annotated[
        str,
        typer.Option(
            "--rules", metavar="A,B,...", help="Rule sets or YAML files of them; limits as ruleset.rule=number or =off."
        ),
    ] = "gopher_quality,gopher_repetition,c4,fineweb",
    lake: LakeOption = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide which documents stay; measures the signals that are missing first."""
    from filters.decide import parse
    from pomona import foreign, stages

    settings = parse(rules)
    opened = open_lake(lake)
    run_last(opened, stages.Wanted.of({"filter": settings}).plans(opened), workers, memory, as_json, executor)
    if told := foreign.warning(opened, settings):
        print(told, file=sys.stderr)


def export(
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="DIR",
            help="A new folder, or a file: .parquet, .jsonl, .jsonl.gz or .jsonl.zst; or a URL.",
        ),
    ],
    kind: Annotated[
        str | None,
        typer.Option("--format", help="Of a folder's files: parquet (default), jsonl, jsonl.gz, jsonl.zst."),
    ] = None,
    shard_bytes: Annotated[
        str | None, typer.Option("--shard-bytes", metavar="SIZE", help="About how large a folder's files are; 500MB.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put the folder in place of an earlier export.")] = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the kept documents, with a data card: a Hugging Face dataset in a folder, or one file."""
    from pomona import output
    from pomona.export import export as write

    n_bytes = size_bytes("--shard-bytes", shard_bytes, least=LEAST_SHARD)
    result = write(open_lake(lake), out, kind=kind, shard_bytes=n_bytes, replace=replace)
    n_files = result.get("files", 1)
    where = result.get("file") or f"{n_files:,} {'file' if n_files == 1 else 'files'} in {result['folder']}"
    size = output.n_bytes(result["file_bytes"])
    output.show(result, f"{result['documents']:,} documents ({size}) to {where}; card: {result['card']}", as_json)


def calibrate(as_json: JsonOption = False) -> None:
    """Measure this machine's rates for `pomona plan`, and compile the kernels."""
    from pomona import output
    from pomona.calibrate import calibrate as measure

    rates = measure()
    output.show(rates, output.table([(k, round(v, 1)) for k, v in rates.items()], ("work", "MB/s a core")), as_json)


Plans = dict[str, Callable[[], "Stage"]]


def run_last(lake: "Lake", plans: Plans, workers: int | None, memory: str | None, as_json: bool, executor: str) -> None:
    """Runs stages, and prints what the last one came to, and which later stages are out of date now."""
    from corpus.engines import parse
    from pomona import output, runner, stages, standing, summary

    engine = parse(executor)
    with output.progress() as progress:
        *_, outcome = runner.run_stages(
            lake, plans, workers=workers, memory=memory_bytes(memory), report=progress, engine=engine
        )
    name = outcome.stage
    did = "nothing to do" if outcome.state == "current" else f"work items: {summary.items(outcome)}"
    counts = _records(lake, name, outcome.rows) if stages.reads_sources(name) else _rows(lake, name, outcome.rows)
    stale = standing.out_of_date(lake)
    text = f"{name}: {counts.pop('text')} ({did}, {outcome.seconds:.1f} s)"
    if name in stages.deciding():
        found = summary.reasons(lake, name)
        counts["reasons"] = [{"reason": reason, "documents": n, "alone": alone} for reason, n, alone in found]
        text = "\n".join(filter(None, [text, summary.told(found)]))
    output.show(asdict(outcome) | counts | {"out_of_date": [asdict(one) for one in stale]}, text, as_json)
    _print_stale(stale)


def _print_stale(stale: "list[OutOfDate]") -> None:
    """Which stages are out of date now, and what to run."""
    before = ""
    for one in stale:
        line = str(replace(one, command="the same command")) if one.command and one.command == before else str(one)
        before = one.command
        print(f"now {line}", file=sys.stderr)


def _rows(lake: "Lake", name: str, rows: dict[str, int]) -> dict[str, Any]:
    import polars as pl

    text = ", ".join(f"{n:,} {table}" for table, n in rows.items())
    if "decisions" not in rows:
        return {"text": text}
    kept = int(lake.scan("decisions", slot=name).select(pl.col("kept").sum()).collect().item())
    return {"kept": kept, "text": f"{text}, {kept:,} kept"}


def _records(lake: "Lake", name: str, rows: dict[str, int]) -> dict[str, Any]:
    """How many raw records there were, and what became of each kind."""
    import polars as pl

    from corpus.ingest.stages import slot as ingest_slot

    slot = ingest_slot(name.removeprefix("ingest:"))
    reasons = lake.scan("rejects", slot=slot).group_by("reason").agg(n=pl.len())
    kinds = lake.scan("passed_over", slot=slot).group_by("kind").agg(n=pl.col("records").sum())
    rejects, passed = (
        dict(frame.sort("n", frame.collect_schema().names()[0], descending=[True, False]).collect().iter_rows())
        for frame in (reasons, kinds)
    )
    total = rows["documents"] + rows["rejects"] + rows["passed_over"]
    made = lake.current("documents", slot)
    kind = f" of kind {made.facts['kind']}" if made and made.facts.get("kind") else ""
    text = f"{total:,} records{kind}: {rows['documents']:,} documents, {rows['rejects']:,} rejects{_listed(rejects)}"
    text += f", {rows['passed_over']:,} passed over{_listed(passed)}"
    return {"records": total, "rejects": rejects, "passed_over": passed, "text": text}


def _listed(counts: dict[str, int]) -> str:
    """In brackets, the most frequent first."""
    if not counts:
        return ""
    shown = [f"{name} {n:,}" for name, n in list(counts.items())[:_MOST_LISTED]]
    return f" ({', '.join(shown)}{', ...' if len(counts) > _MOST_LISTED else ''})"
