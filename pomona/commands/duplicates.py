"""Commands about duplicates: dedup, similar."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.errors import UserError, unknown
from pomona.commands.options import (
    ExecutorOption,
    JsonOption,
    LakeOption,
    MemoryOption,
    WorkersOption,
    memory_bytes,
    open_lake,
)

if TYPE_CHECKING:
    from corpus.lake import Lake
    from pomona.stages import Wanted

_OPTIONS = {  # fields whose options have names of their own, and sections, which are no options
    "minhash": "", "semantic": "", "paragraphs": "", "substrings": "", "only": "--cut-sources",
    "semantic.model": "--semantic", "semantic.threshold": "--semantic-threshold", "paragraphs.unit": "--paragraphs",
    "substrings.words": "--substrings", "paragraphs.only": "--cut-sources", "substrings.only": "--cut-sources",
}  # fmt: skip
_KEEP = ("source_order", "longest", "first", "quality")


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (dedup, similar):
        app.command()(command)


def dedup(
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Jaccard similarity from which documents are merged; 0.8.")
    ] = None,
    bands: Annotated[
        int | None,
        typer.Option("--bands", help="Bands of a signature, with --rows; they set the threshold where none is given."),
    ] = None,
    rows: Annotated[int | None, typer.Option("--rows", help="Rows of a band, with --bands.")] = None,
    ngram: Annotated[int, typer.Option("--ngram", help="Words, or characters, of a shingle.")] = 5,
    unit: Annotated[str, typer.Option("--unit", help="What a shingle counts: words or characters.")] = "words",
    verify: Annotated[
        str, typer.Option("--verify", help="How candidates are checked: shingles (exactly), signatures or none.")
    ] = "shingles",
    keep: Annotated[
        str, typer.Option("--keep", help="Copy that stays: source_order (first ingested), longest, first or quality.")
    ] = "source_order",
    quality: Annotated[
        str | None, typer.Option("--quality", metavar="SIGNAL", help="--keep quality: the signal; greatest stays.")
    ] = None,
    exact_only: Annotated[bool, typer.Option("--exact-only", help="Only texts that are equal.")] = False,
    semantic: Annotated[
        str | None,
        typer.Option(
            "--semantic", metavar="MODEL", help="Also what says the same: hashed, or a sentence-transformers folder."
        ),
    ] = None,
    semantic_threshold: Annotated[
        float, typer.Option("--semantic-threshold", help="Cosine similarity from which a document goes.")
    ] = 0.95,
    paragraphs: Annotated[
        str | None,
        typer.Option("--paragraphs", metavar="UNIT", help="Also cut repeated passages: paragraph or line."),
    ] = None,
    substrings: Annotated[
        int | None, typer.Option("--substrings", metavar="WORDS", help="Also cut repeated runs of so many words; 50.")
    ] = None,
    curve: Annotated[
        str | None,
        typer.Option("--curve", metavar="FILE", help="Write the S-curve as an SVG file, and do nothing else."),
    ] = None,
    cut_sources: Annotated[
        str | None, typer.Option("--cut-sources", metavar="A,B,...", help="Cut passages of these sources only.")
    ] = None,
    lake: LakeOption = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find exact and near duplicates among the documents that the filter kept, and decide which copy stays.

    Repeated passages are cut out of documents, not dropped with them; `pomona export` leaves them out.
    """
    from pomona import output

    if keep not in _KEEP:
        raise unknown("--keep", keep, _KEEP)
    given = {"threshold": threshold, "bands": bands, "rows": rows, "ngram": ngram, "unit": unit, "verify": verify}
    fields: dict[str, Any] = {"keep": keep, "quality": quality, "minhash": None if exact_only else given}
    fields["semantic"] = {"model": semantic, "threshold": semantic_threshold} if semantic else None
    only = cut_sources.split(",") if cut_sources else None
    if only and not paragraphs and substrings is None:
        raise UserError("--cut-sources says where --paragraphs or --substrings cut; give one of them, too")
    fields["paragraphs"] = {"unit": paragraphs, "only": only} if paragraphs else None
    fields["substrings"] = {"words": substrings, "only": only} if substrings is not None else None
    recipe = _recipe(fields)
    if curve:
        print(_write_curve(recipe, curve))
        return
    opened = open_lake(lake)
    found = _dedup(opened, recipe, workers, memory_bytes(memory), executor)
    output.show(found, _render(found, recipe), as_json)


