"""Tables that ingest writes besides `documents` (corpus.schema)."""

import pyarrow as pa

from corpus.schema import SOURCE, Table, column, declare

REJECTS = Table(
    "rejects",
    "a raw record that could not become a document",
    pa.schema(
        [
            SOURCE,
            column("uri", pa.string(), "File, or record, that was refused"),
            column("position", pa.string(), "Where in the file: byte offset, row or member; '' for all of it"),
            column("reason", pa.string(), "One of a short list of causes, e.g. invalid_json"),
            column("detail", pa.string(), "What was found, for a person; at most 500 characters"),
        ]
    ),
)

PASSED_OVER = Table(
    "passed_over",
    "raw records of one kind that are no documents by their nature: records = documents + rejects + these",
    pa.schema(
        [
            SOURCE,
            column("uri", pa.string(), "File that held them; '' for files that are not read"),
            column("kind", pa.string(), "What they are: warc:request, http:404, type:image/png, file:.png"),
            column("records", pa.int64(), "How many"),
        ]
    ),
)

TABLES = declare(REJECTS, PASSED_OVER)
