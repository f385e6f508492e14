"""The lake: Delta tables of Parquet parts, committed whole, with what made them in every commit.

A stage's workers write parts into `<table>/<slot>/<key>.parquet`, where the key is a hash of what the part is made
from. No reader sees them: a table is what its Delta log names. `commit` makes a slot's parts the table's next
version in one transaction, in place of the slot's parts before. So a killed stage leaves nothing half-written, a
repeated one finds its finished parts, and an unchanged part is never made twice.

Local paths and every URL that fsspec and delta-rs both know (s3://, gs://, az://) work alike.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from corpus import schema
from corpus.errors import UserError

if TYPE_CHECKING:
    import polars as pl
    from deltalake import DeltaTable
    from fsspec import AbstractFileSystem

ROW_GROUP_BYTES = 64 << 20
COMPRESSION = "zstd"
_LINEAGE = "pomona"
_LOG_DAYS = 3650  # how long the log keeps the versions that lineage speaks of


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a table: its path below the table's folder, rows and bytes on disk."""

    path: str
    n_rows: int
    n_bytes: int

    @property
    def slot(self) -> str:
        """Folder of the part: the stage, or stage and source, that made it."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Lineage:
    """What made a commit: everything a reader needs to know whether it is still current."""

    stage: str
    slot: str
    key: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    stage_version: int = 1
    package_version: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a table."""

    version: int
    timestamp_ms: int
    lineage: Lineage | None


