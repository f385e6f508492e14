"""Bytes of each row of a batch, from Arrow's offsets. Row groups are cut by these sizes.

A row's size is the memory of its values: fixed widths, the bytes of strings with their offsets, and everything inside
lists, maps and structs. Types that share values between rows (dictionaries, views) count by their average.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ends = npt.NDArray[np.int64]


def ends(batch: pa.RecordBatch) -> Ends:
    """Returns int64 (rows + 1,): the bytes before each row, and of all rows. A slice counts only its own rows."""
    total = np.zeros(len(batch) + 1, np.int64)
    for column in batch.columns:
        total += _ends(column)
    return total


def _ends(array: pa.Array) -> Ends:
    kind, n_rows = array.type, len(array)
    if isinstance(array, pa.ExtensionArray):
        return _ends(array.storage)
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return _relative(_offsets(array, np.int32)) + 4 * np.arange(n_rows + 1)
    if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        return _relative(_offsets(array, np.int64)) + 8 * np.arange(n_rows + 1)

    if pa.types.is_list(kind) or pa.types.is_map(kind) or pa.types.is_large_list(kind):
        large = pa.types.is_large_list(kind)
        offsets = _offsets(array, np.int64 if large else np.int32)
        first, n_values = int(offsets[0]), int(offsets[-1] - offsets[0])
        columns = (array.keys, array.items) if pa.types.is_map(kind) else (array.values,)
        inner_ends = sum((_ends(column.slice(first, n_values)) for column in columns), np.zeros(n_values + 1, np.int64))
        return inner_ends[offsets - first] + (8 if large else 4) * np.arange(n_rows + 1)

    if pa.types.is_struct(kind):
        total = np.zeros(n_rows + 1, np.int64)
        for column in array.flatten():
            total += _ends(column)
        return total
    return np.arange(n_rows + 1) * array.nbytes // max(n_rows, 1)


def _offsets(array: pa.Array, kind: type[np.int32] | type[np.int64]) -> Ends:
    """Returns int64 (rows + 1,): where each row's bytes or values begin, and where the last ones end."""
    buffer = array.buffers()[1]
    if not len(array) or buffer is None:
        return np.zeros(len(array) + 1, np.int64)
    view = np.frombuffer(buffer, kind)
    return view[array.offset : array.offset + len(array) + 1].astype(np.int64)


def _relative(positions: Ends) -> Ends:
    return positions - positions[0]
