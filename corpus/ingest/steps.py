"""Turns raw files into documents and rejects: plans work items over a source's files, and reads one item.

Every raw record becomes one row of `documents` or of `rejects`, or is counted in `passed_over`. Files are read in the
order of their names. The hash of a file's name decides whether a run of small files ends there. So adding or removing a
file changes only the item that it belongs to.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus import extract, schema
from corpus.forgetting.tombstones import NOTHING, REASON, Forgotten
from corpus.grouping import groups
from corpus.ingest.listing import Listing
from corpus.ingest.version import VERSION
from corpus.limits import MAX_RECORD_BYTES, TIMEOUT_SECONDS
from corpus.records import Reject
from corpus.sandbox import shared
from corpus.sources.cutting import all_cuts
from corpus.sources.files import File
from corpus.task import WorkItem, digest
from corpus.text.cleaning import clean
from corpus.text.hashing import hash128
from corpus.text.strings import valid
from corpus.tokenizer.loading import load as load_tokenizer

ITEM_BYTES = 16 << 20  # of raw files in one work item, the same for sources of every size
_FILE_BYTES = 4 << 10  # cost of a file besides its bytes
_MAX_DETAIL = 500  # characters
_HTML = ("html", "warc")

Piece = tuple[File, tuple[int, int] | None]


class FilePiece(NamedTuple):
    """A file, or a span of it, as a work item names it (corpus.sources.files.File)."""

    path: str
    n_bytes: int
    stamp: str
    name: str
    span: tuple[int, int] | None  # in the source's own unit; None: the whole file


class Passed(NamedTuple):
    """Records of one kind that are not documents."""

    uri: str
    kind: str
    n: int


@dataclass(frozen=True, slots=True)
class FilesSpec:
    """Spec of a work item: files, or one span of a file."""

    options: dict[str, Any]  # of the source: `SourceSettings.options`
    pieces: tuple[FilePiece, ...]


@dataclass(frozen=True, slots=True)
class ListingSpec:
    """Spec of a work item: what the listing of the files itself rejected or passed over."""

    options: dict[str, Any]
    rejects: tuple[dict[str, str], ...]  # fields of corpus.records.Reject
    passed: tuple[Passed, ...]


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How a source's files are read."""

    name: str
    kind: str
    extractor: str = extract.DEFAULT
    honor_rights: bool = False
    clean: tuple[str, ...] = ()
    license: str | None = None
    max_record_bytes: int = MAX_RECORD_BYTES
    timeout_seconds: float = TIMEOUT_SECONDS
    text_column: str = "text"
    uri_column: str | None = None
    license_column: str | None = None
    metadata_columns: tuple[str, ...] = ()
    tokenizer: str | None = None  # folder

    def options(self) -> dict[str, Any]:
        """Returns what changes a document: the part of a work item's key that is not the file."""
        options = asdict(self)
        if self.kind not in _HTML:
            for name in ("extractor", "honor_rights"):
                options.pop(name)
        if self.tokenizer is None:
            options.pop("tokenizer")
        else:
            options["tokenizer_key"] = load_tokenizer(self.tokenizer).key
        return {**options, "version": [VERSION, extract.VERSION]}


def plan(settings: SourceSettings, listing: Listing, item_bytes: int = ITEM_BYTES) -> list[WorkItem]:
    """Returns work items over the files, in the order of their names. The cut is the same every time."""
    options = settings.options()
    items: list[WorkItem] = []
    whole: list[tuple[File, int]] = []
    for file, cut in zip(listing.files, all_cuts(settings.kind, listing.files, item_bytes), strict=True):
        if len(cut.spans) > 1:
            items += [_item(options, [(file, span)], cut.held) for span in cut.spans]
        else:
            whole.append((file, cut.held))
    for group in groups(whole, lambda entry: entry[0].id_key, lambda entry: entry[0].n_bytes + _FILE_BYTES, item_bytes):
        items.append(_item(options, [(file, None) for file, _ in group], max(held for _, held in group)))
    if listing.rejects or listing.passed:
        items.append(_of_listing(options, listing))
    return items


def _item(options: dict[str, Any], pieces: list[Piece], held: int) -> WorkItem:
    first, span = pieces[0]
    n_bytes = sum(file.n_bytes if span is None else span[1] - span[0] for file, span in pieces)
    label = first.uri if len(pieces) == 1 else f"{first.uri} and {len(pieces) - 1} more"
    if span is not None:
        label += f" [{span[0]}:{span[1]}]"
    spec = FilesSpec(
        options, tuple(FilePiece(file.path, file.n_bytes, file.stamp, file.name, span) for file, span in pieces)
    )
    return WorkItem(digest(spec), label, n_bytes, spec, held)


def _of_listing(options: dict[str, Any], listing: Listing) -> WorkItem:
    """Returns the item for what the listing itself refused and passed over."""
    passed = sorted(Counter((listing.passed or {}).values()).items())
    rejects = tuple(asdict(reject) for reject in listing.rejects)
    spec = ListingSpec(options, rejects, tuple(Passed("", kind, n) for kind, n in passed))
    return WorkItem(digest(spec), "files that are not read", 0, spec)


