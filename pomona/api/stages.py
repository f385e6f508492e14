"""One function per stage, which brings the stage and its inputs up to date.

The keyword arguments are the fields of the recipe's section, with the same names and meaning: docs/reference/recipe.md
lists them. Every function also takes `workers`, `memory`, `executor` and `progress`, as `pomona.run` does.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pomona.api.arguments import options_of, settings_of, split
from pomona.api.errors import reports_faults
from pomona.api.lakes import LakeLike, existing, open
from pomona.api.recipes import Ran, shown

if TYPE_CHECKING:
    from corpus.lake import Lake
    from pomona.stages import Wanted


@reports_faults
def ingest(lake: LakeLike, path: str | Path | Sequence[str | Path], source: str, **settings: Any) -> Ran:
    """Reads raw files, extracts their text, and replaces the content of the source with it.

    `path` is a file, a folder, a pattern or a URL, or several of them. `kind`, `license`, `extractor`, `honor_rights`,
    `text_column`, ... are fields of a source. Another call with the same paths reads only what changed.
    """
    from corpus.errors import UserError
    from pomona import stages

    paths = [path] if isinstance(path, (str, Path)) else list(path)
    running, fields = split(settings)
    if "name" in fields:
        raise UserError("the name of a source is given by source=")
    family = stages.source_family()
    entry = settings_of(family.field, {"name": source, "path": [str(one) for one in paths], **fields})
    wanted = stages.Wanted({family.name: (entry,)}, sources=(source,))
    return _run(open(lake), wanted, running, f"pomona.ingest(..., source={source!r})")


@reports_faults
def signals(lake: LakeLike, **running: Any) -> Ran:
    """Measures all signals of the documents that are not measured yet."""
    from pomona.stages import Wanted

    opened = existing(lake)
    return _run(opened, Wanted.of({}), running, "pomona.signals(lake)")


@reports_faults
def filter(lake: LakeLike, **settings: Any) -> Ran:
    """Decides by rules which documents are kept: `rules`, `languages`, `limits`, `overrides`."""
    return _section(lake, "filter", settings, named=True)


@reports_faults
def dedup(lake: LakeLike, **settings: Any) -> Ran:
    """Finds copies and decides which one stays: `keep`, `exact`, `minhash`, `semantic`, `paragraphs`, `substrings`."""
    return _section(lake, "dedup", settings, named=True)


@reports_faults
def decontam(lake: LakeLike, **settings: Any) -> Ran:
    """Drops documents that contain items of `benchmarks`, by a `policy`."""
    return _section(lake, "decontaminate", settings, named=True)


@reports_faults
def run_section(lake: LakeLike, section: str, **settings: Any) -> Ran:
    """Brings the stages of one section of the recipe up to date, e.g. "filter", and measures signals first."""
    return _section(lake, section, settings)


@reports_faults
def drop(lake: LakeLike, source: str) -> None:
    """Removes a source from the lake: its documents, rejects and counts. Older versions keep it."""
    from pomona import command_line, removal

    with command_line.python_call(f"pomona.drop(lake, {source!r})"):
        removal.drop_source(existing(lake), source)


@reports_faults
def export(
    lake: LakeLike,
    out: str | Path,
    *,
    format: str | None = None,
    shard_bytes: str | int | None = None,
    replace: bool = False,
) -> dict[str, Any]:
    """Writes the kept documents with a data card: a Hugging Face dataset in a new folder, or one file.

    Returns the numbers of documents, bytes and files that were written, and the card's path.
    """
    from pomona.exporting import export as write
    from pomona.opening import LEAST_SHARD, size_bytes

    n_bytes = size_bytes("shard_bytes", None if shard_bytes is None else str(shard_bytes), least=LEAST_SHARD)
    return write(existing(lake), str(out), kind=format, shard_bytes=n_bytes, replace=replace)


def _section(lake: LakeLike, section: str, settings: Mapping[str, Any], *, named: bool = False) -> Ran:
    """Runs a section; `named` sections have a function with the name of their command."""
    from corpus.errors import unknown
    from pomona import pipeline
    from pomona.recipe import model
    from pomona.stages import Wanted
    from pomona.views.ingested import sources

    names = [one for one in model().model_fields if one != "lake"]
    if section not in names:
        raise unknown("section", section, names)
    running, fields = split(settings)
    opened, chosen = existing(lake), settings_of(section, fields)
    wanted = Wanted.of_section(section, chosen, sources(opened))
    for place, error in wanted.mistakes():
        raise type(error)(f"{place}: {error}")
    name = next(one.commanded_by for one in pipeline.FAMILIES if section in (one.field, one.within and one.within.name))
    arguments = ["lake", *([] if named else [repr(section)]), *(f"{one}={value!r}" for one, value in fields.items())]
    return _run(opened, wanted, running, f"pomona.{name if named else 'run_section'}({', '.join(arguments)})")


def _run(lake: "Lake", wanted: "Wanted", running: Mapping[str, Any], called: str) -> Ran:
    from pomona import command_line, runner

    options = options_of(running)
    with command_line.python_call(called), shown(running.get("progress")) as report:
        return Ran(lake, tuple(runner.bring_up_to_date(lake, wanted, report=report, **options)))
