"""Tables of near-duplicates; all except `pairs` and `signatures` are intermediate."""

import pyarrow as pa

from corpus.dedup.priority import RANKED_BY
from corpus.schema import DOCUMENT_NUMBER, ID, PLACE, SOURCE, Table, column, declare

PAIRS = Table(
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
)

SIGNATURES = Table(
    "signatures",
    "a document's MinHash signature",
    pa.schema(
        [
            ID,
            SOURCE,
            *PLACE,
            column("n_characters", pa.int64(), "Code points of the text"),
            column("n_shingles", pa.int64(), "Number of shingles, with repeats; 0 for a text without words"),
            column("signature", pa.large_binary(), "Least hashes, 32 bits each, little-endian", random=True),
        ]
    ),
)

MINHASH_BANDS = Table(
    "minhash_bands",
    "a document x band: intermediate, one row group per range of buckets",
    pa.schema([column("bucket", pa.int64(), "Hash of the band's rows", random=True), DOCUMENT_NUMBER]),
    numbered=True,
)

MINHASH_EDGES = Table(
    "minhash_edges",
    "two documents in one bucket: intermediate",
    pa.schema([column("first", pa.int64(), "Least document of the bucket"), DOCUMENT_NUMBER]),
    numbered=True,
)

MINHASH_COMPONENTS = Table(
    "minhash_components",
    "a document that shares a bucket with another: intermediate",
    pa.schema(
        [
            DOCUMENT_NUMBER,
            column("component", pa.int64(), "Least document that buckets connect it to"),
            column("partition", pa.int64(), "Work item in which its component is verified"),
        ]
    ),
    numbered=True,
)

MINHASH_MEMBERS = Table(
    "minhash_members",
    "a document that shares a bucket with another, with the data to verify it: intermediate",
    pa.schema(
        [
            column("component", pa.int64(), "As in minhash_components"),
            ID,
            SOURCE,
            *PLACE,
            *RANKED_BY,
            column("signature", pa.large_binary(), "As in signatures", random=True),
            column("shingles", pa.large_binary(), "Sorted distinct shingle hashes, 64 bits, or none", random=True),
        ]
    ),
    numbered=True,
)

TABLES = declare(PAIRS, SIGNATURES, MINHASH_BANDS, MINHASH_EDGES, MINHASH_COMPONENTS, MINHASH_MEMBERS)
INTERMEDIATE = (MINHASH_BANDS, MINHASH_EDGES, MINHASH_COMPONENTS, MINHASH_MEMBERS)  # made again from the signatures
