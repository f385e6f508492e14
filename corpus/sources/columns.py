"""Tables with a text column as batches of documents: shared by Parquet and JSONL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.records import Reject

RAW = pa.schema(
    [
        pa.field("uri", pa.string()),
        pa.field("position", pa.string()),
        pa.field("text", pa.large_string()),
        pa.field("license", pa.string()),
        pa.field("metadata", pa.map_(pa.string(), pa.string())),
    ]
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a raw table hold what."""

    text: str = "text"
    uri: str | None = None
    license: str | None = None
    metadata: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> "Columns":
        """From a source's options."""
        return cls(
            options.get("text_column") or "text",
            options.get("uri_column"),
            options.get("license_column"),
            tuple(options.get("metadata_columns") or ()),
        )

    def all(self) -> list[str]:
        """Every column to read, the text first."""
        named = [self.text, self.uri, self.license, *self.metadata]
        return list(dict.fromkeys(name for name in named if name))


def as_batch(table: pa.Table, position: pa.Array, path: str, columns: Columns) -> tuple[pa.RecordBatch, list[Reject]]:
    """Rows with text as a batch of `RAW`, the others as rejects. `position` is each row's address in the file."""
    kind = table.schema.field(columns.text).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        return _empty(), [
            Reject(f"{path}#{at}", at, "not_text", f"column {columns.text!r} is {kind}") for at in position.to_pylist()
        ]
    text = table[columns.text].combine_chunks().cast(pa.large_string())
    uri = pc.binary_join_element_wise(pa.scalar(path), position, "#")
    if columns.uri and columns.uri in table.column_names:
        own = table[columns.uri].combine_chunks().cast(pa.string())
        uri = pc.if_else(pc.greater(pc.fill_null(pc.utf8_length(own), 0), 0), own, uri)
    absent = np.flatnonzero(text.is_null().to_numpy(zero_copy_only=False))
    rejects = [
        Reject(
            uri[int(row)].as_py(), position[int(row)].as_py(), "missing_column", f"no {columns.text!r} in the record"
        )
        for row in absent
    ]
    batch = pa.record_batch(
        [uri, position, text, _strings(table, columns.license), _metadata(table, columns.metadata)], schema=RAW
    )
    return batch.filter(text.is_valid()) if len(absent) else batch, rejects


def _empty() -> pa.RecordBatch:
    return pa.record_batch([pa.array([], field.type) for field in RAW], schema=RAW)


def _strings(table: pa.Table, name: str | None) -> pa.Array:
    if name is None or name not in table.column_names:
        return pa.nulls(len(table), pa.string())
    return table[name].combine_chunks().cast(pa.string())


def _metadata(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """A map a row, of the named columns that are not null."""
    present = [name for name in names if name in table.column_names]
    n_rows = len(table)
    if not present:
        return pa.MapArray.from_arrays(
            np.zeros(n_rows + 1, np.int32), pa.array([], pa.string()), pa.array([], pa.string())
        )
    values = [_as_text(table[name].combine_chunks()) for name in present]
    filled = np.stack([value.is_valid().to_numpy(zero_copy_only=False) for value in values], axis=1)  # (rows, names)
    offsets = np.r_[0, np.cumsum(filled.sum(axis=1))].astype(np.int32)
    keys = pa.array(np.tile(np.array(present, object), (n_rows, 1))[filled], pa.string())
    stacked = pa.concat_arrays(values)
    order = (np.arange(n_rows)[:, None] + n_rows * np.arange(len(present))[None, :])[filled]
    return pa.MapArray.from_arrays(offsets, keys, stacked.take(pa.array(order)))


def _as_text(array: pa.Array) -> pa.Array:
    if pa.types.is_nested(array.type):
        import json

        return pa.array([None if value is None else json.dumps(value, default=str) for value in array.to_pylist()])
    return array.cast(pa.string())