@dataclass(frozen=True, slots=True)
class IngestStep:
    """Reads the raw files of one item."""

    spec_type: ClassVar = FilesSpec | ListingSpec
    parser_bytes: int | None = None  # that the parser's process may use; by default, as many as a record may need
    forgotten: Forgotten = NOTHING

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yields the documents, the rejects and what was passed over."""
        return step(item, self.parser_bytes, self.forgotten)


def step(
    item: WorkItem, parser_bytes: int | None = None, forgotten: Forgotten = NOTHING
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yields the documents, the rejects and what was passed over of one item."""
    options, name = item.spec.options, item.spec.options["name"]
    passed: dict[tuple[str, str], int] = {}
    if isinstance(item.spec, ListingSpec):
        _count(passed, item.spec.passed)
        yield "rejects", rejects_batch(name, [Reject(**reject) for reject in item.spec.rejects])
    else:
        sandbox = shared(options.get("extractor", ""), options["timeout_seconds"], parser_bytes)
        for delivery in sandbox.read({"options": options, "pieces": item.spec.pieces}):
            documents, refused = finish(delivery.batch, options)
            if forgotten:
                documents, asked = _without(documents, forgotten)
                refused = [*refused, *asked]
            yield "documents", documents
            yield "rejects", rejects_batch(name, [*delivery.rejects, *refused])
            _count(passed, delivery.passed)
    yield "passed_over", passed_batch(name, passed)


def _without(documents: pa.RecordBatch, forgotten: Forgotten) -> tuple[pa.RecordBatch, list[Reject]]:
    """Returns the documents that nobody asked to forget, and a reject for each other one, which does not name it."""
    matching = forgotten.matches(documents)
    rejects = [Reject("", "", REASON, "asked to be forgotten")] * int(matching.sum())
    return (documents.filter(pa.array(~matching)) if rejects else documents), rejects


def _count(passed: dict[tuple[str, str], int], counts: Iterable[Any]) -> None:
    for uri, kind, n in counts:
        passed[uri, kind] = passed.get((uri, kind), 0) + n


def finish(raw: pa.RecordBatch, options: Mapping[str, Any]) -> tuple[pa.RecordBatch, list[Reject]]:
    """Returns (rows of `documents` from raw texts, rejects of empty and too large texts).

    Line ends become "\\n", texts are cleaned as the recipe says, and documents get ids.
    """
    text = clean(_line_ends(raw["text"]), tuple(options["clean"]))
    lengths = pc.binary_length(text)
    too_large = pc.greater(lengths, options["max_record_bytes"])
    kept = pc.invert(pc.or_(pc.or_(pc.equal(lengths, 0), pc.utf8_is_space(text)), too_large))

    rejects = []
    for row in np.flatnonzero(~kept.to_numpy(zero_copy_only=False)).tolist():
        reason = "too_large" if too_large[row].as_py() else "empty"
        rejects.append(Reject(raw["uri"][row].as_py(), raw["position"][row].as_py(), reason, "the record's text"))
    source_name = pa.array([options["name"]] * len(raw), pa.string())
    license = raw["license"].fill_null(options["license"]) if options["license"] else raw["license"]
    columns = [ids_of(options["name"], raw["key"]), source_name, raw["uri"], text, license, raw["metadata"]]
    batch = pa.record_batch(columns, schema=schema.DOCUMENTS.schema)
    return (batch.filter(kept) if rejects else batch), rejects


def _line_ends(text: pa.Array) -> pa.Array:
    """Returns the texts with "\\n" for every line end. Most do not need a copy."""
    if not pc.any(pc.match_substring(text, "\r")).as_py():
        return text
    unix = pc.replace_substring(text, "\r\n", "\n")
    return pc.replace_substring(unix, "\r", "\n")


def ids_of(source_name: str, key: pa.Array) -> pa.Array:
    """Returns 32 hex digits for each document: the 128-bit hash of source, file and position, joined by U+001F.

    A key is the file's name within its source (corpus.sources.files) and the position there, joined in the same way. No
    two records of a lake have the same id.
    """
    return hash128(pc.binary_join_element_wise(pa.scalar(source_name.encode()), key, b"\x1f"))


def document_ids(source_name: str, file: pa.Array, position: pa.Array) -> pa.Array:
    """Returns the ids of documents at these positions of these files."""
    key = pc.binary_join_element_wise(file.cast(pa.binary()), position.cast(pa.binary()), b"\x1f")
    return ids_of(source_name, key)


def rejects_batch(source_name: str, rejects: list[Reject]) -> pa.RecordBatch:
    """Returns rows of `rejects`."""
    columns = [
        [source_name] * len(rejects),
        [valid(reject.uri) for reject in rejects],
        [reject.position for reject in rejects],
        [reject.reason for reject in rejects],
        [" ".join(valid(reject.detail).split())[:_MAX_DETAIL] for reject in rejects],
    ]
    arrow = schema.REJECTS.schema
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, arrow, strict=True)], schema=arrow)


def passed_batch(source_name: str, passed: Mapping[tuple[str, str], int]) -> pa.RecordBatch:
    """Returns rows of `passed_over`."""
    uris, kinds = [uri for uri, _ in passed], [kind for _, kind in passed]
    columns = [[source_name] * len(passed), uris, kinds, list(passed.values())]
    arrow = schema.PASSED_OVER.schema
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, arrow, strict=True)], schema=arrow)
