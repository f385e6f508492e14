"""Tables of passages that the corpus holds more than once; both are intermediate."""

import pyarrow as pa

from corpus.schema import Table, column, declare

PASSAGES = Table(
    "passages",
    "a paragraph, line or span of words: intermediate, one row group per range of hashes",
    pa.schema(
        [
            column("passage", pa.int64(), "Hash of its normal words", random=True),
            column("order", pa.int64(), "Rank of the copy; a passage's copy with the least rank stays", random=True),
            column("document", pa.int64(), "Number of the document: its row over all row groups", random=True),
            column("start", pa.int32(), "First character", random=True),
            column("end", pa.int32(), "Character after the last", random=True),
        ]
    ),
    numbered=True,
)

REPEATS = Table(
    "repeats",
    "a copy of a passage that is to be cut: intermediate, one row group per work item",
    pa.schema(
        [
            column("document", pa.int64(), "As in passages"),
            column("start", pa.int64(), "First character"),
            column("end", pa.int64(), "Character after the last"),
            column("copies", pa.int64(), "Number of times that the passage occurs in the corpus"),
        ]
    ),
    numbered=True,
)

TABLES = declare(PASSAGES, REPEATS)
