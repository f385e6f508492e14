"""The lake: Delta tables of Parquet parts, committed whole, with what made them in every commit.

A stage's workers write parts into `<table>/<slot>/<key>.parquet`, where the key is a hash of what the part is made
from. No reader sees them: a table is what its Delta log names. `commit` makes a slot's parts the table's next
version in one transaction, in place of the slot's parts before. So a killed stage leaves nothing half-written, a
repeated one finds its finished parts, and an unchanged part is never made twice.

Local paths and every URL that fsspec and delta-rs both know (s3://, gs://, az://) work alike.
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

_TRIES = 50  # of a commit that loses to others; each time, one of them got through
_MOST_WAIT_SECONDS = 1.0  # between two tries
_SMALL_PART_BYTES = 64 << 10  # one without rows is smaller


class Lake(Tables):
    """The tables below one path or URL, to be read and written. Opening a lake reads and creates nothing."""

    def make_folder(self, path: str) -> None:
        """Makes a folder below the root, on disk; an object store has none."""
        if self.is_local:
            durable.make_folders(path)

    def damaged(self, table: str, slot: str = "") -> list[Part]:
        """The parts of the newest version that are gone, cut short or of another size than the commit says.

        Local lakes only; a stage with such a part is not current, however its lineage reads.
        """
        if not self.is_local:
            return []
        return [part for part in self.parts(table, slot) if not self._intact(table, part)]

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
        self, table: str, slot: str, key: str, arrow: pa.Schema, *, row_group_per_batch: bool = False, token: str = ""
    ) -> Iterator[PartWriter]:
        """Writes one part; it appears whole when the block ends, and not at all when it raises.

        A part that is there already stays: its key says that it is the same. `token` is that of the run
        (corpus.owner) which the temporary file belongs to; by default this process's.
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

        What is replaced is read from the version that the commit follows: where another process commits first, it is
        read and tried again. A part without rows is left out. Committing what is there under the same key changes
        nothing. Raises RuntimeError for two documents of one id, and for a part with other columns.
        """
        arrow = arrow or schema.table(table).schema
        schema.check(table, arrow)
        if not self.is_local:
            self.fs.invalidate_cache()  # it lists folders as they were before the workers wrote their parts
        made = [part for slot, keys in slots.items() for part in self._new_parts(table, slot, keys, arrow)]
        if self.is_local:
            delta_log.set_aside_torn(self._log(table))
            for slot in slots:  # a part may have got its name from a process that was killed before it could sync this
                with suppress(FileNotFoundError):
                    durable.sync_folder(f"{self.root}/{table}/{slot}")

        version = self._commit(table, set(slots), made, lineage, arrow)
        temporaries.sweep(self.fs, [f"{self.root}/{table}/{slot}" for slot in slots], token)
        return version

    def _commit(self, table: str, slots: set[str], made: list[Part], lineage: Lineage, arrow: pa.Schema) -> int:
        from deltalake.exceptions import DeltaError

        for n_lost in range(_TRIES):
            self._look_again(table)
            before = self.current(table, lineage.slot)  # reads the table anew: `delta` is what the answer was read from
            delta = self._newest.get(table)
            version = delta.version() if delta else -1
            old, others = _divided(parts_of(delta) if delta else [], slots)
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

            self._look_again(table)
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

        Parts without rows stay: no version names them, but they say that their work item is done. Nobody may write the
        lake meanwhile: see `corpus.lease.alone`.
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


def _divided(listed: Iterable[Part], slots: Iterable[str]) -> tuple[list[Part], list[Part]]:
    """(those in one of the slots, the others)"""
    old: list[Part] = []
    others: list[Part] = []
    for part in listed:
        (old if any(within(part.slot, slot) for slot in slots) else others).append(part)
    return old, others
