"""Tables of token shards."""

import pyarrow as pa

from corpus.schema import Table, column, declare

SHARDS = Table(
    "shards",
    "a shard: a file of tokens of a mixture, in their training order",
    pa.schema(
        [
            column("mixture", pa.string(), "Name of the mixture"),
            column("artifact", pa.string(), "Folder of all shards of the mixture, below the lake"),
            column("shard", pa.int32(), "Number of the shard, from 0 on; -1 for the documents that are held out"),
            column("documents", pa.int64(), "Documents, repeats included"),
            column("tokens", pa.int64(), "Tokens, with those that end documents"),
            column("tokenizer", pa.string(), "Key of the tokenizer"),
        ]
    ),
)
TABLES = declare(SHARDS)
