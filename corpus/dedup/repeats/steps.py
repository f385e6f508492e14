"""Cuts passages that the corpus holds more than once: paragraphs, lines, or any run of words. The first copy stays.

A passage is identified by a 64-bit hash of its normal words (corpus.text.normal), so case, marks and spacing do not
matter. If the corpus holds a passage several times, the copy in the source that is listed first stays. If that source
has several copies, the copy in the document with the least id stays. All other copies are cut out of their documents.

  paragraph, line   the text between blank lines, or between line ends. Sources: Penedo et al. 2023, RefinedWeb,
                    section 3.3; Penedo et al. 2024, FineWeb, appendix E.3 ("line deduplication with minimum number of
                    words")
  span              every run of `n_words` words. The union of the repeated runs is the text that a suffix array finds
                    as repeated for that many words or more. Source: Lee et al. 2022, Deduplicating Training Data Makes
                    Language Models Better

  PassagesStep   some row groups of documents  → a run of passages, sorted; one cell per range of hashes
  RepeatsStep    some cells of all runs        → ranges to cut; one cell per work item of the first step
  CutStep        one cell, and its documents   → cuts, and decisions: documents with too few words left are dropped

Documents are numbered by their row over the row groups of `documents`, in order. A step holds one run in memory.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from corpus import schema
from corpus.deciding import decisions
from corpus.dedup import canary
from corpus.dedup.repeats import tables
from corpus.dedup.repeats.passages import Passages, find, rank
from corpus.dedup.shuffle import cell_bounds, read_cells, sorting
from corpus.lake import Lake
from corpus.remaining import Remaining, batches, documents, remaining, row_group_number
from corpus.task import WorkItem
from corpus.text.cutting import Cuts, blanked
from corpus.text.normal import normalize

VERSION = 1  # raise it when the same documents give other cuts
PASSAGE_BYTES = 32  # of a row of `passages`


class NumberedGroup(NamedTuple):
    """A row group of `documents`, whose documents are numbered by their rows over all row groups, in order."""

    part: str
    row_group: int
    base: int  # number of its first document
    n_rows: int


@dataclass(frozen=True, slots=True)
class PassagesSpec:
    """Spec of a work item: some row groups of `documents`."""

    row_groups: tuple[NumberedGroup, ...]
    canaries: tuple[int, ...]  # numbers of the planted texts that are processed with them


@dataclass(frozen=True, slots=True)
class CellsSpec:
    """Spec of a work item: some consecutive cells of all runs of passages."""

    slot: str  # slot of `passages`: name of the family
    cells: tuple[int, int]  # first cell, and the cell after the last


@dataclass(frozen=True, slots=True)
class CutSpec:
    """Spec of a work item: some row groups of `documents`, and the cell of `repeats` that is about them."""

    row_groups: tuple[NumberedGroup, ...]
    cell: int
    is_last: bool  # the canary's second text is processed with the last item


@dataclass(frozen=True, slots=True)
class PassagesStep:
    """Finds the passages of the documents in some row groups, without the documents that earlier stages dropped."""

    spec_type: ClassVar = PassagesSpec
    lake: Lake
    passages: Passages
    sources: tuple[str, ...]
    slots: tuple[str, ...]
    n_ranges: int
    n_documents: int

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `passages`: batch number i is range i."""
        remains = of_groups(self.lake, self.slots, item.spec.row_groups)
        record_batches = [rows for group in item.spec.row_groups for rows in self._row_group(remains, *group)]
        record_batches += [self._canary(place) for place in item.spec.canaries]
        arrow = tables.PASSAGES.schema
        rows = pa.Table.from_batches(record_batches, arrow).combine_chunks()
        hashes = rows["passage"].to_numpy().view(np.uint64)
        order = sorting(hashes)
        rows = rows.take(pa.array(order)).combine_chunks()
        batch = rows.to_batches()[0] if len(rows) else pa.RecordBatch.from_pylist([], arrow)
        for low, high in itertools.pairwise(cell_bounds(hashes[order], self.n_ranges)):
            yield "passages", batch.slice(low, high - low)

    def _row_group(self, remains: Remaining, part: str, group: int, base: int, _: int) -> Iterator[pa.RecordBatch]:
        rows = documents(self.lake, remains, part, group, ["id", "source", "text"])
        if rows is not None and self.passages.only is not None:
            rows = rows.filter(pc.is_in(rows["source"], pa.array(self.passages.only, rows["source"].type)))
        for batch in batches(rows) if rows is not None else ():
            names = batch["source"].dictionary_encode()
            places = {name: place for place, name in enumerate(self.sources)}
            place = np.array([places.get(name, len(places)) for name in names.dictionary.to_pylist()])
            order = rank(batch["id"], place[names.indices.to_numpy()])
            yield self._rows(batch["text"], base + batch["row"].to_numpy(), order)

    def _canary(self, place: int) -> pa.RecordBatch:
        text = canary.texts()[place : place + 1]
        order = np.array([np.iinfo(np.int64).max - len(canary.IDS) + place])
        return self._rows(text, np.array([self.n_documents + place]), order)

    def _rows(self, text: pa.Array, numbers: npt.NDArray[Any], order: npt.NDArray[Any]) -> pa.RecordBatch:
        document, start, end, hashes = find(text, self.passages)
        columns = [hashes.view(np.int64), order[document], numbers[document], start, end]
        return pa.record_batch([pa.array(c) for c in columns], schema=tables.PASSAGES.schema)


