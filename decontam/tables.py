"""Tables of decontamination."""

import pyarrow as pa

from corpus.schema import ID, SOURCE, Table, column, declare

_GRAM = column("gram", pa.int64(), "Number of the n-gram in the index: (n - 4) x words + first row of its interval")

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

VERDICTS = Table(
    "verdicts",
    "a document x decontamination policy that would drop it",
    pa.schema(
        [
            ID,
            SOURCE,
            column("policy", pa.string(), "Name of the policy; the policy in force decides"),
            column("value", pa.float64(), "Value that the policy measures"),
            column("limit", pa.float64(), "Value from which the policy drops"),
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

NGRAM_COUNTS = Table(
    "ngram_counts",
    "a benchmark n-gram that a part of the corpus holds without its item: intermediate",
    pa.schema([_GRAM, column("documents", pa.int64(), "Documents of the part that hold it without an item of it")]),
)

NGRAM_TOTALS = Table(
    "ngram_totals",
    "a benchmark n-gram that the corpus holds without its item, with its number of documents",
    pa.schema([_GRAM, column("documents", pa.int64(), "Documents of the corpus that hold it without an item of it")]),
)

TABLES = declare(CONTAMINATION, VERDICTS, TOUCHED, NGRAM_COUNTS, NGRAM_TOTALS)
