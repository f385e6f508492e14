"""Tables of the lake: their Arrow schemas, with the meaning and unit of each column.

This module has the tables that several families read or write. A family's own tables are in its `tables.py`.

A table whose columns are open-ended (`signals` has one column per signal) lists the columns that it always has. The
stage that writes the table passes the full schema to the lake.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from corpus.errors import UserError, unknown

if TYPE_CHECKING:
    import polars as pl


def column(name: str, kind: pa.DataType, doc: str, *, nullable: bool = False, random: bool = False) -> pa.Field:
    """Returns a field that carries its own meaning (`doc`), so that any Parquet reader can show it.

    A `random` field holds hashes. It is written plain, because no encoding or compression makes it smaller.
    """
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc} | ({"random": "yes"} if random else {}))


def is_random(field: pa.Field) -> bool:
    """Returns whether the column holds hashes."""
    return b"random" in (field.metadata or {})


ID = column("id", pa.string(), "Document id: 32 hex digits, a 128-bit hash of source, file and position")
SOURCE = column("source", pa.string(), "Name of the source in the recipe")
PLACE = (
    column("row_group", pa.int64(), "Place of the document: its row group in documents (corpus.remaining)"),
    column("row", pa.int32(), "Place of the document: its row in the row group"),
)
DOCUMENT_NUMBER = column(
    "document", pa.int64(), "Number of the document: its row over all parts of signatures, in order", random=True
)
VECTOR = pa.list_(pa.float32())
STRINGS = pa.map_(pa.string(), pa.string())
MEASURE = pa.struct(
    [
        pa.field("rule", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("limit", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    name: str
    row: str  # what a row is
    schema: pa.Schema  # the columns that the table has at least
    open_ended: bool = False  # whether the table may have more columns
    row_group_rows: int | None = None  # most rows in a row group, so that readers can skip the other rows
    unique: str | None = None  # no two rows of the table have the same value in this column (corpus.uniqueness)
    by_stages: bool = True  # stages make the table; otherwise the lake keeps it about itself
    numbered: bool = False  # its rows name documents by number: made again after documents were forgotten
    alone: str | None = None  # a row whose text in this column is long has its own row group (corpus.parts)


TABLES: dict[str, Table] = {}  # every known table by name: shared ones, and those of loaded families


def declare(*tables: Table) -> tuple[Table, ...]:
    """Makes tables known to every lake, and returns them. A family's `tables.py` calls it once."""
    for table in tables:
        assert TABLES.get(table.name, table) == table, f"two tables are called {table.name}"
        TABLES[table.name] = table
    return tables


DOCUMENTS = Table(
    "documents",
    "a document",
    pa.schema(
        [
            ID,
            SOURCE,
            column("uri", pa.string(), "Address of the document: a path, a URL, or file#record"),
            column("text", pa.large_string(), "Main text: valid UTF-8, line ends as \\n"),
            column("license", pa.string(), "License as the source states it", nullable=True),
            column("metadata", STRINGS, "What the source knows: url, date, title, encoding, rights"),
        ]
    ),
    unique="id",
    alone="text",
)

REJECTS = Table(
    "rejects",
    "a raw record that could not become a document",
    pa.schema(
        [
            SOURCE,
            column("uri", pa.string(), "File, or record, that was refused"),
            column("position", pa.string(), "Position in the file: byte offset, row or member; '' for the whole file"),
            column("reason", pa.string(), "One of a short list of causes, e.g. invalid_json"),
            column("detail", pa.string(), "What was found, for a person; at most 500 characters"),
        ]
    ),
)

PASSED_OVER = Table(
    "passed_over",
    "raw records of one kind that are not documents by their nature: records = documents + rejects + these",
    pa.schema(
        [
            SOURCE,
            column("uri", pa.string(), "File that held them; '' for files that are not read"),
            column("kind", pa.string(), "What they are: warc:request, http:404, type:image/png, file:.png"),
            column("records", pa.int64(), "Number of records"),
        ]
    ),
)

SIGNALS = Table("signals", "a document's numbers", pa.schema([ID, SOURCE, *PLACE]), open_ended=True)

DECISIONS = Table(
    "decisions",
    "a stage's decision on a document",
    pa.schema(
        [
            ID,
            SOURCE,
            column("stage", pa.string(), "Stage that decided: filter, dedup, ..."),
            column("kept", pa.bool_(), "False if there is at least one reason"),
            column("reasons", pa.list_(pa.string()), "Every failing rule, as ruleset.rule"),
            column(
                "measured",
                pa.list_(MEASURE),
                "For each reason: the value and the limit that it broke; null if they are not numbers",
            ),
            *PLACE,
        ]
    ),
    row_group_rows=1 << 16,
)

CUTS = Table(
    "cuts",
    "a piece of a kept document that is left out of the corpus",
    pa.schema(
        [
            ID,
            SOURCE,
            column("stage", pa.string(), "Stage that cut: paragraphs, substrings, decontam"),
            column("start", pa.int64(), "First character that is cut"),
            column("end", pa.int64(), "Character after the last one that is cut"),
            column("copies", pa.int64(), "Number of times that the passage occurs in the corpus", nullable=True),
            *PLACE,
        ]
    ),
    row_group_rows=1 << 16,
)

