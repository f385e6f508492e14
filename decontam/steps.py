"""Two passes over the corpus, as the executor runs them: count n-grams, then judge documents.

  CountStep      some row groups of documents  → how many hold each benchmark n-gram without its item
  TotalsStep     all counts                    → their sums: common usage is seen over the whole corpus
  DecontamStep   some row groups of documents  → decisions, touched items, every policy's verdict, cuts
  TouchedStep    all touched items             → those that the kept documents touch

Documents that an earlier stage dropped are not read.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpus import artifacts, manifest, schema
from corpus.deciding import decisions
from corpus.errors import UserError
from corpus.lake import WORKING, Lake
from corpus.remaining import batches, documents, kept_ids, remaining
from corpus.row_groups import RowGroup
from corpus.task import All, WorkItem
from corpus.text.buffers import string_buffers
from corpus.touched import by_item
from decontam import index as indexing
from decontam import tables
from decontam.benchmarks import Benchmark
from decontam.index import N_MIN, Index
from decontam.policies import DEFAULT, POLICIES, Judged, View, policy
from decontam.scan import N_LENGTHS, Scanner, item_counts
from decontam.touches import item_names, touches
from decontam.usage import Usage

VERSION = 2  # raise it when the same documents and benchmarks give other rows
STAGE = "decontam"
KIND = "decontamination-index"  # of artifact


class LeakLostError(RuntimeError):
    """The planted leak was not found, so the results of this run cannot be trusted."""


def folder(lake: Lake, key: str) -> Path | None:
    """Returns the folder of the index of this key on this machine, or None if the lake does not have it whole."""
    if not _has_earlier(lake, key):
        return artifacts.find(lake, KIND, key)
    if lake.is_local:
        return Path(_earlier(lake, key))

    cached = artifacts.cache() / KIND / f"{key}-0.1"
    if not cached.exists():
        with artifacts.scratch(cached) as temporary:
            for name in indexing.FILES:
                lake.fs.get_file(f"{_earlier(lake, key)}/{name}", str(temporary / name))
            with suppress(OSError):  # another process was faster
                os.rename(temporary, cached)
    return cached


def is_stored(lake: Lake, key: str) -> bool:
    """Returns whether the lake has the index of this key."""
    return _has_earlier(lake, key) or artifacts.has(lake, KIND, key)


def _earlier(lake: Lake, key: str) -> str:
    """Returns where version 0.1 put an index."""
    return f"{lake.root}/{WORKING}/decontam/{key}"


def _has_earlier(lake: Lake, key: str) -> bool:
    return all(lake.fs.exists(f"{_earlier(lake, key)}/{name}") for name in indexing.FILES)


def store(lake: Lake, key: str, benchmarks: Sequence[Benchmark]) -> None:
    """Builds the index of some benchmarks in a place where every worker finds it, if it is not there yet."""
    if _has_earlier(lake, key):
        return
    made_from = {"benchmarks": {one.name: one.key for one in benchmarks}, "version": indexing.VERSION}
    artifact = artifacts.Artifact(kind=KIND, key=key, stage=f"{STAGE}:counts", made_from=made_from)
    artifacts.ensure(lake, artifact, lambda path: indexing.save(indexing.build(benchmarks), path))


def _loaded(lake: Lake, key: str) -> tuple[Index, npt.NDArray[np.int32]]:
    """Returns the index of a key, and the number of items that each n-gram is in."""
    path = _paths.get((lake.url, key))  # looked for once per process: in a bucket, each look is a request
    if path is None or not path.exists():
        path = folder(lake, key)
    if path is None:
        raise UserError(
            "the lake's index of the benchmarks was deleted while the stage ran; run the same command again"
        )
    _paths[lake.url, key] = path
    return _index(path)


_paths: dict[tuple[str, str], Path] = {}  # folder of an index on this machine, by lake and key


@lru_cache(maxsize=2)
def _index(path: Path) -> tuple[Index, npt.NDArray[np.int32]]:
    """Returns the index in a folder, and the number of items that each n-gram is in."""
    if (path / manifest.NAME).exists() and not manifest.is_intact(path):
        raise UserError(
            f"a file of the benchmarks' index {path} was changed; delete that folder and run the same command again"
        )
    index = indexing.load(path)
    return index, item_counts(index.arrays)


def _texts(lake: Lake, row_groups: Sequence[RowGroup], slots: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yields id, source, text, row and row_group of the documents that earlier stages kept.

    The batches have about a megabyte.
    """
    remains = remaining(lake, slots, [group.number for group in row_groups])
    for group in row_groups:
        rows = documents(lake, remains, group.part, group.row_group, ["id", "source", "text"])
        if rows is not None:
            rows = rows.append_column("row_group", pa.array(np.full(len(rows), group.number)))
            yield from batches(rows)


def _scanner(index: Index) -> Scanner:
    """Returns a scanner that has found a planted leak: an item's own words, in capitals and with other marks."""
    scanner = Scanner(index.arrays)
    units = np.flatnonzero(index.arrays.identifies)
    if len(units):
        words = indexing.unit_words(index, int(units[0]))
        leak = " -- ".join("".join(c.upper() if c.isascii() else c for c in word) for word in words)
        _, matches = scanner(pa.array([leak], pa.large_string()))
        if not len(matches.n) or matches.n.max() < indexing.UNIT_WORDS:
            raise LeakLostError(
                "decontam: a planted leak was not found, so real leaks would be lost too. A file of the index was "
                f"probably changed; delete the lake's folder artifacts/{KIND} and run the same command again"
            )
    return scanner


