"""Parts: the Parquet files of a table. How a part is written, how its rows are grouped, and when it is whole.

A reader holds one row group in memory, so row groups are cut by bytes. A long document is alone in its row group, so a
reader knows that a row group with several rows holds only short documents.
"""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus import schema, uniqueness
from corpus.row_sizes import Ends, ends

ROW_GROUP_BYTES = 16 << 20  # size of the rows in Arrow; one row may be larger
LONG_DOCUMENT_BYTES = 4 << 20  # of text; a longer document has its own row group
MAX_ROW_GROUPS = 1 << 16  # per part: corpus.remaining numbers them with 16 bits
COMPRESSION = "zstd"
ANEW = "~"  # in the name of a part that was written anew, between its key and a number
_COUNT = "pomona:count:"  # prefix of the names of counts in the metadata of a Parquet file
_MAGIC, _TAIL_BYTES = b"PAR1", 8  # a part ends with the footer's length, 4 bytes, and the magic


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a table."""

    path: str  # below the table's folder
    n_rows: int
    n_bytes: int  # on disk

    @property
    def slot(self) -> str:
        """Folder of the part: the stage, or stage and source, that made the part."""
        return self.path.rpartition("/")[0]


def is_whole(path: str) -> bool:
    """Returns whether a local part has its beginning and its end. A power loss or a copy may have cut it short."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < 2 * len(_MAGIC) + _TAIL_BYTES:
                return False
            head = file.read(len(_MAGIC))
            file.seek(size - _TAIL_BYTES)
            tail = file.read(_TAIL_BYTES)
    except FileNotFoundError:
        return False

    n_footer = int.from_bytes(tail[:4], "little")
    return head == _MAGIC and tail[4:] == _MAGIC and 0 < n_footer <= size - _TAIL_BYTES - len(_MAGIC)


def check_strings(table: str, batch: pa.RecordBatch) -> None:
    """Raises RuntimeError, with table and column, for a string that is not valid UTF-8, at any depth.

    Sources reject such rows. This check makes sure that no stage commits one. It takes 0.1 to 0.4 ms per MB of text.
    """
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_nested(column.type) and column.get_total_buffer_size() > 2 * column.nbytes:
            column = column.take(pa.array(np.arange(len(column))))  # Arrow would check all that a slice is cut from
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            raise RuntimeError(f"table {table!r}, column {name!r}: {error}; nothing was written") from error


def base(name: str) -> str:
    """Returns the key of a part's work item: a part that was written anew without some rows is `<key>~<number>`."""
    return name.rpartition("/")[2].removesuffix(".parquet").partition(ANEW)[0]


def with_counts(batch: pa.RecordBatch, **counts: int) -> pa.RecordBatch:
    """Returns the batch with numbers that its part keeps beside the rows: what a step saw and made no row of."""
    return batch.replace_schema_metadata({f"{_COUNT}{name}": str(n) for name, n in counts.items()})


def counts_in(metadata: Mapping[bytes, bytes] | None) -> dict[str, int]:
    """Returns the numbers of a part, or of a batch, by name."""
    entries = ((name.decode("utf-8", "replace"), value) for name, value in (metadata or {}).items())
    return {name.removeprefix(_COUNT): int(value) for name, value in entries if name.startswith(_COUNT)}


class PartWriter:
    """Gathers rows into row groups of at most `ROW_GROUP_BYTES`, or writes each batch as one row group."""

    def __init__(self, file: Any, table: str, arrow: pa.Schema, *, row_group_per_batch: bool = False) -> None:
        self._table, self._schema, self._row_group_per_batch = schema.TABLES[table], arrow, row_group_per_batch
        plain = {field.name for field in arrow if schema.is_random(field)}
        texts = {field.name for field in arrow if pa.types.is_large_string(field.type)}  # they rarely repeat
        self._writer = pq.ParquetWriter(
            file,
            arrow,
            compression={field.name: "none" if field.name in plain else COMPRESSION for field in arrow},
            use_dictionary=[field.name for field in arrow if field.name not in plain | texts],
            write_statistics=[field.name for field in arrow if field.name not in texts],  # would copy the longest text
            store_schema=True,
        )
        self._waiting: list[pa.RecordBatch] = []  # the rows of the next row group
        self._n_rows = self._n_bytes = self._n_groups = 0
        self._hashes: list[uniqueness.Hashes] = []
        self._counts: Counter[str] = Counter()

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows and writes full row groups to disk. Raises RuntimeError for a string that is not valid UTF-8."""
        check_strings(self._table.name, batch)
        self._counts.update(counts_in(batch.schema.metadata))
        if self._table.unique is not None:
            self._hashes.append(uniqueness.hashes(batch[self._table.unique]))
        if self._row_group_per_batch:
            self._write_group([batch])
            return

        sizes = ends(batch)
        start = 0
        for row in self._alone(batch):
            self._gather(batch, sizes, start, row)
            self._flush()
            self._write_group([batch.slice(row, 1)])
            start = row + 1
        self._gather(batch, sizes, start, len(batch))

    def close(self) -> None:
        """Writes the remaining rows and the footer."""
        self._flush()
        if self._counts:
            self._writer.add_key_value_metadata({f"{_COUNT}{name}": str(n) for name, n in self._counts.items()})
        self._writer.close()

    def repeats(self) -> uniqueness.Hashes:
        """Returns the hashes of ids that the part may hold twice; none if the table's rows do not have ids."""
        return uniqueness.repeated(self._hashes)

    def _alone(self, batch: pa.RecordBatch) -> list[int]:
        """Returns the rows that get their own row group."""
        if self._table.alone is None:
            return []
        lengths = pc.fill_null(pc.binary_length(batch[self._table.alone]), 0)
        rows: list[int] = np.flatnonzero(lengths.to_numpy() > LONG_DOCUMENT_BYTES).tolist()
        return rows

    def _gather(self, batch: pa.RecordBatch, sizes: Ends, start: int, end: int) -> None:
        """Adds the rows from `start` to `end`. A row group ends when the next row does not fit."""
        most_rows = self._table.row_group_rows or len(batch) + self._n_rows
        while start < end:
            room = sizes[start] + ROW_GROUP_BYTES - self._n_bytes
            fits = min(int(np.searchsorted(sizes, room, "right")) - 1, start + most_rows - self._n_rows, end)
            if fits <= start and self._n_rows:
                self._flush()
                continue

            fits = max(fits, start + 1)  # a row that is larger than a row group is its own row group
            self._waiting.append(batch.slice(start, fits - start))
            self._n_rows += fits - start
            self._n_bytes += int(sizes[fits] - sizes[start])
            start = fits

    def _flush(self) -> None:
        if self._waiting:
            self._write_group(self._waiting)
        self._waiting, self._n_rows, self._n_bytes = [], 0, 0

    def _write_group(self, batches: list[pa.RecordBatch]) -> None:
        """Writes one row group.

        If the table limits the rows of a row group and each batch is one, writes as many row groups as that takes.
        """
        rows = pa.Table.from_batches(batches, self._schema)
        most_rows = self._table.row_group_rows or max(len(rows), 1)
        self._writer.write_table(rows, row_group_size=most_rows)
        self._n_groups += max(1, -(-len(rows) // most_rows))
        if self._table.alone is not None and self._n_groups > MAX_ROW_GROUPS:
            raise RuntimeError(f"a part of {self._table.name} has more than {MAX_ROW_GROUPS:,} row groups")
