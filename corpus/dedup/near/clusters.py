"""Turns candidates into decisions: gathers members by partition, verifies pairs, and keeps one of each cluster.

MembersStep    some parts of signatures      → a run of the connected documents; one cell per partition
ClustersStep   one partition, over all runs  → clusters, pairs near the threshold, decisions
               or some parts of signatures   → decisions on the documents that nothing connects
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpus import schema
from corpus.deciding import decisions
from corpus.dedup import canary
from corpus.dedup.near import tables
from corpus.dedup.near.banding import Banding, buckets
from corpus.dedup.near.candidates import SignaturePart
from corpus.dedup.near.kinds import Verify
from corpus.dedup.near.minhash import Sketch, as_binary, from_binary, shingle_sets, signatures
from corpus.dedup.near.verify import NOTHING, SHINGLES, SIGNATURES, Members, similarities, verify
from corpus.dedup.priority import LAST_ADDRESS, priority
from corpus.dedup.settings import Keep
from corpus.dedup.shuffle import read_cells
from corpus.lake import Lake
from corpus.parts import with_counts
from corpus.remaining import remaining
from corpus.task import WorkItem
from corpus.text.buffers import string_buffers

VERSION = 2  # raise it when the same signatures give other clusters
STAGE = "minhash"
REASON = "minhash.duplicate"
_HOW = {"shingles": SHINGLES, "signatures": SIGNATURES, "none": NOTHING}


@dataclass(frozen=True, slots=True)
class Neighbors:
    """One part of `signatures`, and the parts of other tables with rows about the same documents, in the same order."""

    signatures: str  # path of the part
    base: int  # number of its first document
    rows: int
    documents: str  # path of the part of `documents`
    row_group: int  # index in it
    signals: str  # path of the part of `signals`


@dataclass(frozen=True, slots=True)
class MembersSpec:
    """Spec of a work item: the documents of some parts of `signatures`."""

    parts: tuple[Neighbors, ...]
    canaries: tuple[int, ...]  # numbers of the planted texts that are processed with them


@dataclass(frozen=True, slots=True)
class PartitionSpec:
    """Spec of a work item: one partition, over all runs of members."""

    partition: int


@dataclass(frozen=True, slots=True)
class AloneSpec:
    """Spec of a work item: the documents of some parts of `signatures` that nothing connects."""

    parts: tuple[SignaturePart, ...]


@dataclass(frozen=True, slots=True)
class MembersStep:
    """Gathers the data that checking a pair needs, for the connected documents of some parts."""

    spec_type: ClassVar = MembersSpec
    lake: Lake
    sketch: Sketch
    with_shingles: bool
    quality: str | None  # name of a signal: with keep quality, the copy with the greatest value stays
    n_partitions: int
    n_documents: int

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `minhash_members`: batch number i is partition i."""
        members = [self._part(part) for part in item.spec.parts]
        members += [self._canary(place) for place in item.spec.canaries]
        rows = pa.concat_tables(members)
        order = pc.sort_indices(rows, [("partition", "ascending")])
        rows = rows.take(order)
        bounds = np.searchsorted(rows["partition"].to_numpy(), np.arange(self.n_partitions + 1))
        rows = rows.drop_columns("partition").cast(tables.MINHASH_MEMBERS.schema)
        batch = rows.combine_chunks().to_batches()[0] if len(rows) else pa.RecordBatch.from_pylist([], rows.schema)
        for low, high in itertools.pairwise(bounds):
            yield "minhash_members", batch.slice(low, high - low)

    def _part(self, part: Neighbors) -> pa.Table:
        """Returns the connected documents of one part of signatures."""
        connected = _components(self.lake, part.base, part.rows)
        picked = pa.array(connected["document"].to_numpy() - part.base)
        columns = ["id", "source", "row_group", "row", "n_characters", "signature"]
        rows = self.lake.open_part("signatures", part.signatures).read(columns).take(picked)
        document_columns = ["uri", "text"] if self.with_shingles else ["uri"]
        documents = self.lake.open_part("documents", part.documents).read_row_group(part.row_group, document_columns)
        texts = documents["text"].take(picked) if self.with_shingles else None
        quality = pa.array(np.zeros(len(picked)))
        if self.quality:
            signals = self.lake.open_part("signals", part.signals).read([self.quality])
            quality = signals[self.quality].cast(pa.float64()).take(picked)
        return self._rows(connected, rows, documents["uri"].take(picked), quality, texts)

    def _canary(self, place: int) -> pa.Table:
        connected = _components(self.lake, self.n_documents + place, 1)
        text = canary.texts()[place : place + 1]
        hashes, _ = signatures(text, self.sketch)
        rows = pa.table(
            {"id": [canary.IDS[place]], "source": [""], "row_group": [0], "row": [0], "n_characters": [0],
             "signature": as_binary(hashes)}
        )  # fmt: skip
        return self._rows(connected, rows, pa.array([LAST_ADDRESS]), pa.array([-np.inf]), text)

    def _rows(self, connected: pl.DataFrame, rows: pa.Table, uri: Any, quality: Any, texts: Any) -> pa.Table:
        columns = {
            "component": pa.array(connected["component"].to_numpy()),
            "id": rows["id"].cast(pa.string()),
            "source": rows["source"].cast(pa.string()),
            "row_group": rows["row_group"],
            "row": rows["row"].cast(pa.int32()),
            "uri": uri.cast(pa.string()),
            "n_characters": rows["n_characters"],
            "quality": quality,
            "signature": rows["signature"],
            "shingles": _packed(texts, self.sketch) if texts is not None and self.with_shingles else _empty(len(rows)),
            "partition": pa.array(connected["partition"].to_numpy()),
        }
        return pa.table(columns)