class Lake:
    """The tables below one path or URL. Opening a lake reads and creates nothing."""

    def __init__(self, url: str | Path, storage_options: Mapping[str, str] | None = None) -> None:
        import fsspec

        self.storage_options = dict(storage_options or {})
        self.fs: AbstractFileSystem
        self.fs, self.root = fsspec.core.url_to_fs(str(url), **self.storage_options)
        self.is_local = "file" in _protocols(self.fs)
        self.url = self.root if self.is_local else str(url).rstrip("/")
        self._newest: dict[str, DeltaTable] = {}  # as last read; brought up to date at each use
        self._commits: dict[str, list[Commit]] = {}  # newest first; a commit never changes

    def __reduce__(self) -> tuple[type["Lake"], tuple[str, dict[str, str]]]:
        return Lake, (self.url, self.storage_options)

    # Reading

    def exists(self, table: str) -> bool:
        """Whether the table has a first version."""
        schema.table(table)
        return table in self._newest or bool(self.fs.exists(f"{self.root}/{table}/_delta_log"))

    def tables(self) -> list[str]:
        """Names of the tables that exist, in the schema's order."""
        return [name for name in schema.TABLES if self.exists(name)]

    def version(self, table: str) -> int | None:
        """The table's newest version, or None before the first."""
        return self._delta(table).version() if self.exists(table) else None

    def parts(self, table: str, slot: str = "", version: int | None = None) -> list[Part]:
        """The parts of a version, those of one slot or of all, sorted by path. None exist before the first commit."""
        if not self.exists(table):
            return []
        adds = pa.table(self._delta(table, version).get_add_actions(flatten=True)).select(
            ["path", "num_records", "size_bytes"]
        )
        parts = (Part(row["path"], row["num_records"], row["size_bytes"]) for row in adds.to_pylist())
        return sorted((p for p in parts if not slot or _within(p.slot, slot)), key=lambda part: part.path)

    def part_url(self, table: str, part: Part | str) -> str:
        """Where fsspec and Parquet readers find a part."""
        path = part if isinstance(part, str) else part.path
        return f"{self.url}/{table}/{path}"

    def open_part(self, table: str, part: Part | str) -> pq.ParquetFile:
        """A part's Parquet file, opened for reading row group by row group."""
        path = part if isinstance(part, str) else part.path
        return pq.ParquetFile(self.fs.open(f"{self.root}/{table}/{path}", "rb"))

    def scan(self, table: str, version: int | None = None, *, slot: str = "") -> "pl.LazyFrame":
        """A lazy frame over a version of the table, or over one slot of it; empty where nothing was committed."""
        import polars as pl

        parts = self.parts(table, slot, version)
        if not parts:
            empty = pl.from_arrow(self.schema(table, version).empty_table())
            assert isinstance(empty, pl.DataFrame)
            return empty.lazy()
        return self.scan_paths(table, [part.path for part in parts])

    def scan_paths(self, table: str, paths: Sequence[str]) -> "pl.LazyFrame":
        """A lazy frame over some parts of a table, in the order given."""
        import polars as pl

        urls = [self.part_url(table, path) for path in paths]
        return pl.scan_parquet(urls, storage_options=None if self.is_local else self.storage_options)

    def schema(self, table: str, version: int | None = None) -> pa.Schema:
        """The table's Arrow schema as committed, or as declared before the first commit."""
        if not self.exists(table):
            return schema.table(table).schema
        return pa.schema(self._delta(table, version).schema().to_arrow())

    def history(self, table: str) -> list[Commit]:
        """Every version of the table, newest first."""
        if not self.exists(table):
            return []
        delta = self._delta(table)
        known = self._commits.get(table, [])
        n_new = delta.version() - known[0].version if known else None
        if n_new is None or n_new > 0:
            read = [Commit(e["version"], e["timestamp"], _lineage(e.get(_LINEAGE))) for e in delta.history(n_new)]
            self._commits[table] = read + known
        return list(self._commits[table])

    def current(self, table: str, slot: str) -> Lineage | None:
        """What made the slot as it stands, or None where it was never committed."""
        found = (commit.lineage for commit in self.history(table))
        return next((lineage for lineage in found if lineage and lineage.slot == slot), None)

    def lineages(self, table: str) -> dict[str, Lineage]:
        """What made each slot of the table as it stands."""
        found: dict[str, Lineage] = {}
        for commit in self.history(table):
            if commit.lineage:
                found.setdefault(commit.lineage.slot, commit.lineage)
        return found

    # Writing

    def finished(self, table: str, slot: str) -> set[str]:
        """Keys of the parts that exist in a slot, committed or not."""
        folder = f"{self.root}/{table}/{slot}"
        self.fs.invalidate_cache()
        if not self.fs.exists(folder):
            return set()
        names = (path.rpartition("/")[2] for path in self.fs.ls(folder, detail=False))
        return {name.removesuffix(".parquet") for name in names if name.endswith(".parquet")}

    @contextmanager
    def part_writer(
        self, table: str, slot: str, key: str, arrow: pa.Schema, *, row_group_a_batch: bool = False
    ) -> Iterator["PartWriter"]:
        """Writes one part; it appears whole when the block ends, and not at all when it raises."""
        schema.check(table, arrow)
        folder = f"{self.root}/{table}/{slot}"
        self.fs.makedirs(folder, exist_ok=True)
        target, temporary = f"{folder}/{key}.parquet", f"{folder}/.{key}-{uuid4().hex[:8]}.tmp"
        try:
            with self.fs.open(temporary, "wb") as file:
                n_rows = schema.TABLES[table].row_group_rows
                writer = PartWriter(file, arrow, 0 if row_group_a_batch else ROW_GROUP_BYTES, n_rows)
                try:
                    yield writer
                finally:
                    writer.close()
            self.fs.mv(temporary, target)
        except BaseException:
            with suppress(OSError):
                self.fs.rm_file(temporary)
            raise

    def commit(
        self,
        table: str,
        slots: Mapping[str, Iterable[str]],
        lineage: Lineage,
        arrow: pa.Schema | None = None,
    ) -> int:
        """Makes the parts `slots[slot] = keys` the content of those slots, and returns the table's version.

        A part without rows is left out. Committing what is already there under the same key changes nothing.
        """
        arrow = arrow or schema.table(table).schema
        schema.check(table, arrow)
        parts = [part for slot, keys in slots.items() for part in self._new_parts(table, slot, keys)]
        old = self._replaced(table, set(slots))
        before = self.current(table, lineage.slot)
        if before and before.key == lineage.key and _same(parts, old):
            return self._delta(table).version()
        self._transact(table, parts, old, lineage, arrow)
        self._sweep_temporaries(table, slots)
        return self._delta(table).version()

    def _transact(self, table: str, parts: list[Part], old: list[Part], lineage: Lineage, arrow: pa.Schema) -> None:
        from deltalake import CommitProperties, Schema
        from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

        def add(part: Part) -> AddAction:
            return AddAction(part.path, part.n_bytes, {}, 0, True, json.dumps({"numRecords": part.n_rows}))

        properties = CommitProperties(custom_metadata={_LINEAGE: json.dumps(asdict(lineage), sort_keys=True)})
        delta_schema = Schema.from_arrow(arrow)
        if not self.exists(table):
            if self.is_local:
                self.fs.makedirs(f"{self.root}/{table}", exist_ok=True)
            create_table_with_add_actions(
                f"{self.url}/{table}",
                delta_schema,
                [add(part) for part in parts],
                storage_options=self.storage_options or None,
                configuration={"delta.logRetentionDuration": f"interval {_LOG_DAYS} days"},
                commit_properties=properties,
            )
            return
        delta = self._delta(table)
        actions: list[AddAction | RemoveAction]
        if pa.schema(delta.schema().to_arrow()).names != arrow.names:  # a new signal: every part is made anew
            actions = [add(part) for part in parts]
            delta.create_write_transaction(actions, "overwrite", delta_schema, commit_properties=properties)
            return
        here, there = {part.path for part in old}, {part.path for part in parts}
        actions = [add(part) for part in parts if part.path not in here]
        actions += [RemoveAction(part.path, True, 0, part.n_bytes) for part in old if part.path not in there]
        delta.create_write_transaction(actions, "append", delta_schema, commit_properties=properties)

    def _new_parts(self, table: str, slot: str, keys: Iterable[str]) -> Iterator[Part]:
        for key in keys:
            path = f"{slot}/{key}.parquet"
            n_rows = self.open_part(table, path).metadata.num_rows
            if n_rows:
                yield Part(path, n_rows, int(self.fs.size(f"{self.root}/{table}/{path}")))

    def _replaced(self, table: str, slots: set[str]) -> list[Part]:
        return [part for part in self.parts(table) if any(_within(part.slot, slot) for slot in slots)]

    def _sweep_temporaries(self, table: str, slots: Iterable[str]) -> None:
        for slot in slots:
            for path in self.fs.glob(f"{self.root}/{table}/{slot}/.*.tmp"):
                with suppress(OSError):
                    self.fs.rm_file(path)

    def vacuum(self, table: str, *, dry_run: bool = True) -> list[str]:
        """Deletes the files that no current version names, and with them older versions; returns their paths."""
        return self._delta(table).vacuum(
            retention_hours=0, dry_run=dry_run, enforce_retention_duration=False, full=True
        )

    def _delta(self, table: str, version: int | None = None) -> "DeltaTable":
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if not self.exists(table):
            raise UserError(f"lake {self.url} has no table {table!r}; it has {', '.join(self.tables()) or 'none'}")
        try:
            if version is None and table in self._newest:
                self._newest[table].update_incremental()
                return self._newest[table]
            delta = DeltaTable(f"{self.url}/{table}", version=version, storage_options=self.storage_options or None)
            if version is None:
                self._newest[table] = delta
            return delta
        except DeltaError as error:
            if version is None:
                raise
            raise UserError(f"table {table!r} has no version {version}; `pomona lake` lists them") from error