DUPLICATES = Table(
    "duplicates",
    "a document in a cluster of two or more",
    pa.schema(
        [
            ID,
            SOURCE,
            column("stage", pa.string(), "Stage that found it: exact, minhash, semantic"),
            column("cluster", pa.string(), "Exact: the 128-bit hash of the text; else the least id in the cluster"),
            column("representative", pa.string(), "Id of the member that is kept"),
            column("similarity", pa.float64(), "To the representative, in [0, 1]: Jaccard; for semantic, cosine"),
        ]
    ),
)

CONTAMINATION = Table(
    "contamination",
    "a document x benchmark item that touch",
    pa.schema(
        [
            ID,
            SOURCE,
            column("benchmark", pa.string(), "Name of the benchmark"),
            column("item", pa.string(), "The item's id in it"),
            column("ngram", pa.string(), "A longest shared n-gram, as the document writes it"),
            column("n", pa.int64(), "Words of this n-gram, at most 13"),
            column("count", pa.int64(), "Documents of the corpus that hold this n-gram without an item of it"),
            column("start", pa.int64(), "First character of the n-gram in the document"),
            column("end", pa.int64(), "Character after it"),
            column(
                "share", pa.float64(), "Share of the question's or answer's words that are in shared n-grams; (0, 1]"
            ),
        ]
    ),
)

TOUCHED = Table(
    "touched",
    "a mixture x benchmark item that its documents touch",
    pa.schema(
        [
            column("mixture", pa.string(), "Name of the mixture; `kept`: all documents that no stage dropped"),
            column("benchmark", pa.string(), "Name of the benchmark"),
            column("item", pa.string(), "The item's id in it"),
            column("documents", pa.int64(), "Documents of the mixture that touch it"),
            column("share", pa.float64(), "Greatest share of the item that one of these documents holds"),
            column("n", pa.int64(), "Words of the longest n-gram shared, at most 13"),
        ]
    ),
)

TOMBSTONES = Table(
    "tombstones",
    "a request to forget documents, or the text of a document that one named",
    pa.schema(
        [
            column("kind", pa.string(), "What `value` is: id, uri, domain, or text"),
            column("value", pa.string(), "Id, address or domain as it was given; the 128-bit hash of a normal text"),
            column("reason", pa.string(), "Reason as it was given; '' for none"),
            column("time", pa.string(), "When it was recorded, UTC"),
            column("documents", pa.int64(), "Documents of the lake that it named then"),
            column("number", pa.int64(), "Number of the request, from 1 on"),
        ]
    ),
    by_stages=False,
)

ARTIFACT_LINEAGE = Table(
    "artifact_lineage",
    "an artifact: a folder of files below the lake, such as an index (corpus.artifacts)",
    pa.schema(
        [
            column("kind", pa.string(), "Kind of artifact, e.g. decontamination-index"),
            column("key", pa.string(), "Hash of everything that its files depend on"),
            column("path", pa.string(), "Its folder below the lake: artifacts/<kind>/<key>"),
            column("stage", pa.string(), "Stage that made it"),
            column("made_from", pa.string(), "Settings and inputs that it was made from, as JSON"),
            column("files", pa.int64(), "Number of its files"),
            column("bytes", pa.int64(), "Bytes of all its files"),
        ]
    ),
    by_stages=False,
)

SHARED = declare(
    DOCUMENTS, REJECTS, PASSED_OVER, SIGNALS, DECISIONS, CUTS, DUPLICATES, CONTAMINATION, TOUCHED, TOMBSTONES,
    ARTIFACT_LINEAGE,
)  # fmt: skip


def table(name: str) -> Table:
    """Returns the table called `name`. Raises `UserError` with the nearest name if it does not exist."""
    if name not in TABLES:
        raise unknown("table", name, TABLES)
    return TABLES[name]


def batch(name: str, frame: "pl.DataFrame") -> pa.RecordBatch:
    """Returns a data frame as one batch of rows of table `name`, without the columns that the table does not have."""
    arrow = TABLES[name].schema
    rows = frame.select(arrow.names).to_arrow().cast(arrow).combine_chunks()
    return rows.to_batches()[0] if len(rows) else pa.RecordBatch.from_pylist([], rows.schema)


def check(name: str, schema: pa.Schema) -> None:
    """Raises `UserError` unless `schema` is that of table `name`: same names, types and order."""
    want = TABLES[name].schema
    came = pa.schema([schema.field(i) for i in range(len(want))]) if TABLES[name].open_ended else schema
    if _shape(came) != _shape(want):
        raise UserError(f"table {name!r} takes {_shape(want)}, got {_shape(schema)}")


def _shape(schema: pa.Schema) -> list[tuple[str, str]]:
    return [(field.name, str(field.type)) for field in schema]


def describe(schema: pa.Schema) -> list[dict[str, Any]]:
    """Returns one entry per column: name, type, meaning. `docs/reference/tables.md` is generated from it."""
    return [
        {"name": field.name, "type": str(field.type), "doc": (field.metadata or {}).get(b"doc", b"").decode()}
        for field in schema
    ]
