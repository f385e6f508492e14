"""Raw files to documents and rejects: plans work items over a source's files, and the step that reads one.

Planning lists files in a fixed order and cuts them into pieces of bounded bytes; small files share a piece. Every
raw record that qualifies becomes one row, of `documents` or of `rejects`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from corpus import extract, schema
from corpus.execution import ITEM_BYTES, WorkItem, digest
from corpus.extract.page import opted_out
from corpus.extract.sandbox import TIMEOUT_SECONDS, Sandbox
from corpus.records import Page, Reject, Text
from corpus.sources import Record, Source, Span, guess_kind, python, source
from corpus.sources.columns import RAW
from corpus.sources.files import File, find
from corpus.text.cleaning import clean
from corpus.text.hashing import hash128

VERSION = 1  # raised when the same files would give other documents
MAX_RECORD_BYTES = 32 << 20
_MAX_FILES = 4096  # in one work item
_BATCH_CHARACTERS = 16 << 20


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

    def options(self) -> dict[str, Any]:
        """What changes a document: the part of a work item's key that is not the file."""
        options = asdict(self)
        if self.kind not in ("html", "warc"):
            for name in ("extractor", "honor_rights", "timeout_seconds"):
                options.pop(name)
        return {**options, "version": [VERSION, extract.VERSION]}


def find_files(path: str, kind: str | None) -> tuple[str, list[File], list[Reject], int]:
    """(kind, files, refused links, files passed over) at a path; of a folder, the files that the kind takes by name."""
    if kind == "python":
        return kind, python.find(path), [], 0
    files, rejects = find(path)
    kind = kind or guess_kind(files)
    if len(files) == 1 or kind == "code":  # a code tree's other files are refused one by one, with a reason
        return kind, files, rejects, 0
    taken = [file for file in files if file.matches(source(kind).SUFFIXES)]
    return kind, taken, rejects, len(files) - len(taken)


def plan(
    settings: SourceSettings, files: Iterable[File], rejects: Iterable[Reject] = (), item_bytes: int = ITEM_BYTES
) -> list[WorkItem]:
    """Work items over the files, in order: the same cut every time."""
    options = settings.options()
    module = source(settings.kind)
    items: list[WorkItem] = []
    shared: list[File] = []
    shared_bytes = 0
    for file in files:
        spans = _cut(module, file, item_bytes)
        if len(spans) == 1 and file.n_bytes < item_bytes:
            if shared and (shared_bytes + file.n_bytes > item_bytes or len(shared) >= _MAX_FILES):
                items.append(_item(options, [(f, None) for f in shared]))
                shared, shared_bytes = [], 0
            shared.append(file)
            shared_bytes += file.n_bytes
        else:
            items.extend(_item(options, [(file, span)]) for span in spans)
    if shared:
        items.append(_item(options, [(f, None) for f in shared]))
    refused = [asdict(reject) for reject in rejects]
    if refused:
        items.append(WorkItem(digest([options, refused]), "refused links", 0, {"options": options, "rejects": refused}))
    return items


def _cut(module: Source, file: File, item_bytes: int) -> list[Span]:
    """The file's spans; a file that its format's library cannot even cut stays whole, for `read` to refuse."""
    try:
        return module.cut(file, item_bytes)
    except Exception:  # noqa: BLE001 - whatever a library raises on broken bytes must not end the plan
        return [None]


def _item(options: dict[str, Any], pieces: list[tuple[File, tuple[int, int] | None]]) -> WorkItem:
    first = pieces[0][0]
    n_bytes = sum(file.n_bytes if span is None else span[1] - span[0] for file, span in pieces)
    label = first.path if len(pieces) == 1 else f"{first.path} and {len(pieces) - 1} more"
    if pieces[0][1] is not None:
        label += f" [{pieces[0][1][0]}:{pieces[0][1][1]}]"
    spec = {"options": options, "pieces": [[*file.key(), list(span) if span else None] for file, span in pieces]}
    return WorkItem(digest(spec), label, n_bytes, spec)


