"""Processes of a run: which one this is, and how many rounds all of them take."""

import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from corpus.shards.batches import share
from training import processes
from training.processes import Processes


def test_the_environment_says_which_process_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes.world() == (0, 1)
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert processes.world() == (2, 4)


@given(st.integers(0, 50), st.integers(1, 9), st.integers(1, 7))
def test_rounds_hold_every_row_and_are_as_many_for_all_in_pieces(n_rows: int, world: int, micro_batch: int) -> None:
    def rounds(rank: int, is_sharded: bool) -> int:
        return Processes(rank, world, torch.device("cpu"), is_sharded).n_rounds(n_rows, micro_batch)

    shares = [high - low for low, high in (share(n_rows, rank, world) for rank in range(world))]
    assert [rounds(rank, False) for rank in range(world)] == [-(-n // micro_batch) for n in shares]
    assert {rounds(rank, True) for rank in range(world)} == {-(-max(shares) // micro_batch)}


def test_one_process_agrees_with_itself() -> None:
    alone = Processes(0, 1, torch.device("cpu"))
    assert alone.is_first
    assert alone.sum(torch.tensor([2.0])).tolist() == [2.0]
    assert (alone.first_says(True), alone.first_says(False)) == (True, False)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_kernels_leave_pytorch_the_threads_that_it_was_given(n_threads: int) -> None:
    """Numba's start would give it all cores, and two runs with a thread each would wait for each other."""
    code = (
        "import torch; from training.operations import swiglu; swiglu(torch.ones(99, 999)); "
        "torch.ones(9, 9).bfloat16() @ torch.ones(9, 9).bfloat16(); print(torch.get_num_threads())"
    )
    environment = os.environ | {"OMP_NUM_THREADS": str(n_threads)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(n_threads)
