"""The table that the family writes besides its decisions."""

import pyarrow as pa

from corpus.schema import ID, Table, column, declare

LOUDNESS = Table("loudness", "a document's loudness", pa.schema([ID, column("capitals", pa.float64(), "Share")]))
TABLES = declare(LOUDNESS)
