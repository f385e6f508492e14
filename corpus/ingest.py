"""Raw files to documents and rejects: plans work items over a source's files, and the step that reads one.

Every raw record becomes one row of `documents` or of `rejects`, or is counted in `passed_over`. Files are taken in the
order of their names. Where a run of small files ends is said by the hash of a file's name: a file more or less
changes the item that it belongs to, and no other.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus import extract, schema
from corpus.errors import UserError
from corpus.execution import WorkItem, digest
from corpus.grouping import groups
from corpus.records import Reject
from corpus.sandbox import TIMEOUT_SECONDS, shared
from corpus.sources import guess_kind, python, source
from corpus.sources.cutting import all_cuts
from corpus.sources.files import File, find, without_scheme
from corpus.text.cleaning import clean
from corpus.text.hashing import hash128
from corpus.text.strings import valid

VERSION = 3  # raised when the same files would give other documents
ITEM_BYTES = 16 << 20  # of raw files in one work item; the same however large the source is
MAX_RECORD_BYTES = 32 << 20
_FILE_BYTES = 4 << 10  # what a file costs besides its bytes
_MAX_DETAIL = 500  # characters
_HTML = ("html", "warc")

Piece = tuple[File, tuple[int, int] | None]


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
        if self.kind not in _HTML:
            for name in ("extractor", "honor_rights"):
                options.pop(name)
        return {**options, "version": [VERSION, extract.VERSION]}


@dataclass(frozen=True, slots=True)
class Listing:
    """What a path of a source holds."""

    kind: str
    files: tuple[File, ...]
    rejects: tuple[Reject, ...] = ()  # links that leave the folder, pipes, links to nothing
    passed: Mapping[str, str] | None = None  # paths that are not read, and their kinds: `file:.png`, `folder:.git`


def find_files(path: str, kind: str | None, *, is_guessed: bool = False) -> Listing:
    """The files at a path: of a folder or a pattern, those that the kind takes by their names.

    A file that is named itself is taken whatever its name, unless the kind `is_guessed` from another path; so are all
    files as text where none has a text file's name.
    """
    if kind == "python":
        return Listing(kind, tuple(python.find(path)))
    files, rejects, skipped = find(path)
    if not files and kind is None:
        reasons = ", ".join(sorted({reject.reason for reject in rejects}))
        raise UserError(f"{path} holds no file that can be read ({reasons}); name another path")
    kind = kind or guess_kind(files)
    suffixes = source(kind).SUFFIXES
    local = without_scheme(path)
    is_named = [file.path for file in files] in ([local], [os.path.abspath(os.path.expanduser(local))])
    if is_named and is_guessed and not files[0].matches(suffixes):
        raise UserError(
            f"{path} has not the name of a {kind} file, as the source's other paths have; "
            "name the --kind of all of them, or another --source for it"
        )
    if is_named or kind == "code":  # a code tree's other files are refused one by one, with a reason
        return Listing(kind, tuple(files), tuple(rejects), skipped)
    taken = tuple(file for file in files if file.matches(suffixes))
    if kind == "text" and not taken:  # it was asked for: README and LICENSE have no ending
        return Listing(kind, tuple(files), tuple(rejects), skipped)
    others = {file.path: _kind_of(file) for file in files if not file.matches(suffixes)}
    return Listing(kind, taken, tuple(rejects), skipped | others)


def _kind_of(file: File) -> str:
    """`file:.png`; `file:other` for a name without a short, plain suffix."""
    suffix = file.path.rpartition("/")[2].rpartition(".")[2].lower()
    plain = "." in file.path.rpartition("/")[2] and suffix.isascii() and suffix.isalnum() and len(suffix) <= 10
    return f"file:.{suffix}" if plain else "file:other"


def plan(settings: SourceSettings, listing: Listing, item_bytes: int = ITEM_BYTES) -> list[WorkItem]:
    """Work items over the files, in the order of their names: the same cut every time."""
    options = settings.options()
    items: list[WorkItem] = []
    whole: list[tuple[File, int]] = []
    for file, cut in zip(listing.files, all_cuts(settings.kind, listing.files, item_bytes), strict=True):
        if len(cut.spans) > 1:
            items += [_item(options, [(file, span)], cut.held) for span in cut.spans]
        else:
            whole.append((file, cut.held))
    for group in groups(whole, lambda one: one[0].id_key, lambda one: one[0].n_bytes + _FILE_BYTES, item_bytes):
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
    spec = {"options": options, "pieces": [[*file.key(), list(span) if span else None] for file, span in pieces]}
    return WorkItem(digest(spec), label, n_bytes, spec, held)


def _of_listing(options: dict[str, Any], listing: Listing) -> WorkItem:
    """The item of what the listing itself refused and passed over."""
    spec = {
        "options": options,
        "rejects": [asdict(reject) for reject in listing.rejects],
        "passed": [["", kind, n] for kind, n in sorted(Counter((listing.passed or {}).values()).items())],
    }
    return WorkItem(digest(spec), "files that are not read", 0, spec)


@dataclass(frozen=True, slots=True)
class IngestStep:
    """Reads the raw files of one item."""

    parser_bytes: int | None = None  # that the parser's process may use; by default what a record may have

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The documents, the rejects and what was passed over."""
        return step(item, self.parser_bytes)


