"""Parquet files: one row, one document; row groups are the pieces. Columns never become Python objects."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.records import Reject
from corpus.sources.columns import Columns, as_batch
from corpus.sources.files import File

SUFFIXES = (".parquet", ".pq")
_BATCH_ROWS = 4096


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Ranges of row groups of about `n_bytes` of data each; an unreadable file stays whole, for `read` to refuse."""
    try:
        with file.open() as stream:
            metadata = pq.ParquetFile(stream).metadata
    except (OSError, ValueError, pa.ArrowException):  # names that are no UTF-8 are a ValueError
        return [None]
    spans: list[tuple[int, int] | None] = []
    start, size = 0, 0
    for group in range(metadata.num_row_groups):
        size += metadata.row_group(group).total_byte_size
        if size >= n_bytes:
            spans.append((start, group + 1))
            start, size = group + 1, 0
    if start < metadata.num_row_groups or not spans:
        spans.append((start, metadata.num_row_groups))
    return spans


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[pa.RecordBatch | Reject]:
    """Batches of the rows in a range of row groups; the position is the row's number in the file."""
    try:
        with file.open() as stream:
            yield from _read(pq.ParquetFile(stream), file, span, Columns.from_options(options))
    except (OSError, ValueError, pa.ArrowException) as error:
        yield Reject(file.path, "", "corrupt", str(error))


def _read(
    parquet: pq.ParquetFile, file: File, span: tuple[int, int] | None, columns: Columns
) -> Iterator[pa.RecordBatch | Reject]:
    first, last = span or (0, parquet.metadata.num_row_groups)
    arrow = parquet.schema_arrow
    if columns.text not in arrow.names:
        if first == 0:
            yield Reject(file.path, "", "missing_column", f"no {columns.text!r} among {', '.join(arrow.names)}")
        return
    row = sum(parquet.metadata.row_group(group).num_rows for group in range(first))
    wanted = [name for name in columns.all() if name in arrow.names]
    for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=list(range(first, last)), columns=wanted):
        rows = pa.array(range(row, row + len(batch))).cast(pa.string())
        row += len(batch)
        good, rejects = as_batch(pa.Table.from_batches([batch]), rows, file.path, columns)
        yield from rejects
        if len(good):
            yield good
