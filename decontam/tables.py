"""Tables of decontamination."""

import pyarrow as pa

from corpus.schema import ID, SOURCE, Table, column, declare

_GRAM = column("gram", pa.int64(), "Number of the n-gram in the index: (n - 4) x words + first row of its interval")

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

TABLES = declare(VERDICTS, NGRAM_COUNTS, NGRAM_TOTALS)
