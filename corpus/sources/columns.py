"""Converts tables with a text column to batches of documents. Parquet and JSON Lines share it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corpus.records import Reject
from corpus.sources.files import File
from corpus.text.strings import valid

RAW = pa.schema(
    [
        pa.field("uri", pa.string()),
        pa.field("position", pa.string()),
        pa.field("text", pa.large_string()),
        pa.field("license", pa.string()),
        pa.field("metadata", pa.map_(pa.string(), pa.string())),
    ]
)
_PARTITION = re.compile(r"([^/=]+)=([^/]*)")  # a folder of a Hive-partitioned dataset

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of a raw table's columns, by their use."""

    text: str = "text"
    uri: str | None = None
    license: str | None = None
    metadata: tuple[str, ...] = ()
    partition: Mapping[str, str] = field(default_factory=dict)  # metadata from the names of the folders: lang=zh/

    @classmethod
    def from_options(cls, options: Mapping[str, Any], file: File) -> "Columns":
        """Returns the columns that a source's options name, for one file."""
        metadata = tuple(dict.fromkeys(options.get("metadata_columns") or ()))
        keys = partition(file)
        return cls(
            options.get("text_column") or "text",
            options.get("uri_column"),
            options.get("license_column"),
            metadata,
            {name: keys[name] for name in metadata if name in keys},
        )

    def all(self) -> list[str]:
        """Returns the names of all columns to read, the text first."""
        named = [self.text, self.uri, self.license, *self.metadata]
        return list(dict.fromkeys(name for name in named if name))


def partition(file: File) -> dict[str, str]:
    """Returns the keys and values in the names of a file's folders, as Hive writes them: `lang=zh/part-0.parquet`."""
    folders = file.path.split("/")[:-1]
    return {valid(m[1]): valid(unquote(m[2])) for folder in folders if (m := _PARTITION.fullmatch(folder))}


def as_batch(table: pa.Table, position: pa.Array, file: File, columns: Columns) -> tuple[pa.RecordBatch, list[Reject]]:
    """Returns the rows with text as a batch of `RAW`, and the others as rejects. `position` is each row's place.

    A row is refused if one of its columns holds a string that is not UTF-8.
    """
    kind = table.schema.field(columns.text).type
    uri = pc.binary_join_element_wise(pa.scalar(file.uri), position, "#")
    text, bad = _text(table[columns.text])
    if text is None:
        detail = f"column {columns.text!r} is {kind}"
        places = zip(uri.to_pylist(), position.to_pylist(), strict=True)
        return _empty(), [Reject(at, row, "not_text", detail) for at, row in places]

    own, bad_uri = _strings(table, columns.uri)
    license, bad_license = _strings(table, columns.license)
    metadata, bad_metadata = _metadata(table, columns)

    # Refuse the rows without text, then those with a column that is not UTF-8, once each.
    absent = ~_valid(text)
    rejects = [
        Reject(str(uri[row]), str(position[row]), "missing_column", f"no {columns.text!r} in the record")
        for row in np.flatnonzero(absent & ~bad).tolist()
    ]
    named: dict[str | None, Mask] = {columns.text: bad, columns.uri: bad_uri, columns.license: bad_license}
    invalid = np.zeros(len(table), np.bool_)
    for name, rows in (named | bad_metadata).items():
        rejects += [
            Reject(str(uri[row]), str(position[row]), "encoding", f"column {name!r} cannot be read as UTF-8 text")
            for row in np.flatnonzero(rows & ~invalid).tolist()
        ]
        invalid |= rows

    # A row without its own address gets the file's.
    given = pc.greater(pc.fill_null(pc.binary_length(own), 0), 0)
    batch = pa.record_batch([pc.if_else(given, own, uri), position, text, license, metadata], schema=RAW)
    refused = absent | invalid
    return (batch.filter(pa.array(~refused)) if refused.any() else batch), rejects


def _empty() -> pa.RecordBatch:
    return pa.record_batch([pa.array([], field.type) for field in RAW], schema=RAW)


