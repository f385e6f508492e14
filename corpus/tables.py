"""Reads a lake: its tables, their parts and versions, and what made them.

A table consists of the parts that its Delta log names. Parts that no commit named do not belong to it. What was read
from a log is kept and brought up to date at each use, so that a reader sees what other processes commit. Code that
reads one state of the lake many times does so inside a `snapshot`, because each look at a log in a bucket is a request.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from corpus import delta_log, schema, storage
from corpus import lineage as lineages
from corpus.errors import UserError
from corpus.lineage import Commit, Lineage
from corpus.parts import Part, counts_in

if TYPE_CHECKING:
    import polars as pl
    from deltalake import DeltaTable
    from fsspec import AbstractFileSystem


_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


class Tables:
    """The tables below one path or URL, for reading. Opening them reads and creates nothing."""

    def __init__(self, url: str | Path, storage_options: Mapping[str, str] | None = None) -> None:
        self.storage_options = dict(storage_options or {})
        self.fs: AbstractFileSystem
        self.fs, self.root = storage.filesystem(str(url), self.storage_options)
        self.is_local = "file" in _protocols(self.fs)
        encoded = _ESCAPE.search(self.root) if self.is_local else None
        if encoded:
            raise UserError(
                f"{self.root} holds {encoded[0]!r}, which delta-rs takes for an encoded character; "
                "choose another folder for the lake"
            )
        self.url = self.root if self.is_local else str(url).rstrip("/")
        self._newest: dict[str, DeltaTable] = {}  # as last read; brought up to date at each use
        self._seen: set[str] = set()  # tables that have a version: a table is never removed
        self._looked: set[str] | None = None  # in a snapshot: the tables that were read in it
        self._absent: set[str] = set()  # in a snapshot: the tables that did not exist
        self._commits: dict[str, list[Commit]] = {}  # newest first; a commit never changes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __reduce__(self) -> tuple[type["Tables"], tuple[str, dict[str, str]]]:
        return type(self), (self.url, self.storage_options)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Keeps tables, for the block, as they were when the block first read them. Commits of others are not seen.

        Own commits are seen. Blocks may be nested; the outer one counts.
        """
        if self._looked is not None:
            yield
            return
        self._looked, self._absent = set(), set() if self.is_local else self._without_folder()
        try:
            yield
        finally:
            self._looked, self._absent = None, set()

    @property
    def in_snapshot(self) -> bool:
        """Whether a snapshot is active."""
        return self._looked is not None

    def exists(self, table: str) -> bool:
        """Returns whether the table has a first version."""
        schema.table(table)
        if table in self._newest or table in self._seen:
            return True
        if table in self._absent:
            return False
        has_version = delta_log.exists(self._log(table)) if self.is_local else self._has_objects(self._log(table))
        if has_version:
            self._seen.add(table)
        elif self._looked is not None:
            self._absent.add(table)
        return has_version

    def tables(self, *, with_records: bool = False) -> list[str]:
        """Returns the names of the tables that exist, in the schema's order.

        Tables that the lake keeps about itself are included only `with_records`.
        """
        return [
            name for name, table in schema.TABLES.items() if (table.by_stages or with_records) and self.exists(name)
        ]

    def version(self, table: str) -> int | None:
        """Returns the table's newest version, or None before the first."""
        return self._delta(table).version() if self.exists(table) else None

    def parts(self, table: str, slot: str = "", version: int | None = None) -> list[Part]:
        """Returns the parts of a version, of one slot or all, sorted by path; none before the first commit."""
        if not self.exists(table):
            return []
        listed = parts_of(self._delta(table, version))
        return [part for part in listed if not slot or within(part.slot, slot)]

    def part_url(self, table: str, part: Part | str) -> str:
        """Returns where fsspec and Parquet readers find a part."""
        path = part if isinstance(part, str) else part.path
        return f"{self.url}/{table}/{path}"

    def open_part(self, table: str, part: Part | str) -> pq.ParquetFile:
        """Returns a part's Parquet file, opened for reading row group by row group."""
        path = part if isinstance(part, str) else part.path
        return self._open(f"{self.root}/{table}/{path}")

    def counts(self, table: str, slot: str) -> dict[str, int]:
        """Returns the summed counts that a slot's parts keep (corpus.parts.with_counts). Reads footers."""
        total: Counter[str] = Counter()
        for part in self.parts(table, slot):
            total.update(counts_in(self.open_part(table, part).metadata.metadata))
        return dict(total)

    def scan(self, table: str, version: int | None = None, *, slot: str = "") -> "pl.LazyFrame":
        """Returns a lazy frame over a version of the table or over one slot of it; empty if nothing was committed."""
        import polars as pl

        parts = self.parts(table, slot, version)
        if not parts:
            return pl.LazyFrame(schema=pl.Schema(self.schema(table, version)))
        return self.scan_paths(table, [part.path for part in parts])

    def table(self, name: str, version: int | None = None) -> "pl.LazyFrame":
        """Returns a table as a Polars lazy frame, empty before its stage ran; raises `UserError` if it is unknown."""
        schema.table(name)
        return self.scan(name, version)

    def scan_paths(self, table: str, paths: Sequence[str]) -> "pl.LazyFrame":
        """Returns a lazy frame over some parts of a table, in the given order."""
        import polars as pl

        urls = [self.part_url(table, path) for path in paths]
        return pl.scan_parquet(urls, glob=False, storage_options=None if self.is_local else self.storage_options)

    def schema(self, table: str, version: int | None = None) -> pa.Schema:
        """Returns the table's Arrow schema as committed, or as declared before the first commit."""
        if not self.exists(table):
            return schema.table(table).schema
        return pa.schema(self._delta(table, version).schema().to_arrow())

    def history(self, table: str) -> list[Commit]:
        """Returns every version of the table, newest first."""
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
        """Returns what made the slot as it is now, or None if it was never committed or was removed."""
        return self.lineages(table).get(slot)

    def lineages(self, table: str) -> dict[str, Lineage]:
        """Returns what made each slot of the table as it is now, except slots that were dropped or lost their parts."""
        newest: dict[str, Lineage | None] = {}
        lost: set[str] = set()
        for commit in self.history(table):
            if commit.lineage:
                slot = commit.lineage.slot
                newest.setdefault(slot, None if any(within(other, slot) for other in lost) else commit.lineage)
            lost.update(commit.lost)
        return {slot: lineage for slot, lineage in newest.items() if lineage and not lineage.dropped}

    def _log(self, table: str) -> str:
        return f"{self.root}/{table}/_delta_log"

    def _open(self, path: str) -> pq.ParquetFile:
        return pq.ParquetFile(self.fs.open(path, "rb"))

    def _forget(self, table: str) -> None:
        """Forgets the newest version, which may be outdated: the next use reads it again."""
        self._newest.pop(table, None)
        self._seen.discard(table)
        self._look_again(table)
        self.fs.invalidate_cache()

    def _look_again(self, table: str) -> None:
        """Makes the next use bring the table up to date, also in a snapshot."""
        self._absent.discard(table)
        if self._looked is not None:
            self._looked.discard(table)

    def _bring_up_to_date(self, table: str) -> None:
        """Reads the versions since the last read.

        Versions follow each other without a gap, so one small read shows whether a bucket has a newer one.
        """
        newest = self._newest[table]
        if not self.is_local:
            try:
                self.fs.cat_file(f"{self._log(table)}/{newest.version() + 1:020}.json", start=0, end=1)
            except FileNotFoundError:
                return
        newest.update_incremental()

    def _has_looked(self, table: str) -> None:
        if self._looked is not None:
            self._looked.add(table)

    def _without_folder(self) -> set[str]:
        """Returns the tables that have no object in a bucket."""
        self.fs.invalidate_cache(self.root)
        try:
            listed = self.fs.ls(self.root, detail=False)
        except FileNotFoundError:
            listed = []
        return set(schema.TABLES) - {str(path).rstrip("/").rpartition("/")[2] for path in listed}

    def _has_objects(self, folder: str) -> bool:
        """Returns whether a bucket holds an object below a folder."""
        self.fs.invalidate_cache(folder)
        try:
            return bool(self.fs.ls(folder, detail=False))
        except FileNotFoundError:
            return False

    def _delta(self, table: str, version: int | None = None) -> "DeltaTable":
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if not self.exists(table):
            raise UserError(f"lake {self.url} has no table {table!r}; it has {', '.join(self.tables()) or 'none'}")
        try:
            if version is None and table in self._newest:
                if self._looked is None or table not in self._looked:
                    self._bring_up_to_date(table)
                    self._has_looked(table)
                return self._newest[table]
            if self.is_local and version is None:
                delta_log.set_aside_torn(self._log(table))
            delta = DeltaTable(f"{self.url}/{table}", version=version, storage_options=self.storage_options or None)
            if version is None:
                self._newest[table] = delta
                self._has_looked(table)
            return delta
        except DeltaError as error:
            if version is not None and self._delta(table).version() < version:
                raise UserError(f"table {table!r} has no version {version}; `pomona lake` lists them") from error
            raise self._unreadable_log(table, error) from error

    def _unreadable_log(self, table: str, error: Exception) -> UserError:
        first = next(iter(str(error).splitlines()), "")
        return UserError(
            f"the log of table {table!r} cannot be read ({first}); restore {self._log(table)} from a copy, or delete "
            "that folder and run the recipe or the commands again: finished parts are not made again"
        )


def parts_of(delta: "DeltaTable") -> list[Part]:
    """Returns the parts of the version that was read, sorted by path."""
    read = pa.RecordBatchReader.from_stream(delta.get_add_actions(flatten=True)).read_all()  # pa.table imports pandas
    adds = read.select(["path", "num_records", "size_bytes"])
    listed = (Part(row["path"], row["num_records"], row["size_bytes"]) for row in adds.to_pylist())
    return sorted(listed, key=lambda part: part.path)


def within(slot: str, outer: str) -> bool:
    """Returns whether a slot is `outer` or is below it."""
    return slot == outer or slot.startswith(f"{outer}/")


def _protocols(fs: "AbstractFileSystem") -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