def step(item: WorkItem, parser_bytes: int | None = None) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The documents, the rejects and what was passed over of one item."""
    options, name = item.spec["options"], item.spec["options"]["name"]
    passed: dict[tuple[str, str], int] = {}
    _count(passed, item.spec.get("passed", ()))
    yield "rejects", rejects_batch(name, [Reject(**reject) for reject in item.spec.get("rejects", ())])

    if item.spec.get("pieces"):
        sandbox = shared(options.get("extractor", ""), options["timeout_seconds"], parser_bytes)
        for delivery in sandbox.read(item.spec):
            documents, refused = finish(delivery.batch, options)
            yield "documents", documents
            yield "rejects", rejects_batch(name, [*delivery.rejects, *refused])
            _count(passed, delivery.passed)
    yield "passed_over", passed_batch(name, passed)


def _count(passed: dict[tuple[str, str], int], counts: Iterable[Any]) -> None:
    for uri, kind, n in counts:
        passed[uri, kind] = passed.get((uri, kind), 0) + n


def finish(raw: pa.RecordBatch, options: Mapping[str, Any]) -> tuple[pa.RecordBatch, list[Reject]]:
    """Rows of `documents` from raw texts: line ends as "\\n", cleaned as the recipe asks, ids; empty ones refused."""
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
    batch = pa.record_batch(columns, schema=schema.TABLES["documents"].schema)
    return (batch.filter(kept) if rejects else batch), rejects


def _line_ends(text: pa.Array) -> pa.Array:
    """The texts with "\\n" for every line end; most need no copy."""
    if not pc.any(pc.match_substring(text, "\r")).as_py():
        return text
    unix = pc.replace_substring(text, "\r\n", "\n")
    return pc.replace_substring(unix, "\r", "\n")


def ids_of(source_name: str, key: pa.Array) -> pa.Array:
    """32 hex digits for each document: the 128-bit hash of source, file and position, joined by U+001F.

    A key is the file's name within its source (corpus.sources.files) and the position there, so joined: no two records
    of a lake have the same.
    """
    return hash128(pc.binary_join_element_wise(pa.scalar(source_name.encode()), key, b"\x1f"))


def document_ids(source_name: str, file: pa.Array, position: pa.Array) -> pa.Array:
    """The ids of documents at these positions of these files."""
    key = pc.binary_join_element_wise(file.cast(pa.binary()), position.cast(pa.binary()), b"\x1f")
    return ids_of(source_name, key)


def rejects_batch(source_name: str, rejects: list[Reject]) -> pa.RecordBatch:
    """Rows of `rejects`."""
    columns = [
        [source_name] * len(rejects),
        [valid(reject.uri) for reject in rejects],
        [reject.position for reject in rejects],
        [reject.reason for reject in rejects],
        [" ".join(valid(reject.detail).split())[:_MAX_DETAIL] for reject in rejects],
    ]
    arrow = schema.TABLES["rejects"].schema
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, arrow, strict=True)], schema=arrow)


def passed_batch(source_name: str, passed: Mapping[tuple[str, str], int]) -> pa.RecordBatch:
    """Rows of `passed_over`."""
    uris, kinds = [uri for uri, _ in passed], [kind for _, kind in passed]
    columns = [[source_name] * len(passed), uris, kinds, list(passed.values())]
    arrow = schema.TABLES["passed_over"].schema
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, arrow, strict=True)], schema=arrow)
