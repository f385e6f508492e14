"""The lake: Delta tables of Parquet parts. Each commit is whole and records what made it.

A stage's workers write parts into `<table>/<slot>/<key>.parquet`. The key is a hash of what the part is made from. No
reader sees these parts yet, because a table consists of the parts that its Delta log names. `commit` makes a slot's
parts the table's next version in one transaction, and they replace the previous parts of the slot. So a killed stage
leaves nothing half-written, a repeated stage finds its finished parts, and an unchanged part is never made twice.

Local paths and every URL that both fsspec and delta-rs know (s3://, gs://, az://) work alike.
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from corpus import delta_log, durable, owner, parts, schema, temporaries, transaction, uniqueness
from corpus.lineage import Commit, Lineage
from corpus.parts import Part, PartWriter
from corpus.tables import Tables, parts_of, within

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["Commit", "Lake", "Lineage", "Part", "PartWriter"]

WORKING = ".pomona"  # below a lake: leases, and what stages are at work on
_TRIES = 50  # of a commit that loses to other processes; each time, one of them succeeds
_MOST_WAIT_SECONDS = 1.0  # longest wait between two tries
_SMALL_PART_BYTES = 64 << 10  # a part without rows is smaller


class Lake(Tables):
    """The tables below one path or URL, for reading and writing. Opening a lake reads and creates nothing."""

    def make_folder(self, path: str) -> None:
        """Creates a folder below the root, on disk. Does nothing in an object store, which has no folders."""
        if self.is_local:
            durable.make_folders(path)

    def damaged(self, table: str, slot: str = "") -> list[Part]:
        """Returns the parts of the newest version that are missing, cut short or not of the size that the commit says.

        Works for local lakes only. A stage with such a part is not current, whatever its lineage says.
        """
        if not self.is_local:
            return []
        return [part for part in self.parts(table, slot) if not self._intact(table, part)]

    def finished(self, table: str, slot: str) -> set[str]:
        """Returns the keys of the whole parts in a slot, committed or not."""
        folder = f"{self.root}/{table}/{slot}"
        self.fs.invalidate_cache()
        try:
            infos = self.fs.ls(folder, detail=True)
        except FileNotFoundError:
            return set()
        whole = (info["name"] for info in infos if info["name"].endswith(".parquet") and self._is_whole(info))
        return {parts.base(path) for path in whole}

    @contextmanager
    def part_writer(
        self, table: str, slot: str, key: str, arrow: pa.Schema, *, row_group_per_batch: bool = False, token: str = ""
    ) -> Iterator[PartWriter]:
        """Writes one part. It appears whole when the block ends, and not at all if the block raises.

        A part that exists already stays, because the same key means the same content. `token` is the token of the run
        (corpus.owner) that the temporary file belongs to; by default, a token of this process.
        """
        schema.check(table, arrow)
        folder = f"{self.root}/{table}/{slot}"
        self.make_folder(folder)
        temporary = f"{folder}/{temporaries.name(key, token or owner.new_token())}"

        try:
            with self.fs.open(temporary, "wb") as file:
                writer = PartWriter(file, table, arrow, row_group_per_batch=row_group_per_batch)
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

        The parts to replace are read from the version that the commit follows. If another process commits first, they
        are read again, and the commit is tried again. A part without rows is left out. If the same parts are already
        committed under the same lineage key, nothing changes. Raises RuntimeError for two documents with one id, and
        for a part with other columns.
        """
        arrow = arrow or schema.table(table).schema
        schema.check(table, arrow)
        if not self.is_local:
            self.fs.invalidate_cache()  # its listings are from before the workers wrote their parts

        new = [part for slot, keys in slots.items() for part in self._new_parts(table, slot, keys, arrow)]
        if self.is_local:
            delta_log.set_aside_torn(self._log(table))
            for slot in slots:  # a process may have named a part here and been killed before it synced the folder
                with suppress(FileNotFoundError):
                    durable.sync_folder(f"{self.root}/{table}/{slot}")

        version = self._commit(table, set(slots), new, lineage, arrow)
        temporaries.sweep(self.fs, [f"{self.root}/{table}/{slot}" for slot in slots], token)
        return version

    def _commit(self, table: str, slots: set[str], new: list[Part], lineage: Lineage, arrow: pa.Schema) -> int:
        from deltalake.exceptions import DeltaError

        for n_lost in range(_TRIES):
            self._look_again(table)
            before = self.current(table, lineage.slot)  # reads the table again; `delta` is the version that it read
            delta = self._newest.get(table)
            version = delta.version() if delta else -1
            old, others = _divided(parts_of(delta) if delta else [], slots)
            if delta and before and before.key == lineage.key and set(new) == set(old):
                return version
            self._check_unique(table, others, new)

            try:
                self._transact(table, delta, old, others, new, lineage, arrow)
            except DeltaError:
                self._forget(table)
                if (self._delta(table).version() if self.exists(table) else -1) <= version:
                    raise  # no other process was faster, so this is another error
                time.sleep(random.uniform(0, min(_MOST_WAIT_SECONDS, 0.01 * 2**n_lost)))
                continue

            self._look_again(table)
            if self.is_local:
                delta_log.sync(self._log(table), version + 1)
            return version + 1
        raise RuntimeError(f"table {table!r}: {_TRIES} commits in a row lost to other processes; run the command again")

    def _transact(
        self,
        table: str,
        delta: "DeltaTable | None",
        old: list[Part],
        others: list[Part],
        new: list[Part],
        lineage: Lineage,
        arrow: pa.Schema,
    ) -> None:
        if delta is None:
            if self.is_local:
                durable.make_folders(f"{self.root}/{table}")
            transaction.create(f"{self.url}/{table}", self.storage_options, new, lineage, arrow)
        elif pa.schema(delta.schema().to_arrow()).names == arrow.names:
            transaction.replace(delta, old, new, lineage, arrow)
        else:  # a new signal, or a newer Pomona: each stage makes its parts again
            lost = sorted({part.slot for part in others})
            transaction.replace_all(delta, lost, new, lineage, arrow)

    def _check_unique(self, table: str, others: list[Part], new: list[Part]) -> None:
        column, n_rows = schema.TABLES[table].unique, sum(part.n_rows for part in [*others, *new])
        if column is not None and new and n_rows <= uniqueness.MAX_ROWS:
            uniqueness.check(column, lambda path: self.open_part(table, path), [p.path for p in [*others, *new]])

    def _new_parts(self, table: str, slot: str, keys: Iterable[str], arrow: pa.Schema) -> Iterator[Part]:
        anew = self._anew(table, slot)
        for key in keys:
            path = f"{slot}/{anew.get(key, key)}.parquet"
            footer = self.open_part(table, path)
            if footer.schema_arrow.names != arrow.names:
                raise RuntimeError(
                    f"part {path} of {table} has the columns {', '.join(footer.schema_arrow.names)}, the table takes "
                    f"{', '.join(arrow.names)}: its stage changed but its version did not; raise the version"
                )
            if footer.metadata.num_rows:
                yield Part(path, footer.metadata.num_rows, int(self.fs.size(f"{self.root}/{table}/{path}")))

    def forms(self, table: str, slot: str, key: str) -> list[str]:
        """Returns the names of a part that was written anew without some rows, the newest last."""
        return [name for name in self._marked(table, slot) if parts.base(name) == key]

    def _anew(self, table: str, slot: str) -> dict[str, str]:
        """Returns the newest name of each part of a slot that was written anew without some rows, by its key."""
        return {parts.base(name): name for name in self._marked(table, slot)} if self.exists("tombstones") else {}

    def _marked(self, table: str, slot: str) -> list[str]:
        try:
            listed = self.fs.ls(f"{self.root}/{table}/{slot}", detail=False)
        except FileNotFoundError:
            return []
        names = [path.rpartition("/")[2].removesuffix(".parquet") for path in map(str, listed)]
        marked = [name for name in names if parts.ANEW in name and not name.startswith(".")]
        return sorted(marked, key=lambda name: int(name.partition(parts.ANEW)[2]))

    def _publish(self, temporary: str, target: str) -> None:
        """Gives a finished part its name. A whole part that has the name stays, because readers may have it open."""
        if not self.is_local:
            self.fs.mv(temporary, target)
        elif parts.is_whole(target):
            self.fs.rm_file(temporary)
        else:
            durable.publish(temporary, target)

    def vacuum(self, table: str, *, dry_run: bool = True) -> list[str]:
        """Deletes the files that no current version names, and with them older versions; returns their paths.

        Parts without rows stay: no version names them, but they show that their work item is done. No other process may
        write the lake meanwhile: see `corpus.lease.alone`.
        """
        listed = self._delta(table).vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=True)
        there = (path for path in listed if self.fs.exists(f"{self.root}/{table}/{path}"))  # some were deleted before
        unnamed = [path for path in there if not self._is_empty(table, path)]
        for path in () if dry_run else unnamed:
            self.fs.rm_file(f"{self.root}/{table}/{path}")
        return unnamed

    def _is_empty(self, table: str, path: str) -> bool:
        """Returns whether a file is a whole part without rows."""
        full = f"{self.root}/{table}/{path}"
        if not path.endswith(".parquet") or self.fs.size(full) > _SMALL_PART_BYTES:
            return False
        return bool(self._is_whole(self.fs.info(full)) and self._open(full).metadata.num_rows == 0)

    def _is_whole(self, info: Mapping[str, Any]) -> bool:
        """Returns whether a part is whole, given its entry in the folder's listing.

        In an object store, a part is whole if it has at least one byte.
        """
        return parts.is_whole(info["name"]) if self.is_local else bool(info["size"])

    def _intact(self, table: str, part: Part) -> bool:
        path = f"{self.root}/{table}/{part.path}"
        return parts.is_whole(path) and self.fs.size(path) == part.n_bytes


def _divided(listed: Iterable[Part], slots: Iterable[str]) -> tuple[list[Part], list[Part]]:
    """Returns (the parts in one of the slots, the other parts)."""
    old: list[Part] = []
    others: list[Part] = []
    for part in listed:
        (old if any(within(part.slot, slot) for slot in slots) else others).append(part)
    return old, others