class PartWriter:
    """Gathers record batches into row groups of about `row_group_bytes`; with 0, each batch is one."""

    def __init__(
        self, file: Any, arrow: pa.Schema, row_group_bytes: int = ROW_GROUP_BYTES, row_group_rows: int | None = None
    ) -> None:
        self._schema, self._row_group_bytes, self._row_group_rows = arrow, row_group_bytes, row_group_rows
        plain = {field.name for field in arrow if schema.is_random(field)}
        self._writer = pq.ParquetWriter(
            file,
            arrow,
            compression={field.name: "none" if field.name in plain else COMPRESSION for field in arrow},
            use_dictionary=[field.name for field in arrow if field.name not in plain],
            store_schema=True,
        )
        self._batches: list[pa.RecordBatch] = []
        self._n_bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows; a full row group goes to disk."""
        self._batches.append(batch)
        self._n_bytes += batch.nbytes
        if self._n_bytes >= self._row_group_bytes:
            self._flush()

    def close(self) -> None:
        """Writes what is left and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._batches:
            rows = pa.Table.from_batches(self._batches, self._schema)
            self._writer.write_table(rows, row_group_size=self._row_group_rows or max(len(rows), 1))
        self._batches, self._n_bytes = [], 0


def _within(slot: str, outer: str) -> bool:
    return slot == outer or slot.startswith(f"{outer}/")


def _same(new: list[Part], old: list[Part]) -> bool:
    return {part.path for part in new} == {part.path for part in old}


def _lineage(text: str | None) -> Lineage | None:
    return Lineage(**json.loads(text)) if text else None


def _protocols(fs: "AbstractFileSystem") -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
