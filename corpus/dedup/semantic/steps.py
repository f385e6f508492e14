"""Finds documents that say the same as another document in other words: their embeddings are near each other.

Vectors are clustered, and documents are compared only inside their cluster. They are compared in the order in which
copies stay. A document is dropped if its cosine to a document that stays reaches the threshold. So each dropped
document is near the document that stays in its place, and a chain of similar documents does not join documents that
differ.

Source: Abbas et al. 2023, SemDeDup, section 3 (which keeps the least central document). Hashed vectors are centered
first, because words that are in every text make all vectors similar (Mu and Viswanath 2018, All-but-the-Top,
section 2).

  EmbeddingsStep   a row group of documents         → vectors, for every document, once
  CentroidsStep    a sample of vectors              → the mean, and centroids of k-means
  AssignStep       some parts of vectors            → a run of the documents that no stage dropped, in cells of clusters
  LeadersStep      one cell over all runs           → decisions and duplicates

D documents, E numbers per vector, K centroids, M members of a cluster.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from numba import njit

from corpus import schema
from corpus.deciding import decisions
from corpus.dedup import canary
from corpus.dedup.priority import LAST_ADDRESS, priority
from corpus.dedup.semantic import tables
from corpus.dedup.semantic.embedding import Embedding, Vectors, as_lists, embed, from_lists, normalized
from corpus.dedup.settings import Keep
from corpus.dedup.shuffle import read_cells
from corpus.lake import Lake
from corpus.remaining import Places, Remaining, remaining, row_group_number
from corpus.row_groups import RowGroup
from corpus.task import All, WorkItem

VERSION = 2  # raise it when the same vectors give other decisions
STAGE = "semantic"
REASON = "semantic.duplicate"
SAMPLE_PER_CENTROID = 64  # vectors per centroid from which k-means learns
_TEXT_BATCH_ROWS = 1024
_BLOCK = 1024  # rows of a matrix product
_PLANTED = -1  # number of the planted vector among the centroids


@dataclass(frozen=True, slots=True)
class Neighbors:
    """One part of `embeddings`, and the parts of other tables with rows about the same documents, in the same order."""

    embeddings: str  # path of the part
    signals: str  # path of the part of `signals`
    documents: str  # path of the part of `documents`
    row_group: int  # index in it

    @property
    def number(self) -> int:
        """Number of the row group of `documents`."""
        return row_group_number(self.documents, self.row_group)


@dataclass(frozen=True, slots=True)
class MembersSpec:
    """Spec of a work item: the documents of some parts of `embeddings`."""

    parts: tuple[Neighbors, ...]
    canaries: tuple[int, ...]  # numbers of the planted texts that are processed with them


@dataclass(frozen=True, slots=True)
class CellSpec:
    """Spec of a work item: one cell of all runs."""

    cell: int


@dataclass(frozen=True, slots=True)
class EmbeddingsStep:
    """Vectors of the documents in one row group of one part."""

    spec_type: ClassVar = RowGroup
    lake: Lake
    embedding: Embedding

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `embeddings`, in the order of the documents."""
        parquet = self.lake.open_part("documents", item.spec.part)
        groups, columns = [item.spec.row_group], ["id", "source", "text"]
        places = Places(item.spec.part, item.spec.row_group)
        for batch in parquet.iter_batches(_TEXT_BATCH_ROWS, row_groups=groups, columns=columns):
            vectors = as_lists(embed(batch["text"], self.embedding))
            who = [batch["id"].cast(pa.string()), batch["source"].cast(pa.string()), *places.next(len(batch))]
            yield "embeddings", pa.record_batch([*who, vectors], schema=tables.EMBEDDINGS.schema)


