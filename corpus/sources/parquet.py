"""Reads Parquet files: each row is a document, and pieces are row groups. Columns never become Python objects.

A few rows are read at a time and collected into batches by their bytes, because sizes vary: a file of a few kilobytes
may hold gigabytes of text (one value, a million times), and a file of a thousand rows may hold a thousand megabytes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.records import Reject
from corpus.sources.columns import Columns, as_batch, partition
from corpus.sources.files import File

SUFFIXES = (".parquet", ".pq")
_BATCH_BYTES = 1 << 20
_READ_BYTES = 1 << 18  # read at once, by the sizes that the file states
_READ_ROWS = 16  # the most rows read at once, because a dictionary makes any number of large values from one
_MAX_LOST = 1 << 20  # the most rejects of a row group that cannot be read; a broken footer may state any number of rows
_BUFFER_BYTES = 1 << 20  # read from the file at once, so a column is not read whole before its first page is unpacked
_HELD_TIMES = 3  # pyarrow holds at most 3/2 of a page's stored and unpacked size together, as measured
_ERRORS = (OSError, ValueError, KeyError, OverflowError, pa.ArrowException)  # names that are not UTF-8 are a ValueError


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Returns ranges of row groups with about `n_bytes` of data each.

    An unreadable file is not cut; `read` refuses it.
    """
    try:
        with file.open() as stream:
            metadata = pq.ParquetFile(stream).metadata
    except _ERRORS:
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


def held(file: File) -> int:
    """Returns the bytes that a reader holds at once.

    It is computed from the largest column chunk, stored and unpacked size together, because a chunk may be one page.
    """
    with file.open() as stream:
        metadata = pq.ParquetFile(stream).metadata

    most = 0
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for i in range(row_group.num_columns):
            chunk = row_group.column(i)
            most = max(most, chunk.total_compressed_size + chunk.total_uncompressed_size)
    return most * _HELD_TIMES // 2


def columns_of(file: File, n_bytes: int, wanted: Sequence[str] = ()) -> set[str]:
    """Returns the names of the file's columns and the keys of its folders: all of them, `wanted` or not."""
    with file.open() as stream:
        return {*pq.ParquetFile(stream).schema_arrow.names, *partition(file)}


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[pa.RecordBatch | Reject]:
    """Yields batches of the rows in a range of row groups. A row's position is its number in the file."""
    columns = Columns.from_options(options, file)
    try:
        with file.open() as stream:
            parquet = pq.ParquetFile(stream, pre_buffer=False, buffer_size=_BUFFER_BYTES)
            all_names = parquet.schema_arrow.names
            twice = [name for name in columns.all() if all_names.count(name) > 1]
            if twice or columns.text not in all_names:
                detail = f"no {columns.text!r} among {', '.join(all_names[:30])}"
                detail = f"column {twice[0]!r} appears {all_names.count(twice[0])} times" if twice else detail
                yield from _without_text(parquet, file, span, detail)
                return
            yield from _read(parquet, file, span, columns, options["max_record_bytes"])
    except _ERRORS as error:
        yield Reject(file.uri, "", "corrupt", str(error))


def _without_text(parquet: pq.ParquetFile, file: File, span: tuple[int, int] | None, detail: str) -> Iterator[Reject]:
    """Yields a reject for each row of a file without a text column."""
    first, last = span or (0, parquet.num_row_groups)
    counts = [parquet.metadata.row_group(group).num_rows for group in range(last)]
    begin = sum(counts[:first])
    for row in range(begin, min(sum(counts), begin + _MAX_LOST)):
        yield Reject(f"{file.uri}#{row}", str(row), "missing_column", detail)


def _read(
    parquet: pq.ParquetFile, file: File, span: tuple[int, int] | None, columns: Columns, max_bytes: int
) -> Iterator[pa.RecordBatch | Reject]:
    first, last = span or (0, parquet.num_row_groups)
    row = sum(parquet.metadata.row_group(group).num_rows for group in range(first))
    wanted = [name for name in columns.all() if name in parquet.schema_arrow.names]

    for group in range(first, last):
        end = row + parquet.metadata.row_group(group).num_rows
        try:
            for batch in _rows(parquet, group, wanted):
                positions = pa.array(range(row, row + len(batch))).cast(pa.string())
                good, rejects = as_batch(batch, positions, file, columns)
                row += len(batch)
                yield from rejects
                yield from _by_size(good, max_bytes)
        except (*_ERRORS, MemoryError) as error:
            # `row` is the first row that was not delivered: all from here on are lost.
            detail = f"rows {row} to {end - 1} cannot be read: {error}"
            for lost in range(row, min(end, row + _MAX_LOST)):
                yield Reject(f"{file.uri}#{lost}", str(lost), "corrupt", detail)
        row = end


def _rows(parquet: pq.ParquetFile, group: int, wanted: list[str]) -> Iterator[pa.Table]:
    """Yields the rows of a row group in tables of about a megabyte."""
    stated = parquet.metadata.row_group(group)
    each = max(stated.total_byte_size // max(stated.num_rows, 1), 1)
    n_rows = min(max(_READ_BYTES // each, 1), _READ_ROWS)

    held: list[pa.RecordBatch] = []
    size = 0
    for batch in parquet.iter_batches(n_rows, row_groups=[group], columns=wanted, use_threads=False):
        held.append(batch)
        size += batch.nbytes
        if size >= _BATCH_BYTES:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held)


def _by_size(batch: pa.RecordBatch, max_bytes: int) -> Iterator[pa.RecordBatch | Reject]:
    """Yields the batch without the rows that are larger than a record may be, and rejects for these rows."""
    if not len(batch):
        return

    if batch.nbytes > max_bytes:
        import pyarrow.compute as pc

        sizes = pc.binary_length(batch["text"])
        large = pc.greater(sizes, max_bytes)
        for uri, position, size in zip(
            batch["uri"].filter(large).to_pylist(), batch["position"].filter(large).to_pylist(),
            sizes.filter(large).to_pylist(), strict=True,
        ):  # fmt: skip
            yield Reject(uri, position, "too_large", f"{size} bytes; at most {max_bytes}")
        batch = batch.filter(pc.invert(large))

    if len(batch):
        yield batch
