"""What earlier stages left of the corpus: the documents that they kept, and the texts without the cuts.

A cut is a range of characters of a document as it was ingested, in the table `cuts`. A later stage reads a text in
which each cut character is a line end. So it does not see what was cut, and positions are still those of the document.
`exported` returns the text as it is exported from the lake.

`decisions` and `cuts` hold the place of a document: the number of its row group in `documents`, and its row there.
Parts are sorted by place, and the numbers follow the order of the parts' paths. A work item is some consecutive row
groups. So it reads only the few row groups of each part that are about its documents, and not all that was ever
decided.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpus.errors import UserError
from corpus.forgetting.journal import require_none
from corpus.lake import Lake
from corpus.text.buffers import slices, string_buffers

if TYPE_CHECKING:
    from corpus.text.cutting import Cuts

_BATCH_BYTES = 1 << 20
_KEY_DIGITS = 11  # of a part's name, which is a hash
_GROUP_BITS = 16


def row_group_number(part: str, group: int) -> int:
    """Returns the number of a row group of a part of `documents`.

    The number stays the same when other parts are added or removed, and it follows the parts' names. It has 44 bits of
    the part's name and 16 bits of the row group. These are 60 bits, so the number is never a negative int64. The part's
    writer refuses more than 65,536 row groups, which takes more than 128 GiB of text in one work item.
    """
    name = part.rpartition("/")[2].removesuffix(".parquet")
    try:
        key = int(name[:_KEY_DIGITS].ljust(_KEY_DIGITS, "0"), 16)
    except ValueError:
        key = int(blake2b(name.encode()).hexdigest()[:_KEY_DIGITS], 16)
    if not 0 <= group < 1 << _GROUP_BITS:
        raise RuntimeError(f"part {part} of documents has row group {group}; the highest is {(1 << _GROUP_BITS) - 1}")
    return (key << _GROUP_BITS) | group


def check_numbers(parts: Iterable[str]) -> None:
    """Raises RuntimeError if two parts have the same numbers. This happens in one of 10^7 lakes of a thousand parts."""
    seen: dict[int, str] = {}
    for part in parts:
        other = seen.setdefault(row_group_number(part, 0), part)
        if other != part:
            raise RuntimeError(f"parts {other} and {part} of documents have the same number; ingest one of them again")


class Places:
    """Places of a row group's documents, batch after batch: the columns row_group and row."""

    def __init__(self, part: str, group: int) -> None:
        self._number, self._row = row_group_number(part, group), 0

    def next(self, n_rows: int) -> tuple[pa.Array, pa.Array]:
        """Returns (row_group, row) of the next rows."""
        rows = np.arange(self._row, self._row + n_rows, dtype=np.int32)
        self._row += n_rows
        return pa.array(np.full(n_rows, self._number)), pa.array(rows)


@dataclass(frozen=True, slots=True)
class Remaining:
    """What earlier stages left of some row groups."""

    rows: Mapping[int, npt.NDArray[np.int64]] | None  # kept by all stages, by row group number; None: all rows
    cuts: pl.DataFrame  # row_group, row, start, end

    def rows_of(self, number: int, n_rows: int) -> npt.NDArray[np.int64]:
        """Returns the rows of a row group that no stage dropped, in order."""
        return np.arange(n_rows) if self.rows is None else self.rows.get(number, np.empty(0, np.int64))


def remaining(lake: Lake, slots: Sequence[str], numbers: Sequence[int]) -> Remaining:
    """Returns what the stages `slots` left of the row groups with these numbers.

    A document that one of the stages did not see is not kept.
    """
    require_none(lake)
    if slots and "row_group" not in lake.schema("decisions").names:
        raise UserError(f"lake {lake.url} was made by an older version; first bring it up to date with the same recipe")

    kept_keys: npt.NDArray[np.int64] | None = None  # index in `ordered` << 32 | row
    ordered = np.array(sorted(numbers), np.int64)
    for slot in slots:
        kept = _about(lake.scan("decisions", slot=slot).filter("kept"), ordered).select("row_group", "row").collect()
        keys = np.searchsorted(ordered, kept["row_group"].to_numpy()) << 32 | kept["row"].to_numpy().astype(np.int64)
        kept_keys = np.unique(keys) if kept_keys is None else np.intersect1d(kept_keys, keys)

    cut_frames = [
        _about(lake.scan("cuts", slot=slot), ordered).select("row_group", "row", "start", "end")
        for slot in slots
        if lake.parts("cuts", slot)
    ]
    empty = pl.DataFrame(schema=dict.fromkeys(("row_group", "row", "start", "end"), pl.Int64))
    cuts = pl.concat(cut_frames).collect().cast(pl.Int64).sort("row_group", "row", "start") if cut_frames else empty
    if kept_keys is None:
        return Remaining(None, cuts)

    bounds = np.searchsorted(kept_keys, np.arange(len(ordered) + 1) << 32)
    rows = {int(n): kept_keys[bounds[i] : bounds[i + 1]] & 0xFFFFFFFF for i, n in enumerate(ordered)}
    return Remaining(rows, cuts)