@dataclass(frozen=True, slots=True)
class CentroidsStep:
    """The mean and the centroids of a sample: the vectors of the documents with the least ids."""

    spec_type: ClassVar = All
    lake: Lake
    embedding: Embedding
    n_centroids: int
    n_sample: int
    n_documents: int
    seed: int

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `centroids`: the mean, then each centroid; last the planted vector."""
        from sklearn.cluster import MiniBatchKMeans

        sample = self._sample()
        mean = sample.mean(axis=0) if self.embedding.is_hashed else np.zeros(sample.shape[1], np.float32)
        k = min(self.n_centroids, len(sample))
        learner = MiniBatchKMeans(k, random_state=self.seed, n_init=1, batch_size=4096)
        means = learner.fit(centered(sample, mean)).cluster_centers_
        planted = embed(canary.texts()[:1], self.embedding)
        vectors = np.concatenate([[mean], means, planted]).astype(np.float32)
        numbers = pa.array([*range(k + 1), _PLANTED], pa.int64())
        yield "centroids", pa.record_batch([numbers, as_lists(vectors)], schema=tables.CENTROIDS.schema)

    def _sample(self) -> Vectors:
        """Returns a sample of the vectors.

        Ids are hashes, so the documents with ids below a bound are a fair sample, read without sorting all ids.
        """
        share = min(1.0, 1.2 * self.n_sample / max(self.n_documents, 1))
        bound = f"{int(share * 16**8):08x}" if share < 1 else "g"
        rows = self.lake.scan("embeddings").select("id", "embedding").filter(pl.col("id") < bound)
        return from_lists(rows.collect(engine="streaming").sort("id").head(self.n_sample)["embedding"].to_arrow())


def centered(vectors: Vectors, mean: Vectors) -> Vectors:
    """Returns the vectors minus the mean, each of length 1. Vectors of texts without words stay zeros."""
    return normalized(np.where(vectors.any(axis=1, keepdims=True), vectors - mean, 0).astype(np.float32))


def centroids(lake: Lake) -> tuple[Vectors, Vectors, Vectors]:
    """Returns (mean (1, E), centroids (K, E), planted vector (1, E))."""
    rows = lake.scan("centroids").sort("number").collect()
    vectors = from_lists(rows["embedding"].to_arrow())
    return vectors[1:2], vectors[2:], vectors[:1]


def nearest(vectors: Vectors, means: Vectors) -> npt.NDArray[np.int64]:
    """Returns int64 (D,): the centroid at the least distance from each vector."""
    numbers = np.empty(len(vectors), np.int64)
    half = (means**2).sum(axis=1) / 2
    for i in range(0, len(vectors), _BLOCK):
        numbers[i : i + _BLOCK] = np.argmax(vectors[i : i + _BLOCK] @ means.T - half, axis=1)
    return numbers


@dataclass(frozen=True, slots=True)
class AssignStep:
    """Assigns to each document that no stage dropped its cluster and the values that decide which copy stays."""

    spec_type: ClassVar = MembersSpec
    lake: Lake
    slots: tuple[str, ...]
    quality: str | None  # name of a signal: with keep quality, the copy with the greatest value stays
    n_cells: int

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yields rows of `semantic_members`: batch i has the clusters whose number modulo the number of cells is i."""
        mean, means, planted = centroids(self.lake)
        arrow = tables.SEMANTIC_MEMBERS.schema
        remains = remaining(self.lake, self.slots, [part.number for part in item.spec.parts])
        members = [self._part(part, remains, mean, means) for part in item.spec.parts]
        members += [_planted(place, planted, mean, means) for place in item.spec.canaries]
        rows = pa.concat_tables(members).combine_chunks()
        cell = rows["cluster"].to_numpy() % self.n_cells
        order = np.argsort(cell, kind="stable")
        batch = rows.take(pa.array(order)).cast(arrow).combine_chunks()
        bounds = np.searchsorted(cell[order], np.arange(self.n_cells + 1))
        whole = batch.to_batches()[0] if len(batch) else pa.RecordBatch.from_pylist([], arrow)
        for low, high in itertools.pairwise(bounds):
            yield "semantic_members", whole.slice(low, high - low)

    def _part(self, part: Neighbors, remains: Remaining, mean: Vectors, means: Vectors) -> pa.Table:
        rows = self.lake.open_part("embeddings", part.embeddings).read()
        picked = pa.array(remains.rows_of(part.number, len(rows)))
        rows = rows.take(picked)
        signal_columns = ["n_characters", *([self.quality] if self.quality else [])]
        signals = self.lake.open_part("signals", part.signals).read(signal_columns).take(picked)
        documents = self.lake.open_part("documents", part.documents)
        vectors = from_lists(rows["embedding"]) if len(rows) else np.empty((0, mean.shape[1]), np.float32)
        vectors = centered(vectors, mean)
        columns = {
            "cluster": pa.array(nearest(vectors, means)),
            "id": rows["id"],
            "source": rows["source"],
            "row_group": rows["row_group"],
            "row": rows["row"],
            "uri": documents.read_row_group(part.row_group, ["uri"])["uri"].take(picked),
            "n_characters": signals["n_characters"].cast(pa.int64()),
            "quality": signals[self.quality].cast(pa.float64()) if self.quality else pa.array(np.zeros(len(rows))),
            "embedding": as_lists(vectors),
        }
        return pa.table(columns).cast(tables.SEMANTIC_MEMBERS.schema)


