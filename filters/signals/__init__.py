"""Measures numbers about documents once, in native code, and stores them as typed columns.

There is one module per family of signals. Each has `SIGNALS`, the list of its columns with their meaning, and
`measure(batch)`, which returns one array per signal. A new family is one new file and its name in `FAMILIES`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa

from corpus import schema
from corpus.text.buffers import Bytes, Offsets, string_buffers
from corpus.text.segment import Segmenter, Segments

FAMILIES = (
    "lengths",
    "words",
    "characters",
    "lines",
    "repetition",
    "c4",
    "code",
    "compression",
    "language",
    "fingerprint",
)
VERSION = 3  # raise it when a signal's values change
BATCH_BYTES = 1 << 20  # of text that is segmented at once: the scratch arrays stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Signal:
    """One column of the `signals` table."""

    name: str
    type: pa.DataType
    doc: str  # meaning and unit
    source: str = "Pomona"  # the publication that defines it

    @property
    def is_number(self) -> bool:
        """Whether its values have an order."""
        return bool(pa.types.is_integer(self.type) or pa.types.is_floating(self.type))


@dataclass(frozen=True, slots=True)
class Batch:
    """The D documents that a family measures, as text, as buffers and as segments. N is the number of bytes."""

    text: pa.Array  # large_string (D,)
    offsets: Offsets  # int64 (D + 1,)
    data: Bytes  # uint8 (N,)
    segments: Segments


@lru_cache(maxsize=1)
def families() -> dict[str, ModuleType]:
    """Returns each family's module by name."""
    return {name: import_module(f"filters.signals.{name}") for name in FAMILIES}


@lru_cache(maxsize=1)
def signals() -> dict[str, Signal]:
    """Returns every signal by its column's name, in the table's order."""
    return {signal.name: signal for module in families().values() for signal in module.SIGNALS}


@lru_cache(maxsize=1)
def table_schema() -> pa.Schema:
    """Returns the schema of the `signals` table: id, source, then one column per signal."""
    fixed = schema.TABLES["signals"].schema
    columns = [schema.column(s.name, s.type, f"{s.doc}. Source: {s.source}") for s in signals().values()]
    return pa.schema([*fixed, *columns])


def measure(text: pa.Array | pa.ChunkedArray) -> pa.RecordBatch:
    """Returns all signals of each text: one row per document, with the columns of `signals()`.

    Raises TypeError for nulls.
    """
    names = list(signals())
    columns: list[list[pa.Array]] = [[] for _ in names]
    for batch in _batches(text):
        arrays = [array for module in families().values() for array in module.measure(batch)]
        for column, array, signal in zip(columns, arrays, signals().values(), strict=True):
            column.append(_typed(array, signal))

    arrays = [
        pa.chunked_array(chunks, signal.type).combine_chunks()
        for chunks, signal in zip(columns, signals().values(), strict=True)
    ]
    return pa.record_batch(arrays, names=names)


def _typed(array: Any, signal: Signal) -> pa.Array:
    if isinstance(array, np.ndarray) and pa.types.is_integer(signal.type):
        array = array.astype(np.int64)
    array = pa.array(array) if isinstance(array, np.ndarray) else array
    return array if array.type == signal.type else array.cast(signal.type)


def _batches(text: pa.Array | pa.ChunkedArray) -> Iterator[Batch]:
    """Yields batches of consecutive documents of about `BATCH_BYTES`. A longer document is a batch alone."""
    offsets, data = string_buffers(text)
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    segmenter = Segmenter()

    start, n_documents = 0, len(offsets) - 1
    while start < n_documents:
        stop = int(np.searchsorted(offsets, offsets[start] + BATCH_BYTES, side="right")) - 1
        stop = min(max(stop, start + 1), n_documents)
        part = offsets[start : stop + 1]
        yield Batch(text.slice(start, stop - start), part, data, segmenter(part, data))
        start = stop
