"""The version of ingestion: others compare it without loading what ingestion needs."""

VERSION = 3  # raised when the same files would give other documents
