"""Turns texts into candidates: signatures, buckets, and the documents that buckets connect.

  SignaturesStep   a row group of documents   → signatures, for every document, once
  BandsStep        some parts of signatures   → a sorted run of (bucket, document); a cell per band and range of buckets
  EdgesStep        some cells of all runs     → (least document of a bucket, each other document of it)
  ComponentsStep   all edges                  → union-find: each connected document's component, and its partition

A component has the documents that candidate pairs connect. Pairs are verified inside their component
(corpus.dedup.near.clusters), so all data that a verification needs is in one partition. Documents are numbered by their
row over the parts of `signatures`.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from corpus.dedup import canary
from corpus.dedup.near import tables
from corpus.dedup.near.banding import Banding, buckets
from corpus.dedup.near.minhash import Sketch, as_binary, from_binary, signatures
from corpus.dedup.shuffle import cell_bounds, read_cells, sorting
from corpus.lake import Lake
from corpus.remaining import Places, remaining
from corpus.row_groups import RowGroup
from corpus.task import All, WorkItem

_BATCH_ROWS = 1 << 16
_TEXT_BATCH_ROWS = 4096


class SignaturePart(NamedTuple):
    """A part of `signatures`: the rows about one row group of `documents`, in the same order."""

    path: str
    base: int  # number of its first document
    n_rows: int
    row_group: int  # number of the row group (corpus.remaining)


@dataclass(frozen=True, slots=True)
class BandsSpec:
    """Spec of a work item: some parts of `signatures`."""

    parts: tuple[SignaturePart, ...]
    canaries: tuple[int, ...]  # numbers of the planted texts that are processed with them


@dataclass(frozen=True, slots=True)
class CellsSpec:
    """Spec of a work item: some consecutive cells of all runs."""

    cells: tuple[int, int]  # first cell, and the cell after the last


@dataclass(frozen=True, slots=True)
class SignaturesStep:
    """Signatures of the documents in one row group of one part."""

    spec_type: ClassVar = RowGroup
    lake: Lake
    sketch: Sketch

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `signatures`, in the order of the documents."""
        parquet = self.lake.open_part("documents", item.spec.part)
        groups, columns = [item.spec.row_group], ["id", "source", "text"]
        places = Places(item.spec.part, item.spec.row_group)
        for batch in parquet.iter_batches(_TEXT_BATCH_ROWS, row_groups=groups, columns=columns):
            hashes, counts = signatures(batch["text"], self.sketch)
            lengths = pc.utf8_length(batch["text"]).cast(pa.int64())
            who = [batch["id"].cast(pa.string()), batch["source"].cast(pa.string()), *places.next(len(batch))]
            rows = [*who, lengths, pa.array(counts), as_binary(hashes)]
            yield "signatures", pa.record_batch(rows, schema=tables.SIGNATURES.schema)


@dataclass(frozen=True, slots=True)
class BandsStep:
    """The buckets of some documents, sorted within each band and cut into ranges."""

    spec_type: ClassVar = BandsSpec
    lake: Lake
    banding: Banding
    sketch: Sketch
    slots: tuple[str, ...]
    n_ranges: int
    n_documents: int

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yields rows of `minhash_bands`: batch number band x n_ranges + range is the cell of this band and range."""
        hashes, documents = [], []
        remains = remaining(self.lake, self.slots, [part.row_group for part in item.spec.parts])
        for path, base, n_rows, number in item.spec.parts:
            part = self.lake.open_part("signatures", path).read(["n_shingles", "signature"])
            stays = remains.rows_of(number, n_rows)
            stays = stays[part["n_shingles"].to_numpy()[stays] > 0]
            entries = from_binary(part["signature"], self.sketch.n_hashes)[stays]
            hashes.append(buckets(entries, self.banding))
            documents.append(base + stays)

        for place in item.spec.canaries:
            entries, _ = signatures(canary.texts()[place : place + 1], self.sketch)
            hashes.append(buckets(entries, self.banding))
            documents.append(np.array([self.n_documents + place]))

        all_buckets, numbers = np.concatenate(hashes, axis=1), np.concatenate(documents)
        arrow = tables.MINHASH_BANDS.schema
        for band in all_buckets:
            order = sorting(band)
            ordered, rows = band[order], numbers[order]
            bounds = cell_bounds(ordered, self.n_ranges)
            for low, high in itertools.pairwise(bounds):
                columns = [pa.array(ordered[low:high].view(np.int64)), pa.array(rows[low:high])]
                yield "minhash_bands", pa.record_batch(columns, schema=arrow)


@dataclass(frozen=True, slots=True)
class EdgesStep:
    """Finds the documents that the buckets of some cells connect."""

    spec_type: ClassVar = CellsSpec
    lake: Lake

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `minhash_edges`."""
        arrow = tables.MINHASH_EDGES.schema
        for cell in range(*item.spec.cells):
            rows = read_cells(self.lake, "minhash_bands", [cell])
            bucket, document = rows["bucket"].to_numpy(), rows["document"].to_numpy()
            order = np.argsort(bucket, kind="stable")  # merges the runs, which are sorted
            first, other = _stars(bucket[order], document[order])
            yield "minhash_edges", pa.record_batch([pa.array(first), pa.array(other)], schema=arrow)


