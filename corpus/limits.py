"""Limits of raw input, and its formats. Settings show them, and the code that reads files obeys them."""

KINDS = (
    "html",
    "warc",
    "jsonl",
    "parquet",
    "text",
    "code",
    "python",
    "tokens",
)  # modules of corpus.sources
MAX_RECORD_BYTES = 32 << 20  # default limit of one raw record or text
TIMEOUT_SECONDS = 20.0  # default limit for the extraction of one page
