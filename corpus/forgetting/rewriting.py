"""Removes documents from every table of a lake, without making anything again that does not need it.

A part with rows about a forgotten document is written anew without them, as `<key>~<number of the request>`: beside
the earlier file, which older versions of the table name until a vacuum. Row groups keep their number, and rows after a
removed one move up; rows of other tables about the same row group move with them. Tables that name documents by
number are emptied: their stages make them again when they are needed.

What is to go is in a journal, and a part with the request's number is finished. So a request that was stopped half-way
ends in the same tables when it runs again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus import schema
from corpus.forgetting.journal import Work
from corpus.forgetting.tombstones import Forgotten
from corpus.lake import Lake, Part
from corpus.lineage import Lineage
from corpus.parts import ANEW, base, counts_in, with_counts
from corpus.remaining import row_group_number

_ID_COLUMNS = ("id", "left", "right")  # of documents, in any table
_LAST = "documents"
_NOWHERE = np.empty(0, np.int64)

Rows = dict[int, npt.NDArray[np.int64]]  # as in the journal


def rows_of(lake: Lake, ids: frozenset[str]) -> Rows:
    """Returns the places of some documents."""
    wanted = pa.array(sorted(ids), pa.string())
    rows: Rows = {}
    for part in lake.parts(_LAST):
        parquet = lake.open_part(_LAST, part)
        for group in range(parquet.metadata.num_row_groups):
            column = parquet.read_row_group(group, columns=["id"])["id"]
            matching = np.flatnonzero(pc.is_in(column, value_set=wanted).to_numpy(zero_copy_only=False))
            if len(matching):
                rows[row_group_number(part.path, group)] = matching.astype(np.int64)
    return rows


def remove(lake: Lake, work: Work) -> dict[str, int]:
    """Removes documents from every table, and returns the rows that each has lost. The caller has the lake alone."""
    names = [name for name in lake.tables() if name != _LAST]
    lost = {}
    for name in (*names, _LAST):
        table = schema.TABLES[name]
        if table.numbered:
            lost[name] = _empty(lake, name)
        elif {*_ID_COLUMNS, "row_group"} & set(lake.schema(name).names):
            lost[name] = _rewrite(lake, name, work)
    return {name: n for name, n in lost.items() if n}


def _empty(lake: Lake, name: str) -> int:
    """Empties a table, so that its stages make it again."""
    n_rows = sum(part.n_rows for part in lake.parts(name))
    for slot in lake.lineages(name):
        lake.commit(name, {slot: []}, Lineage("drop:forget", slot, ""), _columns(lake, name))
    return n_rows


def _rewrite(lake: Lake, name: str, work: Work) -> int:
    """Writes the parts of a table anew that have something to remove or to move; returns the rows removed."""
    lost = 0
    for slot, lineage in lake.lineages(name).items():
        parts = lake.parts(name, slot)
        removed = [_rewrite_part(lake, name, slot, part, work) for part in parts]
        if any(one is not None for one in removed):
            lake.commit(name, {slot: [base(part.path) for part in parts]}, lineage, _columns(lake, name))
        lost += sum(one or 0 for one in removed)
    return lost


def _rewrite_part(lake: Lake, name: str, slot: str, part: Part, work: Work) -> int | None:
    """Writes one part anew; returns the rows removed, or None if nothing in it has to change."""
    if _number(part.path) == work.number:
        return None
    parquet = lake.open_part(name, part)
    groups = [_Group(parquet, i, part.path if name == _LAST else None) for i in range(parquet.metadata.num_row_groups)]
    if not any(group.changes(work.ids, work.rows) for group in groups):
        return None

    arrow, key, after = _columns(lake, name), f"{base(part.path)}{ANEW}{work.number}", 0
    counts = counts_in(parquet.metadata.metadata)
    with lake.part_writer(name, slot, key, arrow, row_group_per_batch=True) as writer:
        for group in groups:
            batch = group.without(work.ids, work.rows, arrow)
            after += len(batch)
            writer.write(with_counts(batch, **counts) if counts else batch)
            counts = {}
    return int(parquet.metadata.num_rows - after)


def _columns(lake: Lake, name: str) -> pa.Schema:
    """Returns the columns of a table as its stages write them."""
    return lake.schema(name) if schema.TABLES[name].open_ended else schema.TABLES[name].schema


def _number(path: str) -> int:
    """Returns the number of the request that a part was written anew for; 0 for none."""
    marked = path.rpartition("/")[2].removesuffix(".parquet").partition(ANEW)[2]
    return int(marked) if marked else 0


@dataclass(frozen=True)
class _Group:
    """A row group of a part."""

    parquet: pq.ParquetFile
    index: int
    path: str | None  # of a part of `documents`, whose row groups have numbers of their own

    def changes(self, ids: frozenset[str], rows: Rows) -> bool:
        """Returns whether a row goes, or is about a row group of documents that has lost one."""
        if self.path is not None:
            return row_group_number(self.path, self.index) in rows
        names = self.parquet.schema_arrow.names
        if "row_group" in names:
            numbers = self.parquet.read_row_group(self.index, columns=["row_group"])["row_group"]
            return bool(pc.any(pc.is_in(numbers, value_set=pa.array(sorted(rows), pa.int64()))).as_py())
        return bool(len(self._to_go(self._read([name for name in _ID_COLUMNS if name in names]), ids)))

    def without(self, ids: frozenset[str], rows: Rows, arrow: pa.Schema) -> pa.RecordBatch:
        """Returns the rows that stay, with their new places."""
        table = self._read(None)
        gone = self._to_go(table, ids)
        keep = np.ones(len(table), bool)
        keep[gone] = False
        table = table.filter(pa.array(keep)) if len(gone) else table
        if "row_group" in table.column_names and self.path is None:
            table = _moved(table, rows)
        return _batch(table.cast(arrow))

    def _read(self, columns: list[str] | None) -> pa.Table:
        return self.parquet.read_row_group(self.index, columns=columns)

    def _to_go(self, table: pa.Table, ids: frozenset[str]) -> npt.NDArray[np.int64]:
        wanted = pa.array(sorted(ids), pa.string())
        gone = np.zeros(len(table), bool)
        for name in _ID_COLUMNS:
            if name in table.column_names and pa.types.is_string(table.schema.field(name).type):
                gone |= pc.is_in(table[name], value_set=wanted).to_numpy(zero_copy_only=False)
        return np.flatnonzero(gone)


def _moved(table: pa.Table, rows: Mapping[int, npt.NDArray[np.int64]]) -> pa.Table:
    """Moves the places of rows up by the number of documents that went before them."""
    numbers, places = table["row_group"].to_numpy(), table["row"].to_numpy().astype(np.int64)
    for number in np.unique(numbers).tolist():
        if number in rows:
            about = numbers == number
            places[about] -= np.searchsorted(rows[number], places[about])
    index = table.column_names.index("row")
    return table.set_column(index, table.schema.field("row"), pa.array(places.astype(np.int32)))


def _batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)


def delete_unnamed(lake: Lake, gone: Forgotten) -> None:
    """Deletes parts that no current version names and that hold what is forgotten: of a run that was killed, or of
    settings that were replaced. A later run would take them for its own, since their work is done. Earlier forms of
    current parts stay for older versions, until a vacuum: a later run takes the newest form."""
    ids: set[str] = set()
    groups: set[int] = set()
    for path in _unnamed(lake, _LAST):
        found = _ids_in(lake, path, gone)
        if found:
            ids |= found
            n_groups = lake.open_part(_LAST, path).metadata.num_row_groups
            groups |= {row_group_number(path, group) for group in range(n_groups)}
            lake.fs.rm_file(f"{lake.root}/{_LAST}/{path}")

    # What other tables have about them: rows with their ids, or about row groups of a deleted part.
    rows = dict.fromkeys(groups, _NOWHERE)
    tables = [name for name in lake.tables() if name != _LAST] if groups else []
    for name in tables:
        if {*_ID_COLUMNS, "row_group"} & set(lake.schema(name).names):
            for path in _unnamed(lake, name):
                if _is_about(lake.open_part(name, path), frozenset(ids), rows):
                    lake.fs.rm_file(f"{lake.root}/{name}/{path}")


def _ids_in(lake: Lake, path: str, gone: Forgotten) -> set[str]:
    """Returns the ids of the documents of a part that are forgotten."""
    parquet = lake.open_part(_LAST, path)
    groups = (parquet.read_row_group(i, columns=["id", "uri", "text"]) for i in range(parquet.metadata.num_row_groups))
    batches = (batch for table in groups for batch in table.to_batches())
    return {name for batch in batches for name in batch["id"].filter(pa.array(gone.matches(batch))).to_pylist()}


def _is_about(parquet: pq.ParquetFile, ids: frozenset[str], rows: Rows) -> bool:
    return any(_Group(parquet, i, None).changes(ids, rows) for i in range(parquet.metadata.num_row_groups))


def _unnamed(lake: Lake, name: str) -> Iterator[str]:
    """Yields the whole parts of a table that are no form of a current one: their paths below the table."""
    if not lake.fs.exists(f"{lake.root}/{name}"):
        return
    current = {(part.path.rpartition("/")[0], base(part.path)) for part in lake.parts(name)}
    folders = {path.rpartition("/")[0] for path in map(str, lake.fs.find(f"{lake.root}/{name}"))}
    for folder in sorted(folders):
        slot = folder.rpartition(f"/{name}/")[2]
        if "/_delta_log" in folder or folder.endswith(f"/{name}"):
            continue
        for key in sorted(lake.finished(name, slot)):
            if (slot, key) not in current:
                forms = [f"{slot}/{form}.parquet" for form in (key, *lake.forms(name, slot, key))]
                yield from (path for path in forms if lake.fs.exists(f"{lake.root}/{name}/{path}"))


def files_of_older_versions(lake: Lake) -> Iterator[str]:
    """Deletes what only older versions of the tables name, and yields it. The caller has the lake alone."""
    for name in lake.tables(with_records=True):
        yield from (f"{name}/{path}" for path in lake.vacuum(name, dry_run=False))
