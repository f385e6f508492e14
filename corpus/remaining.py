"""What earlier stages left of the corpus: the documents that they kept, and texts without what they cut.

A cut is a range of characters of a document as it was ingested, in the table `cuts`. A later stage reads a text in
which each cut character is a line end: what was cut is gone for it, and positions are still those of the document.
`corpus.text.cutting.without` gives the text as it leaves the lake.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpus.lake import Lake
from corpus.text.buffers import slices, string_buffers
from corpus.text.cutting import Cuts, blanked

_BATCH_BYTES = 1 << 20


def kept(lake: Lake, slots: Sequence[str], ids: pl.Series) -> npt.NDArray[np.bool_]:
    """Which of some documents no earlier stage dropped: bool (D,). Reads the id column of each stage's decisions."""
    stays = np.ones(len(ids), np.bool_)
    wanted = ids.to_frame("id").lazy()
    for slot in slots:
        decided = lake.scan("decisions", slot=slot).filter("kept").select("id")
        stays &= ids.is_in(
            decided.join(wanted, on="id", how="semi").collect(engine="streaming")["id"].implode()
        ).to_numpy()
    return stays


def kept_ids(lake: Lake, slots: Sequence[str]) -> pl.LazyFrame:
    """`id` of every document that none of the stages dropped; what one of them did not see is not kept."""
    ids = lake.scan("documents").select("id")
    for slot in slots:
        ids = ids.join(lake.scan("decisions", slot=slot).filter("kept").select("id"), on="id", how="semi")
    return ids


def cuts(lake: Lake, slots: Sequence[str], ids: pl.Series) -> Cuts:
    """What the stages `slots` cut out of some documents; rows are places in `ids`."""
    rows = ids.to_frame("id").with_row_index("document")
    found = [
        lake.scan("cuts", slot=slot).select("id", "start", "end").join(rows.lazy(), on="id", how="inner")
        for slot in slots
        if lake.parts("cuts", slot)
    ]
    if not found:
        return Cuts(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    frame = pl.concat(found).collect(engine="streaming").sort("document", "start", "end")
    return Cuts(*(frame[name].cast(pl.Int64).to_numpy() for name in Cuts._fields))


def row_group(lake: Lake, part: str, group: int, columns: Sequence[str], slots: Sequence[str]) -> pa.RecordBatch | None:
    """The documents of a row group that no stage dropped, their texts blanked where one cut; None where none stays.

    A column `row` tells each one's row in the row group.
    """
    rows = lake.open_part("documents", part).read_row_group(group, list(columns)).combine_chunks()
    stays = np.flatnonzero(kept(lake, slots, pl.Series(rows["id"])))
    rows = rows.append_column("row", pa.array(np.arange(len(rows))))
    rows = rows if len(stays) == len(rows) else rows.take(pa.array(stays))
    if not len(rows):
        return None
    batch: pa.RecordBatch = rows.combine_chunks().to_batches()[0]
    gone = cuts(lake, slots, pl.Series(batch["id"]))
    return _with_text(batch, blanked(batch["text"], gone)) if len(gone.document) else batch


def batches(batch: pa.RecordBatch, n_bytes: int = _BATCH_BYTES) -> Iterator[pa.RecordBatch]:
    """Slices of about `n_bytes` of text, one document at least."""
    offsets, _ = string_buffers(batch["text"])
    for start, end in slices(offsets, n_bytes):
        yield batch.slice(start, end - start)


def _with_text(batch: pa.RecordBatch, text: pa.Array) -> pa.RecordBatch:
    columns: list[Any] = [text if name == "text" else batch[name] for name in batch.schema.names]
    return pa.record_batch(columns, schema=batch.schema)
