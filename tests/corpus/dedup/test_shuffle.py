from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import schema
from corpus.dedup.shuffle import MIN_RUN_BYTES, READ_BYTES, cell_bounds, cut, ranges_for, read_cells, run_bytes, sorting
from corpus.lake import Lake, Lineage


@given(st.lists(st.integers(0, 2**64 - 1), max_size=200), st.integers(0, 60))
def test_sorting_sorts(values: list[int], shared_bits: int) -> None:
    hashes = np.array(values, np.uint64) >> np.uint64(shared_bits)
    order = sorting(hashes)
    assert sorted(order.tolist()) == list(range(len(values)))
    assert (np.diff(hashes[order].astype(object)) >= 0).all()


@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(0, 5))
def test_cells_are_equal_ranges(values: list[int], power: int) -> None:
    ordered = np.sort(np.array(values, np.uint64))
    bounds = cell_bounds(ordered, 1 << power)
    assert len(bounds) == (1 << power) + 1
    for cell in range(1 << power):
        inside = ordered[bounds[cell] : bounds[cell + 1]].tolist()
        assert inside == [v for v in sorted(values) if v * (1 << power) >> 64 == cell]


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 60))
def test_a_cut_covers_everything_and_is_bounded(sizes: list[int], most: int) -> None:
    found = list(cut(sizes, most))
    assert [i for a, b in found for i in range(a, b)] == list(range(len(sizes)))
    for a, b in found:
        assert sum(sizes[a:b]) <= most or sum(1 for s in sizes[a:b] if s) == 1


@given(st.integers(1, 10**15), st.integers(1, 10**12))
def test_ranges_are_a_power_of_two_and_enough(n_bytes: int, most: int) -> None:
    n = ranges_for(n_bytes, most)
    assert n & (n - 1) == 0
    assert n_bytes <= n * most
    assert n == 1 or n_bytes > n // 2 * most


def test_runs_grow_with_the_root_so_that_reads_stay_near_a_megabyte() -> None:
    assert run_bytes(10**6) == MIN_RUN_BYTES
    for total in (10**12, 10**15):
        size = run_bytes(total)
        assert size * size / total == pytest.approx(READ_BYTES, rel=0.01)
    assert run_bytes(10**15, 3 << 30) < 1 << 30


def test_a_cell_is_read_from_every_run(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    arrow = schema.TABLES["minhash_bands"].schema
    cells = [[[1, 2], [], [3]], [[], [4], [5, 6]]]
    for run, content in enumerate(cells):
        with lake.part_writer("minhash_bands", "minhash-bands", str(run), arrow, row_group_per_batch=True) as writer:
            for rows in content:
                columns = [pa.array(rows, pa.int64()), pa.array([run] * len(rows), pa.int64())]
                writer.write(pa.record_batch(columns, schema=arrow))
    lake.commit("minhash_bands", {"minhash-bands": ["0", "1"]}, Lineage("x", "minhash-bands", "k"), arrow)
    found = [sorted(read_cells(lake, "minhash_bands", [i])["bucket"].to_pylist()) for i in range(3)]
    assert found == [[1, 2], [4], [3, 5, 6]]
    assert len(read_cells(lake, "minhash_bands", [0, 1, 2])) == 6