def _planted(place: int, vector: Vectors, mean: Vectors, means: Vectors) -> pa.Table:
    moved = centered(vector, mean)
    row = {
        "cluster": nearest(moved, means), "id": [canary.IDS[place]], "source": [""],
        "row_group": [0], "row": [0], "uri": [LAST_ADDRESS],
        "n_characters": [0], "quality": [-np.inf], "embedding": as_lists(moved),
    }  # fmt: skip
    return pa.table(row).cast(tables.SEMANTIC_MEMBERS.schema)


@dataclass(frozen=True, slots=True)
class LeadersStep:
    """Decides which members of some clusters stay."""

    spec_type: ClassVar = CellSpec
    lake: Lake
    threshold: float
    keep: Keep
    sources: tuple[str, ...]
    n_cells: int

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `decisions` and `duplicates`."""
        mean, means, planted = centroids(self.lake)
        has_canary = nearest(centered(planted, mean), means)[0] % self.n_cells == item.spec.cell
        rows = read_cells(self.lake, "semantic_members", [item.spec.cell])
        frame = pl.from_arrow(rows.drop_columns("embedding"))
        assert isinstance(frame, pl.DataFrame)

        order = frame.select("cluster", member=pl.int_range(pl.len()), **priority(self.keep, self.sources))
        rank = order.sort(["cluster", *(name for name in order.columns if name.startswith("by_"))])["member"].to_numpy()
        frame, vectors = frame[rank], from_lists(rows["embedding"])[rank]
        bounds = (
            np.flatnonzero(np.r_[True, np.diff(frame["cluster"].to_numpy()) != 0, True])
            if len(frame)
            else np.zeros(1, int)
        )

        stays, cosine = np.arange(len(frame)), np.ones(len(frame))
        for low, high in itertools.pairwise(bounds):
            leader, near = leaders(vectors[low:high], self.threshold)
            stays[low:high], cosine[low:high] = low + leader, near
        frame = frame.with_columns(representative=frame["id"].gather(stays), similarity=cosine)
        self._check(frame, has_canary)

        real = frame.filter(~pl.col("id").is_in(canary.IDS)).sort("row_group", "row")
        is_kept = pl.col("id") == pl.col("representative")
        limit = pl.lit(self.threshold, pl.Float64)
        decided = decisions(real.with_columns(kept=is_kept, value="similarity", limit=limit), STAGE, REASON)
        yield "decisions", schema.batch("decisions", decided)

        several = real.filter(pl.len().over("representative") > 1)
        several = several.with_columns(stage=pl.lit(STAGE), cluster="representative")
        columns = ["id", "source", "stage", "cluster", "representative", "similarity"]
        yield "duplicates", schema.batch("duplicates", several.select(columns))

    @staticmethod
    def _check(frame: pl.DataFrame, has_canary: bool) -> None:
        planted = frame.filter(pl.col("id").is_in(canary.IDS))
        if has_canary and (planted.height != len(canary.IDS) or planted["representative"].n_unique() != 1):
            raise canary.CanaryLostError(STAGE, tables.INTERMEDIATE)


def leaders(vectors: Vectors, threshold: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Returns (int64 (M,), float64 (M,)): the member that stays in each member's place, and the cosine to it.

    Members are in the order in which they stay. For each member, the most similar of the staying members before it is
    found. If the cosine to it is at or above the threshold, it stays in the member's place.
    """
    n_members = len(vectors)
    stays, cosine = np.arange(n_members), np.ones(n_members)
    kept_rows = np.empty(0, np.int64)
    limit = np.float32(threshold) - np.float32(1e-6)  # rounding can make products of equal vectors less than 1

    for low in range(0, n_members, _BLOCK):
        block = vectors[low : low + _BLOCK]

        # The best match among the members of earlier blocks that stay.
        best, at = np.full(len(block), -2, np.float32), np.zeros(len(block), np.int64)
        for i in range(0, len(kept_rows), _BLOCK):
            rows = kept_rows[i : i + _BLOCK]
            products = block @ vectors[rows].T
            place = products.argmax(axis=1)
            value = products[np.arange(len(block)), place]
            better = value > best
            best[better], at[better] = value[better], rows[place[better]]

        _settle(block @ block.T, low, limit, best, at, stays, cosine)
        own = np.arange(low, low + len(block))
        kept_rows = np.concatenate([kept_rows, own[stays[own] == own]])
    return stays, np.minimum(cosine, 1.0)


@njit(cache=True, nogil=True)
def _settle(products, low, limit, best, at, stays, cosine):
    """Compares each member of a block with the staying members before it in the block, and with the best outside it."""
    for i in range(products.shape[0]):
        value, place = best[i], at[i]
        for j in range(i):
            if stays[low + j] == low + j and products[i, j] > value:
                value, place = products[i, j], low + j
        if value >= limit:
            stays[low + i], cosine[low + i] = place, value
