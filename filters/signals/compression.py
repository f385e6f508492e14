"""Measures how well a document compresses. This finds repetition that n-gram rules do not find, and noise."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from filters.signals import Batch, Signal

LEVEL = 1

SIGNALS = (
    Signal(
        "compression_ratio",
        pa.float64(),
        f"Bytes of the text over its bytes compressed with zstd level {LEVEL}, headers left out; 1 for an empty text",
    ),
)
_HEADER = 9  # bytes of a zstd frame that are not text


@lru_cache(maxsize=1)
def _compressor() -> Any:
    import zstandard

    options = zstandard.ZstdCompressionParameters.from_level(
        LEVEL, write_checksum=False, write_content_size=False, window_log=20
    )
    return zstandard.ZstdCompressor(compression_params=options)


def measure(batch: Batch) -> list[npt.NDArray[np.float64]]:
    """Returns [float64 (D,)]. The batch is compressed in one native call."""
    import zstandard

    sizes = np.diff(batch.offsets)
    filled = np.flatnonzero(sizes)
    ratio = np.ones(len(sizes))

    if len(filled):
        bounds = np.stack([batch.offsets[filled], sizes[filled]], axis=1).astype("=u8")
        text = zstandard.BufferWithSegments(batch.data.data, bounds.tobytes())
        packed = _compressor().multi_compress_to_buffer(text, threads=0)
        packed_sizes = np.fromiter(map(len, packed), np.int64, len(packed))
        ratio[filled] = sizes[filled] / np.maximum(packed_sizes - _HEADER, 1)
    return [ratio]