def _components(lake: Lake, base: int, n_rows: int) -> pl.DataFrame:
    rows = lake.scan("minhash_components").filter(pl.col("document").is_between(base, base + n_rows - 1))
    return rows.collect().sort("document")


def _packed(texts: pa.Array | pa.ChunkedArray, sketch: Sketch) -> pa.Array:
    sets, offsets = shingle_sets(texts.cast(pa.large_string()), sketch)
    return pa.Array.from_buffers(
        pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(8 * offsets), pa.py_buffer(sets)]
    )


def _empty(n_rows: int) -> pa.Array:
    return pa.array([b""] * n_rows, pa.large_binary())


@dataclass(frozen=True, slots=True)
class ClustersStep:
    """Clusters and decisions of one partition, or decisions on documents that nothing connects."""

    spec_type: ClassVar = PartitionSpec | AloneSpec
    lake: Lake
    banding: Banding
    sketch: Sketch
    verify: Verify
    keep: Keep
    sources: tuple[str, ...]
    slots: tuple[str, ...]

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `duplicates`, `pairs` and `decisions`."""
        spec = item.spec
        if isinstance(spec, AloneSpec):
            yield "decisions", schema.batch("decisions", self._alone(spec.parts))
            return
        frames, n_unlinked = self._partition(spec.partition)
        for table, frame in frames.items():
            batch = schema.batch(table, frame)
            yield table, with_counts(batch, unlinked=n_unlinked) if n_unlinked and table == "decisions" else batch

    def _partition(self, partition: int) -> tuple[dict[str, pl.DataFrame], int]:
        """Returns (rows by table, number of unlinked documents).

        Unlinked documents are in a large bucket, were compared with 1,000 leaders, and are like none of them.
        """
        rows = read_cells(self.lake, "minhash_members", [partition]).sort_by(
            [("component", "ascending"), ("id", "ascending")]
        )
        members = as_members(rows, self.sketch, self.banding)
        clusters = verify(members, _HOW[self.verify], self.banding.threshold)
        frame = pl.from_arrow(rows.drop_columns(["component", "signature", "shingles"]))
        assert isinstance(frame, pl.DataFrame)
        root = _checked(frame["id"], clusters.root)
        frame = frame.with_columns(root=root, member=np.arange(len(rows)))

        order = frame.select("root", **priority(self.keep, self.sources))
        best = (
            frame.select("member").with_columns(order).sort(list(order.columns)).group_by("root", maintain_order=True)
        )
        frame = frame.join(best.agg(stays=pl.col("member").first(), n=pl.len()), on="root", how="left")

        ids = frame["id"]
        frame = frame.with_columns(
            cluster=ids.gather(frame["root"]), representative=ids.gather(frame["stays"]),
            similarity=similarities(members, _HOW[self.verify], frame["stays"].to_numpy().astype(np.int64)),
        ).sort("member")  # fmt: skip
        pairs = _pairs(ids, clusters.left, clusters.right, clusters.similarity, self.banding.threshold)

        real = ~pl.col("id").is_in(canary.IDS)
        duplicates = frame.filter((pl.col("n") > 1) & real)
        duplicates = duplicates.with_columns(stage=pl.lit(STAGE))
        columns = ["id", "source", "stage", "cluster", "representative", "similarity"]
        by_table = {
            "decisions": self._decisions(frame.filter(real).sort("row_group", "row")),
            "duplicates": duplicates.select(columns),
            "pairs": pairs,
        }
        return by_table, clusters.n_unlinked

    def _alone(self, parts: tuple[SignaturePart, ...]) -> pl.DataFrame:
        frames = []
        remains = remaining(self.lake, self.slots, [part.row_group for part in parts])
        for path, base, n_rows, number in parts:
            columns = ["id", "source", "row_group", "row"]
            frame = pl.from_arrow(self.lake.open_part("signatures", path).read(columns))
            assert isinstance(frame, pl.DataFrame)
            connected = _components(self.lake, base, n_rows)["document"].to_numpy() - base
            stays = np.setdiff1d(remains.rows_of(number, n_rows), connected, assume_unique=True)
            frames.append(frame[stays].with_columns(representative="id", similarity=1.0))
        return self._decisions(pl.concat(frames))

    def _decisions(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Returns the decisions. A document is kept if it represents its cluster or is in no cluster."""
        stays = pl.col("id") == pl.col("representative")
        threshold = pl.lit(self.banding.threshold, pl.Float64)
        return decisions(frame.with_columns(kept=stays, value="similarity", limit=threshold), STAGE, REASON)


