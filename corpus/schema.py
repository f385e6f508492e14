"""Every table of the lake: its Arrow schema, with the meaning and unit of each column.

A table whose columns are open-ended (`signals` grows by one column a signal) lists here the columns it always
has; the package that measures the rest hands the full schema to the lake when it writes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from corpus.errors import UserError, unknown

if TYPE_CHECKING:
    import polars as pl


def column(name: str, kind: pa.DataType, doc: str, *, nullable: bool = False, random: bool = False) -> pa.Field:
    """A field that carries its own meaning (`doc`), so that any Parquet reader can show it.

    A `random` one holds hashes: it is written plain, because no encoding or compression makes it smaller.
    """
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc} | ({"random": "yes"} if random else {}))


def is_random(field: pa.Field) -> bool:
    """Whether the column holds hashes."""
    return b"random" in (field.metadata or {})


_ID = column("id", pa.string(), "Document id: 32 hex digits, a 128-bit hash of source, file and position")
_SOURCE = column("source", pa.string(), "Name of the source in the recipe")
_PLACE = (
    column("row_group", pa.int64(), "Where the document stands: its row group of documents (corpus.remaining)"),
    column("row", pa.int32(), "Where the document stands: its row there"),
)
_DOCUMENT = column(
    "document", pa.int64(), "Number of the document: its row, over the parts of signatures in order", random=True
)
_GRAM = column("gram", pa.int64(), "Number of the n-gram in the index: (n - 4) x words + first row of its interval")
_VECTOR = pa.list_(pa.float32())
_STRINGS = pa.map_(pa.string(), pa.string())
_MEASURE = pa.struct(
    [
        pa.field("rule", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("limit", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row is, and the columns it has at least."""

    name: str
    row: str
    schema: pa.Schema
    open_ended: bool = False
    row_group_rows: int | None = None  # at most so many rows of a row group, so that readers can pass over the others
    unique: str | None = None  # no two rows of the table have the same value here (corpus.uniqueness)
    alone: str | None = None  # a row whose text in this column is long has a row group of its own (corpus.parts)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "documents",
            "a document",
            pa.schema(
                [
                    _ID,
                    _SOURCE,
                    column("uri", pa.string(), "Address of the document: a path, a URL, or file#record"),
                    column("text", pa.large_string(), "Main text: valid UTF-8, line ends as \\n"),
                    column("license", pa.string(), "License as the source states it", nullable=True),
                    column("metadata", _STRINGS, "What the source knows: url, date, title, encoding, rights"),
                ]
            ),
            unique="id",
            alone="text",
        ),
        Table(
            "rejects",
            "a raw record that could not become a document",
            pa.schema(
                [
                    _SOURCE,
                    column("uri", pa.string(), "File, or record, that was refused"),
                    column("position", pa.string(), "Where in the file: byte offset, row or member; '' for all of it"),
                    column("reason", pa.string(), "One of a short list of causes, e.g. invalid_json"),
                    column("detail", pa.string(), "What was found, for a person; at most 500 characters"),
                ]
            ),
        ),
        Table(
            "passed_over",
            "raw records of one kind that are no documents by their nature: records = documents + rejects + these",
            pa.schema(
                [
                    _SOURCE,
                    column("uri", pa.string(), "File that held them; '' for files that are not read"),
                    column("kind", pa.string(), "What they are: warc:request, http:404, type:image/png, file:.png"),
                    column("records", pa.int64(), "How many"),
                ]
            ),
        ),
        Table("signals", "a document's numbers", pa.schema([_ID, _SOURCE, *_PLACE]), open_ended=True),
        Table(
            "decisions",
            "a document x stage",
            pa.schema(
                [
                    _ID,
                    _SOURCE,
                    column("stage", pa.string(), "Stage that decided: filter, dedup, ..."),
                    column("kept", pa.bool_(), "False where at least one reason stands"),
                    column("reasons", pa.list_(pa.string()), "Every failing rule, as ruleset.rule"),
                    column(
                        "measured",
                        pa.list_(_MEASURE),
                        "For each reason: the value and the limit it broke; null where they are no numbers",
                    ),
                    *_PLACE,
                ]
            ),
            row_group_rows=1 << 16,
        ),
        Table(
            "duplicates",
            "a document in a cluster of two or more",
            pa.schema(
                [
                    _ID,
                    _SOURCE,
                    column("stage", pa.string(), "Stage that found it: exact, minhash, semantic"),
                    column("cluster", pa.string(), "Exact: the 128-bit hash of the text; else the least id in it"),
                    column("representative", pa.string(), "Id of the member that stays"),
                    column("similarity", pa.float64(), "To the representative, in [0, 1]: Jaccard; semantic: cosine"),
                ]
            ),
        ),
        Table(
            "signatures",
            "a document's MinHash signature",
            pa.schema(
                [
                    _ID,
                    _SOURCE,
                    *_PLACE,
                    column("n_characters", pa.int64(), "Code points of the text"),
                    column("n_shingles", pa.int64(), "Shingles, repeated ones counted again; 0 without a word"),
                    column("signature", pa.large_binary(), "Least hashes, 32 bits each, little-endian", random=True),
                ]
            ),
        ),
        Table(
            "minhash_bands",
            "a document x band: intermediate, one row group a range of buckets",
            pa.schema([column("bucket", pa.int64(), "Hash of the band's rows", random=True), _DOCUMENT]),
        ),
        Table(
            "minhash_edges",
            "two documents in one bucket: intermediate",
            pa.schema([column("first", pa.int64(), "Least document of the bucket"), _DOCUMENT]),
        ),
        Table(
            "minhash_components",
            "a document that shares a bucket with another: intermediate",
            pa.schema(
                [
                    _DOCUMENT,
                    column("component", pa.int64(), "Least document that buckets connect it with"),
                    column("partition", pa.int64(), "Work item in which its component is verified"),
                ]
            ),
        ),
        Table(
            "minhash_members",
            "a document that shares a bucket with another, with what verifying takes: intermediate",
            pa.schema(
                [
                    column("component", pa.int64(), "As in minhash_components"),
                    _ID,
                    _SOURCE,
                    *_PLACE,
                    column("uri", pa.string(), "As in documents"),
                    column("n_characters", pa.int64(), "Code points of the text"),
                    column("quality", pa.float64(), "The signal that decides which copy stays; 0 where none does"),
                    column("signature", pa.large_binary(), "As in signatures", random=True),
                    column(
                        "shingles", pa.large_binary(), "Sorted distinct shingle hashes, 64 bits, or none", random=True
                    ),
                ]
            ),
        ),
        Table(
            "pairs",
            "two documents whose similarity is near the threshold",
            pa.schema(
                [
                    column("left", pa.string(), "Id of one document"),
                    column("right", pa.string(), "Id of the other, the greater of the two"),
                    column("similarity", pa.float64(), "Jaccard similarity as it was checked"),
                    column("merged", pa.bool_(), "Whether it is at or above the threshold"),
                ]
            ),
        ),
        Table(
            "contamination",
            "a document x benchmark item that touch",
            pa.schema(
                [
                    _ID,
                    _SOURCE,
                    column("benchmark", pa.string(), "Name of the benchmark"),
                    column("item", pa.string(), "The item's id in it"),
                    column("ngram", pa.string(), "A longest shared n-gram, as the document writes it"),
                    column("n", pa.int64(), "Its words, at most 13"),
                    column("count", pa.int64(), "Documents of the corpus that hold this n-gram without an item of it"),
                    column("start", pa.int64(), "First character of the n-gram in the document"),
                    column("end", pa.int64(), "Character after it"),
                    column(
                        "share", pa.float64(), "Of the question's or answer's words, those in shared n-grams; (0, 1]"
                    ),
                ]
            ),
        ),
        Table(
            "touched",
            "a mixture x benchmark item that its documents touch",
            pa.schema(
                [
                    column("mixture", pa.string(), "Name of the mixture; `kept`: all that no stage dropped"),
                    column("benchmark", pa.string(), "Name of the benchmark"),
                    column("item", pa.string(), "The item's id in it"),
                    column("documents", pa.int64(), "Documents of the mixture that touch it"),
                    column("share", pa.float64(), "The greatest share of the item that one of them holds"),
                    column("n", pa.int64(), "Words of the longest n-gram shared, at most 13"),
                ]
            ),
        ),
        Table(
            "verdicts",
            "a document x decontamination policy that would drop it",
            pa.schema(
                [
                    _ID,
                    _SOURCE,
                    column("policy", pa.string(), "One of the policies; that in force decides"),
                    column("value", pa.float64(), "What the policy measures"),
                    column("limit", pa.float64(), "From which it drops"),
                ]
            ),
        ),
        Table(
            "cuts",
            "a piece of a kept document that is left out of the corpus",
            pa.schema(
                [
                    _ID,
                    _SOURCE,
                    column("stage", pa.string(), "Stage that cut: paragraphs, substrings, decontam"),
                    column("start", pa.int64(), "First character that goes"),
                    column("end", pa.int64(), "Character after the last that goes"),
                    column("copies", pa.int64(), "Times that the passage stands in the corpus", nullable=True),
                    *_PLACE,
                ]
            ),
            row_group_rows=1 << 16,
        ),
        Table(
            "passages",
            "a paragraph, line or span of words: intermediate, one row group a range of hashes",
            pa.schema(
                [
                    column("passage", pa.int64(), "Hash of its normal words", random=True),
                    column("order", pa.int64(), "The least of a passage's copies stays", random=True),
                    column("document", pa.int64(), "Number of the document: its row over all row groups", random=True),
                    column("start", pa.int32(), "First character", random=True),
                    column("end", pa.int32(), "Character after the last", random=True),
                ]
            ),
        ),
        Table(
            "embeddings",
            "a document's embedding",
            pa.schema(
                [_ID, _SOURCE, *_PLACE, column("embedding", _VECTOR, "Length 1, or zeros for a text without words")]
            ),
        ),
        Table(
            "centroids",
            "a cluster's center, the mean, or the planted vector: intermediate",
            pa.schema(
                [
                    column("number", pa.int64(), "0: the mean that is taken off; from 1: a cluster's; -1: planted"),
                    column("embedding", _VECTOR, "The vector"),
                ]
            ),
        ),
        Table(
            "semantic_members",
            "a document with its cluster of embeddings: intermediate",
            pa.schema(
                [
                    column("cluster", pa.int64(), "Number of the nearest centroid"),
                    _ID,
                    _SOURCE,
                    *_PLACE,
                    column("uri", pa.string(), "As in documents"),
                    column("n_characters", pa.int64(), "Code points of the text"),
                    column("quality", pa.float64(), "The signal that decides which copy stays; 0 where none does"),
                    column("embedding", _VECTOR, "Less the mean, of length 1"),
                ]
            ),
        ),
        Table(
            "repeats",
            "a copy of a passage that is to be cut: intermediate, one row group a work item",
            pa.schema(
                [
                    column("document", pa.int64(), "As in passages"),
                    column("start", pa.int64(), "First character"),
                    column("end", pa.int64(), "Character after the last"),
                    column("copies", pa.int64(), "Times that the passage stands in the corpus"),
                ]
            ),
        ),
        Table(
            "ngram_counts",
            "a benchmark n-gram that a part of the corpus holds without its item: intermediate",
            pa.schema(
                [_GRAM, column("documents", pa.int64(), "Documents of the part that hold it without an item of it")]
            ),
        ),
        Table(
            "ngram_totals",
            "a benchmark n-gram that the corpus holds without its item: how common its use is",
            pa.schema(
                [_GRAM, column("documents", pa.int64(), "Documents of the corpus that hold it without an item of it")]
            ),
        ),
    )
}


