"""The lake: Delta tables of Parquet parts, committed whole, with what made them in every commit.

A stage's workers write parts into `<table>/<slot>/<key>.parquet`, where the key is a hash of what the part is made
from. No reader sees them: a table is what its Delta log names. `commit` makes a slot's parts the table's next
version in one transaction, in place of the slot's parts before. So a killed stage leaves nothing half-written, a
repeated one finds its finished parts, and an unchanged part is never made twice.

Local paths and every URL that fsspec and delta-rs both know (s3://, gs://, az://) work alike.
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpus import delta_log, durable, owner, parts, schema, temporaries, transaction, uniqueness
from corpus import lineage as lineages
from corpus.errors import UserError
from corpus.lineage import Commit, Lineage
from corpus.parts import Part, PartWriter

if TYPE_CHECKING:
    import polars as pl
    from deltalake import DeltaTable
    from fsspec import AbstractFileSystem

__all__ = ["Commit", "Lake", "Lineage", "Part", "PartWriter"]

_TRIES = 50  # of a commit that loses to others; each time, one of them got through
_MOST_WAIT_SECONDS = 1.0  # between two tries
_SMALL_PART_BYTES = 64 << 10  # one without rows is smaller


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
        log = self._log(table)
        return table in self._newest or (delta_log.exists(log) if self.is_local else bool(self.fs.exists(log)))

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
        listed = _parts(self._delta(table, version))
        return [part for part in listed if not slot or _within(part.slot, slot)]

    def part_url(self, table: str, part: Part | str) -> str:
        """Where fsspec and Parquet readers find a part."""
        path = part if isinstance(part, str) else part.path
        return f"{self.url}/{table}/{path}"

    def open_part(self, table: str, part: Part | str) -> pq.ParquetFile:
        """A part's Parquet file, opened for reading row group by row group."""
        path = part if isinstance(part, str) else part.path
        return self._open(f"{self.root}/{table}/{path}")

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
            read = [lineages.from_metadata(entry) for entry in delta.history(n_new)]
            self._commits[table] = read + known
        return list(self._commits[table])

    def current(self, table: str, slot: str) -> Lineage | None:
        """What made the slot as it stands, or None where it was never committed, or is gone."""
        return self.lineages(table).get(slot)

    def lineages(self, table: str) -> dict[str, Lineage]:
        """What made each slot of the table as it stands; a slot that was dropped, or lost its parts, is left out."""
        newest: dict[str, Lineage | None] = {}
        lost: set[str] = set()
        for commit in self.history(table):
            if commit.lineage:
                slot = commit.lineage.slot
                newest.setdefault(slot, None if any(_within(gone, slot) for gone in lost) else commit.lineage)
            lost.update(commit.lost)
        return {slot: lineage for slot, lineage in newest.items() if lineage and not lineage.dropped}

    def damaged(self, table: str, slot: str = "") -> list[Part]:
        """The parts of the newest version that are gone, cut short or of another size than the commit says.

        Local lakes only; a stage with such a part is not current, however its lineage reads.
        """
        if not self.is_local:
            return []
        return [part for part in self.parts(table, slot) if not self._intact(table, part)]

    # Writing

    def finished(self, table: str, slot: str) -> set[str]:
        """Keys of the parts that are there, whole, in a slot, committed or not."""
        folder = f"{self.root}/{table}/{slot}"
        self.fs.invalidate_cache()
        try:
            infos = self.fs.ls(folder, detail=True)
        except FileNotFoundError:
            return set()
        whole = (info["name"] for info in infos if info["name"].endswith(".parquet") and self._is_whole(info))
        return {path.rpartition("/")[2].removesuffix(".parquet") for path in whole}

    @contextmanager
    def part_writer(
        self, table: str, slot: str, key: str, arrow: pa.Schema, *, row_group_a_batch: bool = False, token: str = ""
    ) -> Iterator[PartWriter]:
        """Writes one part; it appears whole when the block ends, and not at all when it raises.

        A part that is there already stays: its key says that it is the same. `token` is that of the run
        (corpus.owner) which the temporary file belongs to; by default this process's.
        """
        schema.check(table, arrow)
        folder = f"{self.root}/{table}/{slot}"
        if self.is_local:
            durable.make_folders(folder)
        else:
            self.fs.makedirs(folder, exist_ok=True)
        temporary = f"{folder}/{temporaries.name(key, token or owner.new_token())}"
        try:
            with self.fs.open(temporary, "wb") as file:
                writer = PartWriter(file, table, arrow, row_group_a_batch=row_group_a_batch)
                try:
                    yield writer
                finally:
                    writer.close()

            suspects = writer.repeats()
            if len(suspects):
                uniqueness.explain("id", self._open, [temporary], suspects)
            self._publish(temporary, f"{folder}/{key}.parquet")
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
        *,
        token: str = "",
    ) -> int:
        """Makes the parts `slots[slot] = keys` the content of those slots, and returns the table's version.

        What is replaced is read from the version that the commit follows: where another process commits first, it is
        read and tried again. A part without rows is left out. Committing what is there under the same key changes
        nothing. Raises RuntimeError for two documents of one id, and for a part with other columns.
        """
        arrow = arrow or schema.table(table).schema
        schema.check(table, arrow)
        made = [part for slot, keys in slots.items() for part in self._new_parts(table, slot, keys, arrow)]
        if self.is_local:
            delta_log.set_aside_torn(self._log(table))
            for slot in slots:  # a part may have got its name from a process that was killed before it could sync this
                durable.sync_folder(f"{self.root}/{table}/{slot}")

        version = self._commit(table, set(slots), made, lineage, arrow)
        temporaries.sweep(self.fs, [f"{self.root}/{table}/{slot}" for slot in slots], token)
        return version

    def _commit(self, table: str, slots: set[str], made: list[Part], lineage: Lineage, arrow: pa.Schema) -> int:
        from deltalake.exceptions import DeltaError

        for n_lost in range(_TRIES):
            before = self.current(table, lineage.slot)  # reads the table anew: `delta` is what the answer was read from
            delta = self._newest.get(table)
            version = delta.version() if delta else -1
            old, others = _divided(_parts(delta) if delta else [], slots)
            if delta and before and before.key == lineage.key and set(made) == set(old):
                return version
            self._check_unique(table, others, made)

            try:
                self._transact(table, delta, old, others, made, lineage, arrow)
            except DeltaError:
                self._forget(table)
                if (self._delta(table).version() if self.exists(table) else -1) <= version:
                    raise  # nobody was faster: it is another fault
                time.sleep(random.uniform(0, min(_MOST_WAIT_SECONDS, 0.01 * 2**n_lost)))
                continue

            if self.is_local:
                delta_log.sync(self._log(table), version + 1)
            return version + 1
        raise RuntimeError(f"table {table!r}: {_TRIES} commits in a row lost to other processes; run the same again")

    def _transact(
        self,
        table: str,
        delta: "DeltaTable | None",
        old: list[Part],
        others: list[Part],
        made: list[Part],
        lineage: Lineage,
        arrow: pa.Schema,
    ) -> None:
        if delta is None:
            if self.is_local:
                durable.make_folders(f"{self.root}/{table}")
            transaction.create(f"{self.url}/{table}", self.storage_options, made, lineage, arrow)
        elif pa.schema(delta.schema().to_arrow()).names == arrow.names:
            transaction.replace(delta, old, made, lineage, arrow)
        else:  # a new signal, or a newer Pomona: every part is made anew, by its stage
            lost = sorted({part.slot for part in others})
            transaction.replace_all(delta, lost, made, lineage, arrow)

    def _check_unique(self, table: str, others: list[Part], made: list[Part]) -> None:
        column, n_rows = schema.TABLES[table].unique, sum(part.n_rows for part in [*others, *made])
        if column is not None and made and n_rows <= uniqueness.MAX_ROWS:
            uniqueness.check(column, lambda path: self.open_part(table, path), [p.path for p in [*others, *made]])

    def _new_parts(self, table: str, slot: str, keys: Iterable[str], arrow: pa.Schema) -> Iterator[Part]:
        for key in keys:
            path = f"{slot}/{key}.parquet"
            footer = self.open_part(table, path)
            if footer.schema_arrow.names != arrow.names:
                raise RuntimeError(
                    f"part {path} of {table} has the columns {', '.join(footer.schema_arrow.names)}, the table takes "
                    f"{', '.join(arrow.names)}: its stage changed and kept its version"
                )
            if footer.metadata.num_rows:
                yield Part(path, footer.metadata.num_rows, int(self.fs.size(f"{self.root}/{table}/{path}")))

    def _publish(self, temporary: str, target: str) -> None:
        """Gives a finished part its name; where a whole one has it, that one stays, for readers that have it open."""
        if not self.is_local:
            self.fs.mv(temporary, target)
        elif parts.is_whole(target):
            self.fs.rm_file(temporary)
        else:
            durable.publish(temporary, target)

    def vacuum(self, table: str, *, dry_run: bool = True) -> list[str]:
        """Deletes the files that no current version names, and with them older versions; returns their paths.

        Parts without rows stay: no version names them, but they say that their work item is done.
        """
        listed = self._delta(table).vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=True)
        unnamed = [path for path in listed if not self._is_empty(table, path)]
        for path in () if dry_run else unnamed:
            self.fs.rm_file(f"{self.root}/{table}/{path}")
        return unnamed

    def _is_empty(self, table: str, path: str) -> bool:
        """Whether a file is a whole part without rows."""
        full = f"{self.root}/{table}/{path}"
        if not path.endswith(".parquet") or self.fs.size(full) > _SMALL_PART_BYTES:
            return False
        return bool(self._is_whole(self.fs.info(full)) and self._open(full).metadata.num_rows == 0)

    def _is_whole(self, info: Mapping[str, Any]) -> bool:
        """Whether a part is whole, as its folder lists it: in an object store a put is, if it has a byte."""
        return parts.is_whole(info["name"]) if self.is_local else bool(info["size"])

    def _intact(self, table: str, part: Part) -> bool:
        path = f"{self.root}/{table}/{part.path}"
        return parts.is_whole(path) and self.fs.size(path) == part.n_bytes

    def _log(self, table: str) -> str:
        return f"{self.root}/{table}/_delta_log"

    def _open(self, path: str) -> pq.ParquetFile:
        return pq.ParquetFile(self.fs.open(path, "rb"))

    def _forget(self, table: str) -> None:
        """What is known of the newest version may be old: the next use reads it anew."""
        self._newest.pop(table, None)
        self.fs.invalidate_cache()

    def _delta(self, table: str, version: int | None = None) -> "DeltaTable":
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if not self.exists(table):
            raise UserError(f"lake {self.url} has no table {table!r}; it has {', '.join(self.tables()) or 'none'}")
        try:
            if version is None and table in self._newest:
                self._newest[table].update_incremental()
                return self._newest[table]
            if self.is_local and version is None:
                delta_log.set_aside_torn(self._log(table))
            delta = DeltaTable(f"{self.url}/{table}", version=version, storage_options=self.storage_options or None)
            if version is None:
                self._newest[table] = delta
            return delta
        except DeltaError as error:
            if version is None:
                raise
            raise UserError(f"table {table!r} has no version {version}; `pomona lake` lists them") from error


def _parts(delta: "DeltaTable") -> list[Part]:
    """The parts of the version that was read, sorted by path."""
    adds = pa.table(delta.get_add_actions(flatten=True)).select(["path", "num_records", "size_bytes"])
    listed = (Part(row["path"], row["num_records"], row["size_bytes"]) for row in adds.to_pylist())
    return sorted(listed, key=lambda part: part.path)


def _divided(listed: Iterable[Part], slots: Iterable[str]) -> tuple[list[Part], list[Part]]:
    """(those in one of the slots, the others)"""
    old: list[Part] = []
    others: list[Part] = []
    for part in listed:
        (old if any(_within(part.slot, slot) for slot in slots) else others).append(part)
    return old, others


def _within(slot: str, outer: str) -> bool:
    return slot == outer or slot.startswith(f"{outer}/")


def _protocols(fs: "AbstractFileSystem") -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
