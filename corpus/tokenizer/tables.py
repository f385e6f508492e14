"""Tables of tokenizers and tokens."""

import pyarrow as pa

from corpus.schema import ID, PLACE, SOURCE, Table, column, declare

TOKENIZERS = Table(
    "tokenizers",
    "a tokenizer x source: how many bytes of it one token holds",
    pa.schema(
        [
            column("tokenizer", pa.string(), "own: the one that the lake uses; else the path of one to compare with"),
            column("vocab_size", pa.int64(), "Number of its ids"),
            SOURCE,
            column("documents", pa.int64(), "Documents that were encoded: of those held out, if there are any"),
            column("bytes", pa.int64(), "Bytes of their texts"),
            column("tokens", pa.int64(), "Tokens of their texts, without any that begin or end a document"),
        ]
    ),
)

TOKENS = Table(
    "tokens",
    "a kept document in tokens",
    pa.schema(
        [
            ID,
            SOURCE,
            column("tokens", pa.int64(), "Number of its tokens, with the one that ends it"),
            column(
                "ids", pa.large_binary(),
                "Ids of its tokens without the last one, little-endian: 2 bytes each if the vocabulary has at most "
                "65,536 ids, else 4", random=True,
            ),
            *PLACE,
        ]
    ),
)  # fmt: skip
TABLES = declare(TOKENIZERS, TOKENS)
