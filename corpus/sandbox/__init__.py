"""Foreign bytes are parsed in a process of their own: one that dies, hangs or grows costs one record, never the run."""

from corpus.sandbox.client import MEMORY_BYTES, TIMEOUT_SECONDS, Delivery, Sandbox, shared

__all__ = ["MEMORY_BYTES", "TIMEOUT_SECONDS", "Delivery", "Sandbox", "shared"]
