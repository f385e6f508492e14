"""Brings rows to the work items that need them together, out of core: as runs of cells.

Each work item of a first step writes one run: a Parquet part whose row group i is cell i, empty or not. A work item
of the next step reads its cells from every run. It has one file open at a time, and does one read per cell and run.

With T bytes in runs of S bytes, a read is S² / T bytes. S grows with the square root of T, so that reads stay near a
MiB, as far as memory allows. This changes how the work is cut, but not the result.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.lake import Lake

MIN_RUN_BYTES = 64 << 20
READ_BYTES = 1 << 20
# A run may take 1 / _SHARE of a worker's memory. The rest is for the run's sorted copy, the data that the run is made
# from, and the buffers of Arrow and Parquet.
_SHARE = 6


def run_bytes(total: int, memory: int | None = None) -> int:
    """Returns the bytes of one run, if all runs have `total` bytes and a worker may hold `memory` bytes of data."""
    wanted = max(MIN_RUN_BYTES, math.isqrt(total * READ_BYTES))
    return wanted if memory is None else max(min(wanted, memory // _SHARE), 1 << 20)


def cut(sizes: Sequence[int], n_bytes: int) -> Iterator[tuple[int, int]]:
    """Yields (first, end) of runs of consecutive items with about `n_bytes` per run, and at least one item per run."""
    first, held = 0, 0
    for i, size in enumerate(sizes):
        if held and held + size > n_bytes:
            yield first, i
            first, held = i, 0
        held += size
    if sizes:
        yield first, len(sizes)


def cell_cuts(
    lake: Lake, table: str, n_bytes: int, memory: int | None, slot: str = ""
) -> Iterator[tuple[tuple[int, int], int]]:
    """Yields ((first cell, end), bytes) of work items over all runs of a table, which have `n_bytes` in total."""
    parts = lake.parts(table, slot)
    n_cells = lake.open_part(table, parts[0]).num_row_groups if parts else 0
    bytes_per_cell = -(-n_bytes // max(n_cells, 1))
    for first, end in cut([bytes_per_cell] * n_cells, max(run_bytes(n_bytes, memory), bytes_per_cell)):
        yield (first, end), (end - first) * bytes_per_cell


def read_cells(lake: Lake, table: str, cells: Iterable[int], slot: str = "") -> pa.Table:
    """Returns the rows of some cells, from all runs of the table, or of one slot of the table."""
    wanted = list(cells)
    tables = [lake.open_part(table, part).read_row_groups(wanted) for part in lake.parts(table, slot)]
    return pa.concat_tables(tables) if tables else lake.schema(table).empty_table()


def cell_bounds(ordered: npt.NDArray[np.uint64], n_ranges: int) -> npt.NDArray[np.int64]:
    """Returns int64 (n_ranges + 1,): where each of 2^k equal ranges of 64-bit hashes begins, and the end.

    `ordered` are the sorted hashes.
    """
    assert n_ranges & (n_ranges - 1) == 0
    lows = np.arange(1, n_ranges, dtype=np.uint64) << np.uint64(64 - n_ranges.bit_length() + 1)
    inner = np.searchsorted(ordered, lows)
    return np.concatenate([[0], inner, [len(ordered)]]).astype(np.int64)


def sorting(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Returns the result of np.argsort, five times as fast.

    It sorts the upper bits of the hashes, with the index in the lower bits. Then it corrects the order of ties.
    """
    n_bits = np.uint64(max(1, int(len(hashes) - 1).bit_length()))
    packed = np.sort((hashes >> n_bits << n_bits) | np.arange(len(hashes), dtype=np.uint64))
    order = (packed & np.uint64((1 << int(n_bits)) - 1)).view(np.int64)
    _mend(hashes, order)
    return order


@njit(cache=True, nogil=True)
def _mend(hashes, order):
    """Finishes an order that is almost sorted, by insertion sort."""
    for i in range(1, order.size):
        j, place = i, order[i]
        while j > 0 and hashes[order[j - 1]] > hashes[place]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = place


def ranges_for(n_bytes: int, most: int) -> int:
    """Returns the least power of two that cuts `n_bytes` into pieces of at most `most` bytes."""
    return 1 << max(0, math.ceil(n_bytes / most) - 1).bit_length()