@dataclass(frozen=True, slots=True)
class RepeatsStep:
    """Finds the ranges to cut: all copies of the passages in some cells, except the first copy of each."""

    spec_type: ClassVar = CellsSpec
    lake: Lake
    bounds: tuple[int, ...]  # number of the first document of each work item of the first step

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `repeats`: batch number i is for the documents of work item i."""
        rows = read_cells(self.lake, "passages", range(*item.spec.cells), item.spec.slot)
        copies = repeats(*(rows[name].to_numpy() for name in rows.column_names))
        copies = copies[np.argsort(copies[:, 0], kind="stable")]
        batch = pa.record_batch([pa.array(column) for column in copies.T.copy()], schema=tables.REPEATS.schema)
        bounds = [*np.searchsorted(copies[:, 0], self.bounds), len(copies)]
        for low, high in itertools.pairwise(bounds):
            yield "repeats", batch.slice(low, high - low)


def repeats(
    hashes: npt.NDArray[Any], order: npt.NDArray[Any], document: npt.NDArray[Any], start: npt.NDArray[Any],
    end: npt.NDArray[Any],
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Returns int64 (R, 4): document, start, end, copies of each passage that is not the first of its hash.

    A passage that overlaps the first one, in the same document, is not a copy.
    """
    by_hash = sorting(hashes.view(np.uint64))
    same_as_next = hashes[by_hash][1:] == hashes[by_hash][:-1]
    several = by_hash[np.r_[same_as_next, False] | np.r_[False, same_as_next]] if len(by_hash) else by_hash
    columns = [column[several].astype(np.int64) for column in (hashes, order, document, start, end)]
    ordered = np.lexsort((columns[3], columns[2], columns[1], columns[0]))
    rows = np.empty((len(ordered), 4), np.int64)
    hashes, document, start, end = (columns[k][ordered] for k in (0, 2, 3, 4))
    n = _but_first(hashes, document, start, end, rows)
    return rows[:n]


@njit(cache=True, nogil=True)
def _but_first(hashes, document, start, end, rows):
    n, first = 0, 0
    while first < hashes.size:
        last = first + 1
        while last < hashes.size and hashes[last] == hashes[first]:
            last += 1
        for i in range(first + 1, last):
            if document[i] != document[first] or start[i] >= end[first]:
                rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3] = document[i], start[i], end[i], last - first
                n += 1
        first = last
    return n