def _about(frame: pl.LazyFrame, ordered: npt.NDArray[np.int64]) -> pl.LazyFrame:
    """Returns the rows about some row groups. The range lets the reader skip what statistics rule out."""
    if not len(ordered):
        return frame.filter(pl.lit(False))
    number = pl.col("row_group")
    return frame.filter(number.is_between(int(ordered[0]), int(ordered[-1])) & number.is_in(ordered.tolist()))


def documents(lake: Lake, remains: Remaining, part: str, group: int, columns: Sequence[str]) -> pa.RecordBatch | None:
    """Returns the documents of a row group that are left, with line ends in place of cuts; None if none are left.

    The column `row` holds each document's row in the row group.
    """
    number = row_group_number(part, group)
    rows = lake.open_part("documents", part).read_row_group(group, list(columns)).combine_chunks()
    kept_rows = remains.rows_of(number, len(rows))
    rows = rows.append_column("row", pa.array(np.arange(len(rows))))
    rows = rows if len(kept_rows) == len(rows) else rows.take(pa.array(kept_rows))
    if not len(rows):
        return None
    batch: pa.RecordBatch = rows.combine_chunks().to_batches()[0]
    cuts = cuts_of(remains, number, kept_rows)
    if not len(cuts.document):
        return batch
    from corpus.text.cutting import blanked  # here and below, since it loads a compiler

    return _with_text(batch, blanked(batch["text"], cuts))


def exported(lake: Lake, remains: Remaining, part: str, group: int, columns: Sequence[str]) -> pl.DataFrame:
    """Returns the documents of a row group that are left, in order, with texts that do not have what was cut."""
    number = row_group_number(part, group)
    rows = pl.from_arrow(lake.open_part("documents", part).read_row_group(group, list(columns) or ["id"]))
    assert isinstance(rows, pl.DataFrame)
    kept_rows = remains.rows_of(number, len(rows))
    rows = rows if len(kept_rows) == len(rows) else rows[kept_rows]
    cuts = cuts_of(remains, number, kept_rows)
    if "text" in columns and len(cuts.document):
        from corpus.text.cutting import without

        rows = rows.with_columns(text=pl.Series(without(rows["text"].to_arrow(), cuts)))
    return rows


def cuts_of(remains: Remaining, number: int, rows: npt.NDArray[np.int64]) -> "Cuts":
    """Returns the cuts of a row group's documents in these rows, numbered by their position in `rows`."""
    from corpus.text.cutting import Cuts

    low, high = remains.cuts["row_group"].search_sorted(number), remains.cuts["row_group"].search_sorted(number + 1)
    frame = remains.cuts[low:high]
    row = frame["row"].to_numpy()
    position = np.searchsorted(rows, row)
    is_in_rows = np.isin(row, rows)
    frame = frame.filter(is_in_rows)
    return Cuts(position[is_in_rows], frame["start"].to_numpy(), frame["end"].to_numpy())


def kept_ids(lake: Lake, slots: Sequence[str]) -> pl.LazyFrame:
    """Returns the `id` of every document that none of the stages dropped.

    A document that one of the stages did not see is not kept.
    """
    ids = lake.scan("documents").select("id")
    for slot in slots:
        ids = ids.join(lake.scan("decisions", slot=slot).filter("kept").select("id"), on="id", how="semi")
    return ids


def batches(batch: pa.RecordBatch, n_bytes: int = _BATCH_BYTES) -> Iterator[pa.RecordBatch]:
    """Yields slices of about `n_bytes` of text, with at least one document each."""
    offsets, _ = string_buffers(batch["text"])
    for start, end in slices(offsets, n_bytes):
        yield batch.slice(start, end - start)


def _with_text(batch: pa.RecordBatch, text: pa.Array) -> pa.RecordBatch:
    columns: list[Any] = [text if name == "text" else batch[name] for name in batch.schema.names]
    return pa.record_batch(columns, schema=batch.schema)
