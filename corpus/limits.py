"""Limits of raw input, which settings show and the code that reads files obeys."""

KINDS = ("html", "warc", "jsonl", "parquet", "text", "code", "python")  # raw formats: a module each in corpus.sources
MAX_RECORD_BYTES = 32 << 20  # of one raw record or text, by default
TIMEOUT_SECONDS = 20.0  # that the extraction of one page may take, by default