@njit(cache=True, nogil=True)
def _stars(bucket, document):
    """Returns (first, other): each bucket's least document, with each of its other documents."""
    n_edges = 0
    for i in range(1, bucket.size):
        n_edges += bucket[i] == bucket[i - 1]
    first, other = np.empty(n_edges, np.int64), np.empty(n_edges, np.int64)
    edge, start = 0, 0
    while start < bucket.size:
        end, least = start + 1, document[start]
        while end < bucket.size and bucket[end] == bucket[start]:
            least = min(least, document[end])
            end += 1
        for i in range(start, end):
            if document[i] != least:
                first[edge], other[edge] = least, document[i]
                edge += 1
        start = end
    return first, other


@dataclass(frozen=True, slots=True)
class ComponentsStep:
    """Does union-find over all edges. It holds 4 or 8 bytes per document, independent of the texts."""

    spec_type: ClassVar = All
    lake: Lake
    n_documents: int
    bytes_per_shingle: int  # in a partition
    bytes_per_document: int
    partition_bytes: int

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `minhash_components`, sorted by document."""
        n_nodes = self.n_documents + len(canary.IDS)
        parent = np.arange(n_nodes, dtype=np.int32 if n_nodes < 1 << 31 else np.int64)
        for part in self.lake.parts("minhash_edges"):
            for batch in self.lake.open_part("minhash_edges", part).iter_batches():
                unite_all(parent, batch["first"].to_numpy(), batch["document"].to_numpy())
        if find(parent, self.n_documents) != find(parent, self.n_documents + 1):
            raise canary.CanaryLostError("minhash", tables.INTERMEDIATE)

        flatten(parent)
        members = _connected(parent)
        roots = parent[members]
        distinct, place = np.unique(roots, return_inverse=True)
        sizes = np.bincount(place, self._sizes(members), len(distinct))
        before = np.cumsum(sizes) - sizes
        partition = np.unique(before // self.partition_bytes, return_inverse=True)[1].astype(np.int64)

        arrow = tables.MINHASH_COMPONENTS.schema
        for i in range(0, len(members), _BATCH_ROWS):
            rows = slice(i, i + _BATCH_ROWS)
            columns = [members[rows].astype(np.int64), roots[rows].astype(np.int64), partition[place[rows]]]
            yield "minhash_components", pa.record_batch([pa.array(c) for c in columns], schema=arrow)

    def _sizes(self, members: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Returns the bytes that each document takes in its partition. Reads the parts one by one, in their order."""
        sizes, base = np.full(len(members), float(self.bytes_per_document)), 0
        if not self.bytes_per_shingle:
            return sizes
        for part in self.lake.parts("signatures"):
            low, high = np.searchsorted(members, [base, base + part.n_rows])
            if high > low:
                counts = self.lake.open_part("signatures", part).read(["n_shingles"])["n_shingles"].to_numpy()
                sizes[low:high] += self.bytes_per_shingle * counts[members[low:high] - base]
            base += part.n_rows
        return sizes


@njit(cache=True, nogil=True)
def find(parent, node):
    """Returns the least node of a node's set, and halves the path to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def unite(parent, left, right):
    """Joins two sets under the lesser of their roots, so that a root is the least node of its set."""
    left, right = find(parent, left), find(parent, right)
    if left < right:
        parent[right] = left
    else:
        parent[left] = right


@njit(cache=True, nogil=True)
def unite_all(parent, left, right):
    """Joins the sets of left[i] and right[i], for each i."""
    for i in range(left.size):
        unite(parent, left[i], right[i])


@njit(cache=True, nogil=True)
def flatten(parent):
    """Makes each node point at its root. A root is less than its nodes, so one pass in order is enough."""
    for node in range(parent.size):
        parent[node] = parent[parent[node]]


@njit(cache=True, nogil=True)
def _connected(parent):
    """Returns the nodes that are not alone in their set, in order."""
    joined = np.zeros(parent.size, np.bool_)
    for node in range(parent.size):
        if parent[node] != node:
            joined[node] = joined[parent[node]] = True
    return np.flatnonzero(joined)
