"""Writes documents to Parquet or JSON Lines files, and starts a new file when the last one is full.

`metadata` is a struct with every key that any document of the lake has, null if a document does not have it. The lake
stores a map, which `datasets` cannot read. JSON readers guess types if keys differ from line to line.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus.lake import Lake
from corpus.text.buffers import slices, string_buffers

FORMATS = ("parquet", "jsonl", "jsonl.gz", "jsonl.zst")
_KEY = "metadata.key_value.key"  # the Parquet column with only the keys of the map


def format_of(name: str) -> str | None:
    """Returns the format that a file's name ends with; None if there is none."""
    return next((kind for kind in FORMATS if name.lower().endswith(f".{kind}")), None)


def metadata_keys(lake: Lake) -> list[str]:
    """Returns every key in the metadata of any document, sorted; reads only the keys."""
    names: set[str] = set()
    for part in lake.parts("documents"):
        parquet = lake.open_part("documents", part)
        for group in range(parquet.metadata.num_row_groups):
            keys = parquet.read_row_group(group, columns=[_KEY])["metadata"].combine_chunks()
            names.update(pc.unique(pc.struct_field(keys.flatten(), "key")).to_pylist())
    return sorted(names)


def arrow_schema(keys: Sequence[str]) -> pa.Schema:
    """Returns the columns of an export; without `metadata` if no document has a key: Parquet has no empty struct."""
    columns = [(name, pa.string()) for name in ("id", "source", "uri")]
    columns += [("text", pa.large_string()), ("license", pa.string())]
    metadata = [("metadata", pa.struct([(key, pa.string()) for key in keys]))] if keys else []
    return pa.schema(columns + metadata)


class Writer(Protocol):
    """One file of documents that is being written."""

    def write(self, rows: pa.Table) -> None:
        """Writes some documents, in `arrow_schema`."""

    def size(self) -> int:
        """Returns the bytes that are in the file so far."""

    def close(self) -> None:
        """Writes the rest, so that the file is complete."""


class Shards:
    """Writes documents to files of about `n_bytes` each: a file ends if a batch like the last would exceed that.

    A larger document makes a larger file.
    """

    def __init__(
        self,
        keys: Sequence[str],
        kind: str,
        path: Callable[[int], Path],
        n_bytes: int | None,
        done: Callable[[Path], None],
    ) -> None:
        self._schema, self._kind, self._path, self._n_bytes, self._done = arrow_schema(keys), kind, path, n_bytes, done
        self._keys = keys
        self._writer: Writer | None = None
        self._last_bytes = 0  # size of the last batch in the file
        self.n_files = 0
        self.file_bytes = 0
        self.memory_bytes = 0  # size of the documents in Arrow

    def __enter__(self) -> "Shards":
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        if kind is not None and self._writer:
            self._writer.close()
        elif kind is None:
            self._finish()

    def write(self, rows: pa.Table) -> None:
        """Writes documents from `pomona.kept_documents`: one Parquet row group, or several in small files."""
        table = self._as_written(rows)
        self.memory_bytes += table.nbytes
        if self._n_bytes is None or table.nbytes <= self._n_bytes:
            self._write(table)
            return
        offsets, _ = string_buffers(table["text"].combine_chunks())
        for start, end in slices(offsets, self._n_bytes):
            self._write(table.slice(start, end - start))

    def _write(self, table: pa.Table) -> None:
        before = self._writer.size() if self._writer else 0
        if self._n_bytes is not None and self._writer and before + self._last_bytes > self._n_bytes:
            self._finish()
            before = 0
        if self._writer is None:
            self._writer = _open(self._kind, self._path(self.n_files), self._schema)
        self._writer.write(table)
        self._last_bytes = self._writer.size() - before

    def _as_written(self, rows: pa.Table) -> pa.Table:
        if self._keys:
            maps = rows["metadata"].combine_chunks().cast(pa.map_(pa.string(), pa.string()))
            values = [pc.map_lookup(maps, query_key=key, occurrence="first") for key in self._keys]
            struct = pa.StructArray.from_arrays(values, fields=list(self._schema.field("metadata").type))
            rows = rows.set_column(rows.column_names.index("metadata"), "metadata", struct)
        return rows.select(self._schema.names).cast(self._schema)

    def _finish(self) -> None:
        if self._writer is not None:
            path = self._path(self.n_files)
            self._writer.close()
            self._writer = None
            self.file_bytes += os.path.getsize(path)
            self.n_files += 1
            self._done(path)


def _open(kind: str, path: Path, schema: pa.Schema) -> Writer:
    return _Parquet(path, schema) if kind == "parquet" else _JsonLines(path, kind)


class _Parquet:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = open(path, "wb")  # noqa: SIM115 - closed in close()
        self._writer = pq.ParquetWriter(self._file, schema, compression="zstd")

    def write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows)

    def size(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._writer.close()
        self._file.close()


class _JsonLines:
    """Writes one JSON object per line."""

    def __init__(self, path: Path, kind: str) -> None:
        self._raw = open(path, "wb")  # noqa: SIM115 - closed in close()
        self._file: Any = self._raw
        if kind.endswith(".gz"):
            import gzip

            # without name and time, so that equal exports are equal files
            self._file = gzip.GzipFile("", "wb", fileobj=self._raw, mtime=0)
        elif kind.endswith(".zst"):
            import zstandard

            self._file = zstandard.ZstdCompressor().stream_writer(self._raw, closefd=False)

    def write(self, rows: pa.Table) -> None:
        import polars as pl

        frame = pl.from_arrow(rows)
        assert isinstance(frame, pl.DataFrame)
        frame.write_ndjson(self._file)

    def size(self) -> int:
        return self._raw.tell()

    def close(self) -> None:
        self._file.close()
        if not self._raw.closed:
            self._raw.close()
