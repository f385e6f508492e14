"""Arrow string arrays as the flat NumPy buffers that kernels read, without a copy."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Offsets = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def string_buffers(text: pa.Array | pa.ChunkedArray) -> tuple[Offsets, Bytes]:
    """Returns (offsets int64 (D + 1,), data uint8 (N,)) of a string or binary array; a slice is read in place.

    D is the number of values, N the number of bytes. Both arrays are read-only views. Raises TypeError for other types
    and for arrays with nulls, because Arrow may keep arbitrary bytes under a null.
    """
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks() if text.num_chunks != 1 else text.chunk(0)
    if pa.types.is_string(text.type):
        text = text.cast(pa.large_string())
    elif pa.types.is_binary(text.type):
        text = text.cast(pa.large_binary())

    if text.type not in (pa.large_string(), pa.large_binary()) or text.null_count:
        raise TypeError(
            f"kernels take an Arrow string or binary array without nulls; "
            f"this one has type {text.type} and {text.null_count} nulls"
        )

    _, offsets, data = text.buffers()
    if len(text) == 0 or offsets is None:
        zeros, nothing = np.zeros(len(text) + 1, np.int64), np.empty(0, np.uint8)
        zeros.flags.writeable = nothing.flags.writeable = False
        return zeros, nothing

    view = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    found = np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
    # Numba compiles a kernel again for a writable array. All arrays are read-only here, so it compiles once.
    view.flags.writeable = found.flags.writeable = False
    return view, found


def string_array(offsets: Offsets, data: Bytes) -> pa.Array:
    """Returns a large_string array over `offsets` (D + 1,) and `data` (N,), which must be valid UTF-8."""
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data.tobytes())]
    return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)


def slices(offsets: npt.NDArray[np.int64], n_bytes: int) -> Iterator[tuple[int, int]]:
    """Yields (first, end) of consecutive runs of documents; a run has about `n_bytes` and at least one document."""
    start, n_documents = 0, len(offsets) - 1
    while start < n_documents:
        end = int(np.searchsorted(offsets, offsets[start] + n_bytes, "right")) - 1
        end = min(max(end, start + 1), n_documents)
        yield start, end
        start = end