@dataclass(frozen=True, slots=True)
class CutStep:
    """Decides the cuts of the documents of one work item, and whether each document has enough words left."""

    spec_type: ClassVar = CutSpec
    lake: Lake
    stage: str
    min_words_left: int
    slots: tuple[str, ...]
    n_documents: int
    has_canary: bool

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `decisions` and `cuts`."""
        rows = read_cells(self.lake, "repeats", [item.spec.cell], self.stage)
        numbers, start, end, copies = (rows[name].to_numpy() for name in rows.column_names)
        document, start, end, copies = merged(numbers, start, end, copies)
        if self.has_canary and item.spec.is_last and self.n_documents + 1 not in document:
            raise canary.CanaryLostError(self.stage, tables.TABLES)
        remains = of_groups(self.lake, self.slots, item.spec.row_groups)
        for part, group, base, n_rows in item.spec.row_groups:
            kept = documents(self.lake, remains, part, group, ["id", "source", "text"])
            if kept is None:
                continue
            low, high = np.searchsorted(document, [base, base + n_rows])
            place = np.full(n_rows, -1)
            place[kept["row"].to_numpy()] = np.arange(len(kept))
            removed = Cuts(place[document[low:high] - base], start[low:high], end[low:high])
            yield from self._decide(kept, row_group_number(part, group), removed, copies[low:high])

    def _decide(
        self, documents: pa.RecordBatch, number: int, removed: Cuts, copies: npt.NDArray[Any]
    ) -> Iterator[tuple[str, pa.RecordBatch]]:
        who = pl.from_arrow(documents.select(["id", "source", "row"]))
        assert isinstance(who, pl.DataFrame)
        who = who.with_columns(row_group=pl.lit(number, pl.Int64))
        touched = np.unique(removed.document)
        left = np.full(len(documents), float(self.min_words_left))
        left[touched] = _words_left(documents["text"], removed, touched)
        stays = left >= self.min_words_left
        frame = who.with_columns(kept=stays, value=left, limit=pl.lit(float(self.min_words_left)))
        yield "decisions", schema.batch("decisions", decisions(frame, self.stage, f"{self.stage}.min_words_left"))
        shown = stays[removed.document]
        cut = who[removed.document[shown]].with_columns(
            stage=pl.lit(self.stage), start=removed.start[shown], end=removed.end[shown], copies=copies[shown]
        )
        yield "cuts", schema.batch("cuts", cut)


def of_groups(lake: Lake, slots: tuple[str, ...], row_groups: tuple[NumberedGroup, ...]) -> Remaining:
    """Returns the documents that earlier stages kept in the row groups of a work item."""
    return remaining(lake, slots, [row_group_number(part, group) for part, group, *_ in row_groups])


def _words_left(text: pa.Array, removed: Cuts, touched: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Returns the number of words in each of the documents `touched` after its cuts are removed."""
    some = text.take(pa.array(touched))
    return np.diff(
        normalize(blanked(some, removed._replace(document=np.searchsorted(touched, removed.document)))).offsets
    )


def merged(
    document: npt.NDArray[Any], start: npt.NDArray[Any], end: npt.NDArray[Any], copies: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int64], ...]:
    """Returns the sorted ranges. Ranges that touch or overlap become one range.

    Such a range has the greatest number of copies of its parts.
    """
    order = np.lexsort((start, document))
    columns = [np.ascontiguousarray(column[order].astype(np.int64)) for column in (document, start, end, copies)]
    n = _merge(*columns)
    return tuple(column[:n] for column in columns)


@njit(cache=True, nogil=True)
def _merge(document, start, end, copies):
    n = 0
    for i in range(document.size):
        if n and document[n - 1] == document[i] and start[i] <= end[n - 1]:
            end[n - 1] = max(end[n - 1], end[i])
            copies[n - 1] = max(copies[n - 1], copies[i])
        else:
            document[n], start[n], end[n], copies[n] = document[i], start[i], end[i], copies[i]
            n += 1
    return n
