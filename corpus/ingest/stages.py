"""Plans the stage that reads a source: raw files become `documents`, `rejects`, and counts of what was passed over."""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import polars as pl

from corpus.errors import UserError
from corpus.forgetting import tombstones
from corpus.ingest import steps
from corpus.ingest.listing import Listing, find_files
from corpus.ingest.settings import Source, absolute
from corpus.ingest.steps import SourceSettings
from corpus.ingest.version import VERSION
from corpus.lake import Lake
from corpus.records import Reject
from corpus.sandbox import Sandbox
from corpus.sources.columns import partition
from corpus.sources.files import File, named
from corpus.stage import Context, Stage, output
from corpus.task import WorkItem, digest

TABLES = ("documents", "rejects", "passed_over")  # the first one is written last
_TABLE_KINDS = ("jsonl", "parquet")
_LOOKED_AT = 16  # files whose first bytes are read for the names of columns
_HEAD_BYTES = 8 << 20  # of all of them together
_SEARCHED_BYTES = 1 << 30  # of all files together, for a column that is not in the first bytes
_ASKING_BYTES = 64 << 10  # cost of a file besides its bytes


def slot(source: str) -> str:
    """Returns the slot of a source's tables."""
    return f"ingest-{source}"


def read(context: Context[Source]) -> Stage:
    """Plans the stage for the documents and rejects of one source."""
    source = _as_before(context)
    listing = _list(source)
    settings = source.options(listing.kind)
    links = [[reject.uri, reject.reason] for reject in listing.rejects]
    passed = dict(Counter((listing.passed or {}).values()))

    def plan_items() -> list[WorkItem]:
        """Checks the columns, and cuts the files into items."""
        _check_columns(settings, listing.files)
        return steps.plan(settings, listing, steps.ITEM_BYTES)

    n_files, n_bytes = len(listing.files), sum(file.n_bytes for file in listing.files)
    return Stage(
        name=f"ingest:{source.name}",
        outputs=tuple(output(table, slot(source.name)) for table in TABLES),
        config=settings.options() | {"paths": list(source.path)},
        inputs={"files": digest([file.key() for file in listing.files]), "links": digest([links, passed])},
        version=VERSION,
        step=steps.IngestStep(context.parser_memory, tombstones.read(context.lake)),
        plan_items=plan_items,
        keeps_documents=True,
        why_empty=lambda keys: _no_document(context.lake, source.name, n_files, keys),
        facts={"n_files": n_files, "n_bytes": n_bytes, "kind": listing.kind},
    )


def _as_before(context: Context[Source]) -> Source:
    """Returns the source, with its paths in the spelling of the lake's last read if they are the same paths.

    A command stores absolute paths, and a recipe in the current folder stores relative ones. Addresses of documents
    begin with these paths, so another spelling would make every document a new one.
    """
    source = context.settings
    lineage = context.lake.current("documents", slot(source.name))
    old_paths = tuple(lineage.config.get("paths", ())) if lineage else ()
    if absolute(old_paths, source.kind) == absolute(source.path, source.kind):
        return source.model_copy(update={"path": old_paths})
    return source


def _list(source: Source) -> Listing:
    """Returns what all paths of a source hold, each file once."""
    files: list[File] = []
    rejects: dict[str, Reject] = {}
    passed: dict[str, str] = {}
    kind = source.kind

    for path in source.path:
        listing = find_files(path, kind, is_guessed=source.kind is None and kind is not None)
        kind = kind or listing.kind
        if not listing.files and not listing.rejects:
            raise UserError(f"source {source.name!r}: {path} holds no {kind} file; name another --kind or path")
        files += listing.files
        rejects |= {reject.uri: reject for reject in listing.rejects}
        passed |= listing.passed or {}

    assert kind is not None
    read = {file.path for file in files}  # by another path of the source, maybe one inside a folder that is not entered
    read |= {folder for path in read for folder in _above(path)} if passed else set()
    unread = {path: passed_kind for path, passed_kind in passed.items() if path not in read}
    addresses = {file.uri for file in files} if rejects else set()
    refused = tuple(reject for uri, reject in rejects.items() if uri not in addresses)
    return Listing(kind, tuple(named(files)), refused, unread)


def _above(path: str) -> Iterator[str]:
    """Yields the folders above a path."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _check_columns(settings: SourceSettings, files: tuple[File, ...]) -> None:
    """Raises `UserError` for a column that is in none of the first rows of some files.

    With a mistyped name, every value would be lost.
    """
    wanted: dict[str, list[str | None]] = {
        "--text-column": [settings.text_column], "--uri-column": [settings.uri_column],
        "license_column": [settings.license_column], "--metadata": [*settings.metadata_columns],
    }  # fmt: skip
    named_columns = [(option, name) for option, names in wanted.items() for name in names if name]
    if settings.kind not in _TABLE_KINDS or not files:
        return

    step = -(-len(files) // _LOOKED_AT)
    sample = files[::step]
    seen: set[str] = set()
    with Sandbox() as sandbox:
        for file in sample:
            seen |= {*sandbox.columns(settings.kind, file, _HEAD_BYTES // len(sample)), *partition(file)}
        _search(sandbox, settings.kind, files, [name for _, name in named_columns], seen)

    for option, name in named_columns:
        if seen and name not in seen:
            near = get_close_matches(name, seen, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise UserError(
                f"source {settings.name!r}: {option} {name!r} is not in any record that was read{hint} "
                f"Columns found: {', '.join(sorted(seen)[:30])}"
            )


def _search(sandbox: Sandbox, kind: str, files: tuple[File, ...], names: list[str], seen: set[str]) -> None:
    """Adds to `seen` the names that appear only after the first bytes, because few records may have them."""
    late = [name for name in names if seen and name not in seen]
    share = max(_SEARCHED_BYTES // len(files), _HEAD_BYTES)
    total = sum(min(file.n_bytes, share) + _ASKING_BYTES for file in files)
    for file in files[:: -(-total // _SEARCHED_BYTES)] if late else ():
        seen.update(sandbox.columns(kind, file, share, late), partition(file))
        late = [name for name in late if name not in seen]
        if not late:
            return


def _no_document(lake: Lake, source: str, n_files: int, keys: Sequence[str] | None) -> str:
    """Returns why a source gave no document.

    Reads what was committed, or the finished parts of some work items.
    """
    own = slot(source)

    def scan(table: str) -> pl.LazyFrame:
        if keys is None:
            return lake.scan(table, slot=own)
        return lake.scan_paths(table, [f"{own}/{key}.parquet" for key in keys])

    refused = scan("rejects").group_by("reason").agg(pl.len(), pl.col("detail").first())
    passed = scan("passed_over").group_by("kind").agg(pl.col("records").sum())
    reasons = refused.sort("len", "reason", descending=[True, False]).collect()
    kinds = passed.sort("records", "kind", descending=[True, False]).head(5).collect()

    causes = [f"{reason} {count} (e.g. {detail})" for reason, count, detail in reasons.iter_rows()]
    causes += [f"passed over {count} {kind}" for kind, count in kinds.iter_rows()]
    message = f"source {source!r} gave no document from {n_files} files: {', '.join(causes) or 'they hold no record'}"
    return message if keys is not None else f'{message}; see `pomona sql "select * from rejects"`'