def step(item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The documents and rejects of one item."""
    options = item.spec["options"]
    with Sandbox(options.get("extractor", extract.DEFAULT), options.get("timeout_seconds", TIMEOUT_SECONDS)) as sandbox:
        for batch, rejects in _gather(_texts(_records(item), options, sandbox)):
            documents, empty = finish(batch, options)
            yield "documents", documents
            yield "rejects", rejects_batch(options["name"], [*rejects, *empty])


def _records(item: WorkItem) -> Iterator[Record]:
    options = item.spec["options"]
    yield from (Reject(**reject) for reject in item.spec.get("rejects", ()))
    module = source(options["kind"])
    for path, n_bytes, stamp, span in item.spec.get("pieces", ()):
        file = File(path, n_bytes, stamp)
        try:
            yield from module.read(file, tuple(span) if span else None, options)
        except Exception as error:  # noqa: BLE001 - broken bytes end their file, never the run
            yield Reject(path, str(span[0]) if span else "", "corrupt", f"{type(error).__name__}: {error}")


def _texts(
    records: Iterable[Record], options: Mapping[str, Any], sandbox: Sandbox
) -> Iterator[Text | Reject | pa.RecordBatch]:
    for record in records:
        yield _extracted(record, options, sandbox) if isinstance(record, Page) else record


def _extracted(page: Page, options: Mapping[str, Any], sandbox: Sandbox) -> Text | Reject:
    found = sandbox.extract(page)
    if isinstance(found, Reject):
        return found
    metadata = {**page.metadata, **found.metadata}
    signal = opted_out(metadata) if options["honor_rights"] else None
    if signal:
        return Reject(page.uri, page.position, "opted_out", signal)
    return Text(page.uri, page.position, found.text, page.license, metadata)


def _gather(
    records: Iterable[Text | Reject | pa.RecordBatch],
) -> Iterator[tuple[pa.RecordBatch, list[Reject]]]:
    """Batches of raw texts, about `_BATCH_CHARACTERS` each, with the rejects met on the way."""
    texts: list[Text] = []
    rejects: list[Reject] = []
    n_characters = 0
    for record in records:
        if isinstance(record, Reject):
            rejects.append(record)
        elif isinstance(record, Text):
            texts.append(record)
            n_characters += len(record.text)
        else:
            yield record, []
        if n_characters >= _BATCH_CHARACTERS or len(rejects) >= _MAX_FILES:
            yield _raw(texts), rejects
            texts, rejects, n_characters = [], [], 0
    yield _raw(texts), rejects


def _raw(texts: list[Text]) -> pa.RecordBatch:
    columns = [
        [text.uri for text in texts],
        [text.position for text in texts],
        [text.text for text in texts],
        [text.license for text in texts],
        [list(text.metadata.items()) for text in texts],
    ]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, RAW, strict=True)], schema=RAW)


def finish(raw: pa.RecordBatch, options: Mapping[str, Any]) -> tuple[pa.RecordBatch, list[Reject]]:
    """Rows of `documents` from raw texts: line ends as "\\n", cleaned as the recipe asks, ids; empty ones refused."""
    frame = pl.from_arrow(raw.select(["uri", "position", "text"]))
    assert isinstance(frame, pl.DataFrame)
    text = frame["text"].str.replace_all("\r\n", "\n", literal=True).str.replace_all("\r", "\n", literal=True)
    arrow = clean(text.to_arrow().cast(pa.large_string()), tuple(options["clean"]))
    solid = pl.Series(arrow).str.contains(r"\S")
    too_large = pl.Series(arrow).str.len_bytes() > options["max_record_bytes"]
    rejects = [
        Reject(uri, position, "too_large" if large else "empty", "the record's text")
        for uri, position, large in frame.with_columns(large=too_large)
        .filter(~solid | too_large)
        .select("uri", "position", "large")
        .iter_rows()
    ]
    kept = (solid & ~too_large).to_arrow()
    source_name = pa.array([options["name"]] * len(raw), pa.string())
    license = raw["license"].fill_null(options["license"]) if options["license"] else raw["license"]
    ids = document_ids(options["name"], raw["uri"], raw["position"])
    columns = [ids, source_name, raw["uri"], arrow, license, raw["metadata"]]
    return pa.record_batch(columns, schema=schema.TABLES["documents"].schema).filter(kept), rejects


def document_ids(source_name: str, uri: pa.Array, position: pa.Array) -> pa.Array:
    """32 hex digits a document: the 128-bit hash of `source`, `uri` and `position`, joined by U+001F."""
    import pyarrow.compute as pc

    return hash128(pc.binary_join_element_wise(pa.scalar(source_name), uri, position, "\x1f"))


def rejects_batch(source_name: str, rejects: list[Reject]) -> pa.RecordBatch:
    """Rows of `rejects`."""
    columns = [
        [source_name] * len(rejects),
        [reject.uri for reject in rejects],
        [reject.position for reject in rejects],
        [reject.reason for reject in rejects],
        [" ".join(reject.detail.encode("utf-8", "replace").decode().split())[:500] for reject in rejects],
    ]
    arrow = schema.TABLES["rejects"].schema
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, arrow, strict=True)], schema=arrow)
