"""Row groups of `documents`, which most work items read, and the parts of other tables about the same documents.

A part of `signals`, `signatures` or `embeddings` holds rows about one row group of `documents`, in the same order.
Their columns `row_group` and `row` say which documents these are (corpus.remaining).
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import pyarrow.parquet as pq

from corpus.lake import Lake, Part
from corpus.parts import LONG_DOCUMENT_BYTES
from corpus.remaining import check_numbers, row_group_number
from corpus.task import WorkItem, digest

_READERS = 16  # threads that read footers; most of the time, they wait


class RowGroup(NamedTuple):
    """A row group of `documents`: the spec of a work item that reads one, or a part of a larger spec."""

    part: str  # path below the table's folder
    row_group: int  # index within the part

    @property
    def number(self) -> int:
        """The row group's number in the column `row_group` of other tables."""
        return row_group_number(self.part, self.row_group)


class SizedRowGroup(NamedTuple):
    """A row group of `documents` with the sizes that planning needs, from its part's footer."""

    group: RowGroup
    n_rows: int
    n_bytes: int  # uncompressed
    longest: int  # upper bound on the bytes of the longest document


_known: WeakKeyDictionary[Lake, dict[str, tuple[SizedRowGroup, ...]]] = WeakKeyDictionary()  # by path of the part


def sized(lake: Lake, parts: Iterable[Part]) -> Iterator[SizedRowGroup]:
    """Yields every row group of some parts of `documents`, in order. A part's footer is read once per lake object."""
    known = _known.setdefault(lake, {})
    for part in parts:
        if part.path not in known:
            known[part.path] = tuple(_of_part(lake, part))
        yield from known[part.path]


def _of_part(lake: Lake, part: Part) -> Iterator[SizedRowGroup]:
    metadata = lake.open_part("documents", part).metadata
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        # A long document is alone in its row group (corpus.parts).
        longest = group.total_byte_size if group.num_rows == 1 else min(group.total_byte_size, LONG_DOCUMENT_BYTES)
        yield SizedRowGroup(RowGroup(part.path, index), group.num_rows, group.total_byte_size, longest)


def items(lake: Lake, parts: Sequence[Part], made_from: Sequence[Any]) -> list[WorkItem]:
    """Returns one work item per row group. `made_from` is what the result depends on besides the documents."""
    check_numbers(part.path for part in parts)
    work_items = []
    for spec, _, n_bytes, longest in sized(lake, parts):
        label = f"{spec.part} [{spec.row_group}]"
        work_items.append(WorkItem(digest([spec._asdict(), *made_from]), label, n_bytes, spec, longest))
    return work_items


def parts_by_number(lake: Lake, table: str) -> dict[int, Part]:
    """Returns the part of a table with the rows about each row group of `documents`, by the row group's number.

    Works for tables with one part per row group. Reads one footer per part.
    """
    parts = lake.parts(table)
    with ThreadPoolExecutor(_READERS) as pool:
        numbers = pool.map(lambda part: _number(lake.open_part(table, part)), parts)
        return dict(zip(numbers, parts, strict=True))


def _number(part: pq.ParquetFile) -> int:
    """Returns the least value of the column `row_group` in the part's first row group, from its statistics."""
    place = part.schema_arrow.names.index("row_group")
    statistics = part.metadata.row_group(0).column(place).statistics
    if statistics is not None and statistics.has_min_max:
        return int(statistics.min)
    return int(part.read_row_group(0, columns=["row_group"])["row_group"][0].as_py())