def _recipe(fields: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    from corpus.dedup.settings import DEDUP
    from corpus.model_errors import of_option
    from pomona.recipe import section

    try:
        return section(DEDUP.name).model_validate(fields)
    except ValidationError as error:
        raise UserError(of_option(error, _OPTIONS)) from error


def _wanted(recipe: Any, opened: "Lake") -> "Wanted":
    """What the options ask for; raises `UserError` for a source or signal that does not exist."""
    from corpus.dedup.settings import DEDUP
    from pomona.stages import Wanted

    wanted = Wanted.of_section(DEDUP.name, recipe, tuple(ingested(opened)))
    for field, error in wanted.mistakes():
        name = field.rpartition(".")[2]
        raise UserError(f"{_OPTIONS.get(name, f'--{name}')}: {error}")
    return wanted


def _dedup(opened: "Lake", recipe: Any, workers: int | None, memory: int | None, executor: str) -> dict[str, Any]:
    from corpus.engines import parse
    from pomona import output, runner, standing
    from pomona.removal import Removal

    options: dict[str, Any] = {"workers": workers, "memory": memory, "engine": parse(executor)}
    wanted, every = _wanted(recipe, opened), _families()
    found: dict[str, Any] = {"stages": []}
    before = _configs(opened)
    with output.progress() as progress:
        standing.require(opened, before=every[0])
        removal = Removal(tuple(name for name in every if name not in wanted.settings))
        for outcome in runner.run_wanted(opened, wanted, removal, report=progress, **options):
            found["stages"].append({"stage": outcome.stage, "state": outcome.state, "seconds": outcome.seconds})
    for line in _changes(before, _configs(opened)):
        print(line, file=sys.stderr)
    for stale in standing.out_of_date(opened):
        print(f"now {stale}", file=sys.stderr)
    return found | {name: _dropped(opened, name) for name in every if name in wanted.settings}


def _configs(opened: "Lake") -> dict[str, Any]:
    """The settings that each stage of deduplication has decided with."""
    made = opened.lineages("decisions") if opened.exists("decisions") else {}
    return {slot: made[slot].config for slot in _families() if slot in made}


def _families() -> tuple[str, ...]:
    """The families that the command runs, in order."""
    from corpus.dedup.settings import DEDUP
    from pomona import pipeline

    return tuple(family.name for family in pipeline.FAMILIES if family.within is DEDUP)


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What this command decides otherwise than the one before it: whoever leaves an option out gets its default."""
    lines = [f"{slot} decides no more" for slot in before if slot not in now]
    for slot in before.keys() & now.keys():
        changed = [name for name in now[slot] if name in before[slot] and before[slot][name] != now[slot][name]]
        lines += [f"{slot}: {name} is {now[slot][name]!r}, it was {before[slot][name]!r}" for name in changed]
    return sorted(lines)


def ingested(opened: "Lake") -> list[str]:
    """Sources of the lake in the order in which they came."""
    there = opened.lineages("documents")
    made = [commit.lineage for commit in reversed(opened.history("documents"))]
    names = [lineage.stage.removeprefix("ingest:") for lineage in made if lineage and lineage.slot in there]
    return list(dict.fromkeys(name for name in names if not name.startswith("drop:")))


def _dropped(opened: "Lake", slot: str) -> dict[str, int]:
    import polars as pl

    seen = opened.scan("decisions", slot=slot).select(pl.len(), pl.col("kept").sum()).collect().row(0)
    clusters = opened.scan("duplicates", slot=slot).select(pl.col("cluster").n_unique()).collect().item()
    gone = opened.scan("cuts", slot=slot).select(pl.len(), (pl.col("end") - pl.col("start")).sum()).collect().row(0)
    found = {"documents": seen[0], "kept": int(seen[1]), "dropped": seen[0] - int(seen[1]), "clusters": clusters}
    return found | {"cuts": gone[0], "characters_cut": int(gone[1] or 0)}


def _render(found: dict[str, Any], recipe: Any) -> str:
    from corpus.dedup.near.banding import describe
    from pomona import output

    rows = [(name, *counts.values()) for name, counts in found.items() if name != "stages"]
    text = output.table(rows, ("stage", "documents", "kept", "dropped", "clusters", "cuts", "characters cut"))
    seconds = sum(stage["seconds"] for stage in found["stages"])
    text += f"\n\n{seconds:.1f} s; `pomona explain ID` shows a cluster, `pomona similar ID` what is near"
    if recipe.minhash is None:
        return text
    return f"{text}\n{describe(recipe.minhash.banding(), verified=recipe.minhash.verify != 'none')}"


def _write_curve(recipe: Any, path: str) -> str:
    from pathlib import Path

    from corpus.dedup.near.banding import describe
    from pomona.report import charts

    if recipe.minhash is None:
        raise UserError("--curve is about --threshold or --bands and --rows, not --exact-only")
    chosen = recipe.minhash.banding()
    series = {"seen": chosen.curve()}
    Path(path).write_text(charts.lines(series, "pairs seen, by Jaccard similarity", chosen.threshold, standalone=True))
    return f"{path}\n{describe(chosen, verified=recipe.minhash.verify != 'none')}"


def similar(
    document: Annotated[str, typer.Argument(metavar="ID|FILE", help="A document's id or URI, or a text file.")],
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="Documents to list.")] = 10,
    diff: Annotated[int, typer.Option("--diff", min=0, help="Show how this many of them differ from it.")] = 1,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the documents most like one, with estimated Jaccard similarity and a diff of the words."""
    from pomona import output
    from pomona import similar as finding

    found = finding.similar(open_lake(lake), document, top, diff)
    text = finding.render(found, color=sys.stdout.isatty())
    output.show([row.as_dict() for row in found], text, as_json, is_safe=True)