def as_members(rows: pa.Table, sketch: Sketch, banding: Banding) -> Members:
    """Converts rows of `minhash_members`, sorted by component and id, to the arrays for the kernels."""
    component = rows["component"].to_numpy()
    hashes = from_binary(rows["signature"], sketch.n_hashes)
    offsets, data = string_buffers(rows["shingles"])
    sets = np.frombuffer(data[offsets[0] : offsets[-1]].tobytes(), np.uint64)
    bounds = np.flatnonzero(np.r_[True, component[1:] != component[:-1], True]) if len(component) else np.zeros(1, int)
    return Members(bounds, buckets(hashes, banding), hashes, sets, (offsets - offsets[0]) // 8)


def _checked(ids: pl.Series, root: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns the clusters without the canaries.

    Raises `CanaryLostError` if the canaries are not in one cluster.
    """
    places = [place for name in canary.IDS if (place := ids.index_of(name)) is not None]
    if not places:
        return root
    if len(places) != len(canary.IDS) or root[places[0]] != root[places[1]]:
        raise canary.CanaryLostError(STAGE, tables.INTERMEDIATE)
    root = root.copy()
    together = [i for i in np.flatnonzero(root == root[places[0]]) if i not in places]
    root[together] = together[:1] * len(together)  # texts that resemble the canaries stay one cluster
    root[places] = places[0]
    return root


def _pairs(ids: pl.Series, left: Any, right: Any, similarity: Any, threshold: float) -> pl.DataFrame:
    frame = pl.DataFrame({"left": ids.gather(left), "right": ids.gather(right), "similarity": similarity})
    frame = frame.filter(~pl.col("left").is_in(canary.IDS) & ~pl.col("right").is_in(canary.IDS))
    return frame.with_columns(merged=pl.col("similarity") >= threshold).sort("left", "right")
