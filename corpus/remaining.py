"""What earlier stages left of the corpus: the documents that they kept, and texts without what they cut.

A cut is a range of characters of a document as it was ingested, in the table `cuts`. A later stage reads a text in
which each cut character is a line end: what was cut is gone for it, and positions are still those of the document.
`corpus.text.cutting.without` gives the text as it leaves the lake.

`decisions` and `cuts` say where a document stands: the number of its row group of `documents` and its row there. Parts
are sorted by them, and numbers follow the order of the parts' paths. So a work item, which is some row groups in a row,
reads of each part the few row groups that speak of its documents, and not all that was ever decided.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.text.buffers import slices, string_buffers
from corpus.text.cutting import Cuts, blanked

_BATCH_BYTES = 1 << 20
_KEY_DIGITS = 11  # of a part's name, which is a hash
_GROUP_BITS = 16


def row_group_number(part: str, group: int) -> int:
    """The number of a row group of a part of `documents`: it stays when parts come and go, and follows their names.

    44 bits of the part's name and 16 of the row group: 60, so that it is no negative int64. The part's writer refuses
    more than 65,536 row groups, which takes more than 128 GiB of text in one work item.
    """
    name = part.rpartition("/")[2].removesuffix(".parquet")
    try:
        key = int(name[:_KEY_DIGITS].ljust(_KEY_DIGITS, "0"), 16)
    except ValueError:
        key = int(blake2b(name.encode()).hexdigest()[:_KEY_DIGITS], 16)
    if not 0 <= group < 1 << _GROUP_BITS:
        raise RuntimeError(f"part {part} of documents has a row group {group}; numbers go to {(1 << _GROUP_BITS) - 1}")
    return (key << _GROUP_BITS) | group


def check_numbers(parts: Iterable[str]) -> None:
    """Raises RuntimeError where two parts would have the same numbers: one in 10^7 lakes of a thousand parts."""
    seen: dict[int, str] = {}
    for part in parts:
        other = seen.setdefault(row_group_number(part, 0), part)
        if other != part:
            raise RuntimeError(f"parts {other} and {part} of documents have the same number; ingest one of them anew")


class Places:
    """Where the documents of a row group stand, batch after batch: the columns row_group and row."""

    def __init__(self, part: str, group: int) -> None:
        self._number, self._row = row_group_number(part, group), 0

    def next(self, n_rows: int) -> tuple[pa.Array, pa.Array]:
        """(row_group, row) of the next rows."""
        rows = np.arange(self._row, self._row + n_rows, dtype=np.int32)
        self._row += n_rows
        return pa.array(np.full(n_rows, self._number)), pa.array(rows)


@dataclass(frozen=True, slots=True)
class Remaining:
    """What earlier stages left of some row groups."""

    rows: Mapping[int, npt.NDArray[np.int64]] | None  # by row group's number, those kept by all; None: all are
    cuts: pl.DataFrame  # row_group, row, start, end

    def rows_of(self, number: int, n_rows: int) -> npt.NDArray[np.int64]:
        """The rows of a row group that no stage dropped, in order."""
        return np.arange(n_rows) if self.rows is None else self.rows.get(number, np.empty(0, np.int64))


def remaining(lake: Lake, slots: Sequence[str], numbers: Sequence[int]) -> Remaining:
    """What the stages `slots` left of the row groups with these numbers; what one of them did not see is not kept."""
    if slots and "row_group" not in lake.schema("decisions").names:
        raise UserError(f"lake {lake.url} was made by an older version; bring it up to date with the same recipe first")
    stays: npt.NDArray[np.int64] | None = None
    ordered = np.array(sorted(numbers), np.int64)
    for slot in slots:
        kept = _about(lake.scan("decisions", slot=slot).filter("kept"), ordered).select("row_group", "row").collect()
        keys = np.searchsorted(ordered, kept["row_group"].to_numpy()) << 32 | kept["row"].to_numpy().astype(np.int64)
        stays = np.unique(keys) if stays is None else np.intersect1d(stays, keys)
    gone = [
        _about(lake.scan("cuts", slot=slot), ordered).select("row_group", "row", "start", "end")
        for slot in slots
        if lake.parts("cuts", slot)
    ]
    empty = pl.DataFrame(schema=dict.fromkeys(("row_group", "row", "start", "end"), pl.Int64))
    cuts = pl.concat(gone).collect().cast(pl.Int64).sort("row_group", "row", "start") if gone else empty
    if stays is None:
        return Remaining(None, cuts)
    bounds = np.searchsorted(stays, np.arange(len(ordered) + 1) << 32)
    rows = {int(n): stays[bounds[i] : bounds[i + 1]] & 0xFFFFFFFF for i, n in enumerate(ordered)}
    return Remaining(rows, cuts)


def _about(frame: pl.LazyFrame, ordered: npt.NDArray[np.int64]) -> pl.LazyFrame:
    """The rows about some row groups; the range lets the reader pass over what statistics rule out."""
    if not len(ordered):
        return frame.filter(pl.lit(False))
    number = pl.col("row_group")
    return frame.filter(number.is_between(int(ordered[0]), int(ordered[-1])) & number.is_in(ordered.tolist()))


def documents(lake: Lake, what: Remaining, part: str, group: int, columns: Sequence[str]) -> pa.RecordBatch | None:
    """The documents of a row group that are left, their texts blanked where they were cut; None where none is.

    The column `row` tells each one's row in the row group.
    """
    number = row_group_number(part, group)
    rows = lake.open_part("documents", part).read_row_group(group, list(columns)).combine_chunks()
    stays = what.rows_of(number, len(rows))
    rows = rows.append_column("row", pa.array(np.arange(len(rows))))
    rows = rows if len(stays) == len(rows) else rows.take(pa.array(stays))
    if not len(rows):
        return None
    batch: pa.RecordBatch = rows.combine_chunks().to_batches()[0]
    gone = cuts_of(what, number, stays)
    return _with_text(batch, blanked(batch["text"], gone)) if len(gone.document) else batch


def cuts_of(what: Remaining, number: int, rows: npt.NDArray[np.int64]) -> Cuts:
    """The cuts of a row group's documents in these rows, numbered by their place in `rows`."""
    low, high = what.cuts["row_group"].search_sorted(number), what.cuts["row_group"].search_sorted(number + 1)
    frame = what.cuts[low:high]
    row = frame["row"].to_numpy()
    place = np.searchsorted(rows, row)
    here = np.isin(row, rows)
    frame = frame.filter(here)
    return Cuts(place[here], frame["start"].to_numpy(), frame["end"].to_numpy())


def kept_ids(lake: Lake, slots: Sequence[str]) -> pl.LazyFrame:
    """`id` of every document that none of the stages dropped; what one of them did not see is not kept."""
    ids = lake.scan("documents").select("id")
    for slot in slots:
        ids = ids.join(lake.scan("decisions", slot=slot).filter("kept").select("id"), on="id", how="semi")
    return ids


def batches(batch: pa.RecordBatch, n_bytes: int = _BATCH_BYTES) -> Iterator[pa.RecordBatch]:
    """Slices of about `n_bytes` of text, one document at least."""
    offsets, _ = string_buffers(batch["text"])
    for start, end in slices(offsets, n_bytes):
        yield batch.slice(start, end - start)


def _with_text(batch: pa.RecordBatch, text: pa.Array) -> pa.RecordBatch:
    columns: list[Any] = [text if name == "text" else batch[name] for name in batch.schema.names]
    return pa.record_batch(columns, schema=batch.schema)
