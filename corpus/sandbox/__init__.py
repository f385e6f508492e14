"""Parses foreign bytes in a separate process. If it dies, hangs or grows, this costs one record and never the run."""

from corpus.sandbox.client import MEMORY_BYTES, TIMEOUT_SECONDS, Delivery, Sandbox, shared

__all__ = ["MEMORY_BYTES", "TIMEOUT_SECONDS", "Delivery", "Sandbox", "shared"]
