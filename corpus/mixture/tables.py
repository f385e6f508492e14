"""Tables of mixtures."""

import pyarrow as pa

from corpus.schema import ID, PLACE, SOURCE, Table, column, declare

MIXTURES = Table(
    "mixtures",
    "a document of a named mixture",
    pa.schema(
        [
            column("mixture", pa.string(), "Name of the mixture"),
            ID,
            SOURCE,
            column("group", pa.string(), "Group of the mixture that the document is in: a source, a domain, ..."),
            column("split", pa.string(), "train, or held_out: the loss is measured on it, and nothing learns from it"),
            column("repeats", pa.int32(), "How often it occurs in the mixture; 1 if it is held out"),
            column("tokens", pa.int64(), "Its tokens, with the one that ends it; estimated without a tokenizer"),
            *PLACE,
        ]
    ),
    row_group_rows=1 << 16,
)
TABLES = declare(MIXTURES)
