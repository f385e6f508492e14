"""Tables of semantic duplicates; all are intermediate."""

import pyarrow as pa

from corpus.dedup.priority import RANKED_BY
from corpus.schema import ID, PLACE, SOURCE, VECTOR, Table, column, declare

EMBEDDINGS = Table(
    "embeddings",
    "a document's embedding",
    pa.schema([ID, SOURCE, *PLACE, column("embedding", VECTOR, "Length 1, or zeros for a text without words")]),
)

CENTROIDS = Table(
    "centroids",
    "a cluster's center, the mean, or the planted vector: intermediate",
    pa.schema(
        [
            column(
                "number",
                pa.int64(),
                "0: the mean, which is subtracted; from 1: a cluster's center; -1: the planted vector",
            ),
            column("embedding", VECTOR, "The vector"),
        ]
    ),
)

SEMANTIC_MEMBERS = Table(
    "semantic_members",
    "a document with its cluster of embeddings: intermediate",
    pa.schema(
        [
            column("cluster", pa.int64(), "Number of the nearest centroid"),
            ID,
            SOURCE,
            *PLACE,
            *RANKED_BY,
            column("embedding", VECTOR, "The embedding minus the mean, scaled to length 1"),
        ]
    ),
    numbered=True,
)

TABLES = declare(EMBEDDINGS, CENTROIDS, SEMANTIC_MEMBERS)
INTERMEDIATE = (CENTROIDS, SEMANTIC_MEMBERS)  # made again from the embeddings