@dataclass(frozen=True, slots=True)
class RowGroups:
    """Spec of a work item: some row groups of `documents`."""

    row_groups: tuple[RowGroup, ...]


@dataclass(frozen=True, slots=True)
class CountStep:
    """Counts the documents of some row groups that hold each n-gram without the item that it belongs to."""

    spec_type: ClassVar = RowGroups
    lake: Lake
    key: str
    slots: tuple[str, ...]

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `ngram_counts`."""
        index, items = _loaded(self.lake, self.key)
        scanner = _scanner(index)
        usage = Usage(index.arrays, items)
        for batch in _texts(self.lake, item.spec.row_groups, self.slots):
            _, matches = scanner(batch["text"])
            usage.add(matches)
        grams = np.flatnonzero(usage.documents)
        columns = [pa.array(grams), pa.array(usage.documents[grams].astype(np.int64))]
        yield "ngram_counts", pa.record_batch(columns, schema=tables.NGRAM_COUNTS.schema)


@dataclass(frozen=True, slots=True)
class TotalsStep:
    """Sums all counts."""

    spec_type: ClassVar = All
    lake: Lake

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `ngram_totals`, sorted by gram."""
        summed = self.lake.scan("ngram_counts").group_by("gram").agg(pl.col("documents").sum()).sort("gram")
        for batch in summed.collect(engine="streaming").to_arrow().cast(tables.NGRAM_TOTALS.schema).to_batches():
            yield "ngram_totals", batch


@dataclass(frozen=True, slots=True)
class DecontamStep:
    """Decides on the documents of some row groups by the policy in force, with the verdicts of all policies."""

    spec_type: ClassVar = RowGroups
    lake: Lake
    key: str
    policy: str
    common: int
    slots: tuple[str, ...]

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `decisions`, `contamination`, `verdicts` and `cuts`."""
        index, items = _loaded(self.lake, self.key)
        documents, names = _totals(self.lake, index.n_words), item_names(index)
        scanner = _scanner(index)
        for batch in _texts(self.lake, item.spec.row_groups, self.slots):
            words, matches = scanner(batch["text"])
            offsets, data = string_buffers(batch["text"])
            view = View(offsets, data, words, matches, index.arrays, documents, items, self.common)
            judged = {name: policy(name).judge(view) for name in POLICIES}
            own = judged[self.policy]
            yield "decisions", schema.batch("decisions", _decisions(batch, self.policy, own))
            touching = [j for j in (own, judged[DEFAULT]) if len(j.document)]
            if touching:
                yield "contamination", touches(batch, view, index, names, touching)
            if any(j.dropped.any() for j in judged.values()):
                yield "verdicts", schema.batch("verdicts", _verdicts(batch, judged))
            if len(own.cuts):
                yield "cuts", schema.batch("cuts", _cuts(batch, own))


@dataclass(frozen=True, slots=True)
class TouchedStep:
    """Finds the items that a mixture's documents touch.

    A model that reads the mixture has seen these items, and its scores are split by them.
    """

    spec_type: ClassVar = All
    lake: Lake
    mixture: str
    slots: tuple[str, ...]  # stages that have decided: the mixture has the documents that they kept

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `touched`, the worst first."""
        rows = by_item(self.lake, kept_ids(self.lake, self.slots)).with_columns(mixture=pl.lit(self.mixture))
        yield "touched", schema.batch("touched", rows)


def _totals(lake: Lake, n_words: int) -> npt.NDArray[np.int32]:
    """Returns int32 (10 * W,): the number of documents of the corpus that hold each n-gram without its item."""
    totals = np.zeros(N_LENGTHS * n_words, np.int32)
    for part in lake.parts("ngram_totals"):
        rows = lake.open_part("ngram_totals", part).read()
        totals[rows["gram"].to_numpy()] = rows["documents"].to_numpy()
    return totals


def _who(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch.select(["id", "source", "row_group", "row"]))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _decisions(batch: pa.RecordBatch, name: str, judged: Judged) -> pl.DataFrame:
    limit = pl.lit(policy(name).LIMIT, pl.Float64)
    frame = _who(batch).with_columns(kept=~judged.dropped, value=judged.value, limit=limit)
    return decisions(frame, STAGE, f"{STAGE}.{name}")


def _verdicts(batch: pa.RecordBatch, judged: Mapping[str, Judged]) -> pl.DataFrame:
    who = _who(batch)
    frames = [
        who.with_columns(policy=pl.lit(name), value=j.value, limit=pl.lit(policy(name).LIMIT, pl.Float64)).filter(
            j.dropped
        )
        for name, j in judged.items()
        if j.dropped.any()
    ]
    return pl.concat(frames)


def _cuts(batch: pa.RecordBatch, judged: Judged) -> pl.DataFrame:
    who = _who(batch)
    document = judged.cuts[:, 0]
    frame = who[document].with_columns(stage=pl.lit(STAGE), start=judged.cuts[:, 1], end=judged.cuts[:, 2],
                                         copies=pl.lit(None, pl.Int64))  # fmt: skip
    return frame.filter(~judged.dropped[document])


assert N_MIN == 4  # the meaning of `gram` in decontam.tables says so