def table(name: str) -> Table:
    """The table called `name`; raises `UserError` with the nearest name where there is none."""
    if name not in TABLES:
        raise unknown("table", name, TABLES)
    return TABLES[name]


def batch(name: str, frame: "pl.DataFrame") -> pa.RecordBatch:
    """A data frame as one batch of rows of table `name`; columns that it does not have are left out."""
    arrow = TABLES[name].schema
    rows = frame.select(arrow.names).to_arrow().cast(arrow).combine_chunks()
    return rows.to_batches()[0] if len(rows) else pa.RecordBatch.from_pylist([], rows.schema)


def check(name: str, schema: pa.Schema) -> None:
    """Raises `UserError` unless `schema` is what table `name` holds: same names, types and order."""
    want = TABLES[name].schema
    came = pa.schema([schema.field(i) for i in range(len(want))]) if TABLES[name].open_ended else schema
    if _shape(came) != _shape(want):
        raise UserError(f"table {name!r} takes {_shape(want)}, got {_shape(schema)}")


def _shape(schema: pa.Schema) -> list[tuple[str, str]]:
    return [(field.name, str(field.type)) for field in schema]


def describe(schema: pa.Schema) -> list[dict[str, Any]]:
    """One entry a column: name, type, meaning. What `docs/tables.md` is generated from."""
    return [
        {"name": field.name, "type": str(field.type), "doc": (field.metadata or {}).get(b"doc", b"").decode()}
        for field in schema
    ]
