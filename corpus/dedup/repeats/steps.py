"""Passages that stand in the corpus more than once: paragraphs, lines, or any run of words. The first one stays.

A passage is known by a 64-bit hash of its normal words (corpus.text.normal), so that case, marks and spacing make no
difference. Where it stands several times, the copy in the source listed first stays, in that source the one in the
document with the least id; every other is cut out of its document.

  paragraph, line   what blank lines, or line ends, set apart. Sources: Penedo et al. 2023, RefinedWeb, section 3.3;
                    Penedo et al. 2024, FineWeb, appendix E.3 ("line deduplication with minimum number of words")
  span              every run of `n_words` words. Their union is what a suffix array finds as repeated for that many
                    words or more. Source: Lee et al. 2022, Deduplicating Training Data Makes Language Models Better

  PassagesStep   some row groups of documents  → a run of passages, sorted, a cell a range of hashes
  RepeatsStep    some cells of all runs        → ranges to cut, a cell a work item of the first step
  CutStep        one cell, and its documents   → cuts, and decisions: who has too few words left goes

Documents are numbered by their row over the row groups of `documents`, in order. Memory is that of one run.
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

VERSION = 1  # raised when the same documents would give other cuts
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
    canaries: tuple[int, ...]  # the planted texts that go with them


@dataclass(frozen=True, slots=True)
class CellsSpec:
    """Spec of a work item: some consecutive cells of all runs of passages."""

    slot: str  # of `passages`: the family
    cells: tuple[int, int]  # the first, and the one after the last


@dataclass(frozen=True, slots=True)
class CutSpec:
    """Spec of a work item: some row groups of `documents`, and the cell of `repeats` that is about them."""

    row_groups: tuple[NumberedGroup, ...]
    cell: int
    is_last: bool  # the canary's second text comes with the last item


@dataclass(frozen=True, slots=True)
class PassagesStep:
    """The passages of the documents in some row groups that no stage dropped."""

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
        found = [rows for group in item.spec.row_groups for rows in self._row_group(remains, *group)]
        found += [self._canary(place) for place in item.spec.canaries]
        arrow = tables.PASSAGES.schema
        rows = pa.Table.from_batches(found, arrow).combine_chunks()
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
    """All copies of the passages in some cells but the first, as ranges to cut."""

    spec_type: ClassVar = CellsSpec
    lake: Lake
    bounds: tuple[int, ...]  # number of the first document of each work item of the first step

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `repeats`: batch number i is for the documents of work item i."""
        rows = read_cells(self.lake, "passages", range(*item.spec.cells), item.spec.slot)
        found = repeats(*(rows[name].to_numpy() for name in rows.column_names))
        found = found[np.argsort(found[:, 0], kind="stable")]
        batch = pa.record_batch([pa.array(column) for column in found.T.copy()], schema=tables.REPEATS.schema)
        bounds = [*np.searchsorted(found[:, 0], self.bounds), len(found)]
        for low, high in itertools.pairwise(bounds):
            yield "repeats", batch.slice(low, high - low)


def repeats(
    hashes: npt.NDArray[Any], order: npt.NDArray[Any], document: npt.NDArray[Any], start: npt.NDArray[Any],
    end: npt.NDArray[Any],
) -> npt.NDArray[np.int64]:  # fmt: skip
    """int64 (R, 4): document, start, end, copies of each passage that is not the first of its hash.

    In the document of the first, one that overlaps it is no copy.
    """
    by_hash = sorting(hashes.view(np.uint64))
    again = hashes[by_hash][1:] == hashes[by_hash][:-1]
    several = by_hash[np.r_[again, False] | np.r_[False, again]] if len(by_hash) else by_hash
    own = [column[several].astype(np.int64) for column in (hashes, order, document, start, end)]
    ordered = np.lexsort((own[3], own[2], own[1], own[0]))
    found = np.empty((len(ordered), 4), np.int64)
    hashes, document, start, end = (own[k][ordered] for k in (0, 2, 3, 4))
    n = _but_first(hashes, document, start, end, found)
    return found[:n]


@njit(cache=True, nogil=True)
def _but_first(hashes, document, start, end, found):
    n, first = 0, 0
    while first < hashes.size:
        last = first + 1
        while last < hashes.size and hashes[last] == hashes[first]:
            last += 1
        for i in range(first + 1, last):
            if document[i] != document[first] or start[i] >= end[first]:
                found[n, 0], found[n, 1], found[n, 2], found[n, 3] = document[i], start[i], end[i], last - first
                n += 1
        first = last
    return n


@dataclass(frozen=True, slots=True)
class CutStep:
    """Cuts of the documents of one work item, and whether enough of each is left."""

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
            some = documents(self.lake, remains, part, group, ["id", "source", "text"])
            if some is None:
                continue
            low, high = np.searchsorted(document, [base, base + n_rows])
            place = np.full(n_rows, -1)
            place[some["row"].to_numpy()] = np.arange(len(some))
            gone = Cuts(place[document[low:high] - base], start[low:high], end[low:high])
            yield from self._decide(some, row_group_number(part, group), gone, copies[low:high])

    def _decide(
        self, documents: pa.RecordBatch, number: int, gone: Cuts, copies: npt.NDArray[Any]
    ) -> Iterator[tuple[str, pa.RecordBatch]]:
        who = pl.from_arrow(documents.select(["id", "source", "row"]))
        assert isinstance(who, pl.DataFrame)
        who = who.with_columns(row_group=pl.lit(number, pl.Int64))
        touched = np.unique(gone.document)
        left = np.full(len(documents), float(self.min_words_left))
        left[touched] = _words_left(documents["text"], gone, touched)
        stays = left >= self.min_words_left
        frame = who.with_columns(kept=stays, value=left, limit=pl.lit(float(self.min_words_left)))
        yield "decisions", schema.batch("decisions", decisions(frame, self.stage, f"{self.stage}.min_words_left"))
        shown = stays[gone.document]
        cut = who[gone.document[shown]].with_columns(
            stage=pl.lit(self.stage), start=gone.start[shown], end=gone.end[shown], copies=copies[shown]
        )
        yield "cuts", schema.batch("cuts", cut)


def of_groups(lake: Lake, slots: tuple[str, ...], row_groups: tuple[NumberedGroup, ...]) -> Remaining:
    """What earlier stages left of the row groups of a work item."""
    return remaining(lake, slots, [row_group_number(part, group) for part, group, *_ in row_groups])


def _words_left(text: pa.Array, gone: Cuts, touched: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Words of the documents `touched` once their cuts are gone."""
    some = text.take(pa.array(touched))
    return np.diff(normalize(blanked(some, gone._replace(document=np.searchsorted(touched, gone.document)))).offsets)


def merged(
    document: npt.NDArray[Any], start: npt.NDArray[Any], end: npt.NDArray[Any], copies: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int64], ...]:
    """The ranges sorted, those that touch or overlap as one, with the most copies of any of its parts."""
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