def _valid(array: pa.Array) -> Mask:
    mask: Mask = array.is_valid().to_numpy(zero_copy_only=False)
    return mask


def _text(column: pa.ChunkedArray) -> tuple[pa.Array | None, Mask]:
    """Returns (large_string, rows that are not UTF-8) of a column of strings or bytes in any form.

    The first is None for a column of another type.
    """
    array = _plain_array(column)
    if not _is_text(array.type):
        return None, np.zeros(len(array), np.bool_)

    raw = array.cast(pa.large_binary())
    try:
        return raw.cast(pa.large_string()), np.zeros(len(array), np.bool_)
    except pa.ArrowInvalid:
        values = [_decoded(value) for value in raw.to_pylist()]
        bad = np.array([value is False for value in values])
        return pa.array([None if value is False else value for value in values], pa.large_string()), bad


def _plain_array(column: pa.ChunkedArray) -> pa.Array:
    """Returns the column as one array, with dictionaries and extension types (arrow.json) resolved."""
    array = column.combine_chunks()
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_text(kind: pa.DataType) -> bool:
    is_string = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    return bool(is_string or is_bytes or pa.types.is_fixed_size_binary(kind))


def _decoded(value: bytes | None) -> str | bool | None:
    """Returns the bytes as text; False if they are not UTF-8, None for a null."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return False


def _strings(table: pa.Table, name: str | None) -> tuple[pa.Array, Mask]:
    """Returns (string, rows that are not UTF-8) of a column of any type; nulls if the column does not exist."""
    if name is None or name not in table.column_names:
        return pa.nulls(len(table), pa.string()), np.zeros(len(table), np.bool_)
    column = table[name]
    text, bad = _text(column)
    if text is not None:
        return text.cast(pa.string()), bad

    # Arrow casts plain values; others are written as JSON.
    array = _plain_array(column)
    if not pa.types.is_nested(array.type):
        try:
            return array.cast(pa.string()), bad
        except pa.ArrowException:
            pass
    values = [_json(value) for value in array]
    bad = np.array([value is False for value in values], np.bool_)
    return pa.array([None if value is False else value for value in values], pa.string()), bad


def _json(value: pa.Scalar) -> str | bool | None:
    """Returns a value as JSON, or False if Python cannot hold it (not UTF-8, a day beyond all years); None for null."""
    try:
        plain = value.as_py()
        if plain is None:
            return None
        return valid(plain if isinstance(plain, str) else json.dumps(plain, default=str))
    except (ValueError, OverflowError, RecursionError, KeyError, TypeError, pa.ArrowException):
        return False


def _metadata(table: pa.Table, columns: Columns) -> tuple[pa.Array, dict[str | None, Mask]]:
    """Returns (a map per row with the metadata columns that are not null; rows that are not UTF-8, by column)."""
    present = [name for name in columns.metadata if name in table.column_names or name in columns.partition]
    n_rows = len(table)
    if not present:
        empty = pa.array([], pa.string())
        return pa.MapArray.from_arrays(np.zeros(n_rows + 1, np.int32), empty, empty), {}

    values: list[pa.Array] = []
    bad: dict[str | None, Mask] = {}
    for name in present:
        if name in table.column_names:
            array, bad[name] = _strings(table, name)
        else:
            array = pa.array([columns.partition[name]] * n_rows, pa.string())
        values.append(array)

    # The maps of all rows, one after another: keys and items where a value is not null, row by row.
    filled = np.stack([_valid(value) for value in values], axis=1)  # (rows, names)
    offsets = np.r_[0, np.cumsum(filled.sum(axis=1))].astype(np.int32)
    keys = pa.array(np.tile(np.array(present, object), (n_rows, 1))[filled], pa.string())
    order = (np.arange(n_rows)[:, None] + n_rows * np.arange(len(present))[None, :])[filled]
    items = pa.concat_arrays(values).take(pa.array(order))
    return pa.MapArray.from_arrays(offsets, keys, items), bad
