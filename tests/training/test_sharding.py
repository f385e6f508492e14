"""A model in pieces learns what a whole one learns, and goes on as one."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from corpus.lake import Lake
from tests.training.plans import plan, run_processes
from tests.training.runs import start
from training import checkpoints, evaluation, journal, loop, sharding


def lines(folder: Path) -> tuple[list[float], list[float]]:
    """Returns the losses of all steps, and those on held-out documents."""
    read = list(journal.read(folder))
    held_out = [loss for line in read for loss in line.get("held_out", {}).values()]
    return [line["loss"] for line in read if "loss" in line], held_out


def check(one: Path, other: Path, loss: float, weight: float) -> None:
    for mine, theirs in zip(lines(one), lines(other), strict=True):
        assert len(mine) > 1
        assert mine == pytest.approx(theirs, abs=loss)
    norms = [[line["norm"] for line in journal.read(folder) if "norm" in line] for folder in (one, other)]
    assert norms[0] == pytest.approx(norms[1], rel=max(10 * loss, 1e-3))  # RMSProp hides a factor of all gradients
    a, b = (load_file(folder / checkpoints.WEIGHTS) for folder in (one, other))
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], atol=weight, rtol=0)


@pytest.mark.parametrize(
    ("n", "changes", "tolerances"),
    [
        (3, {"optimizer": "rmsprop", "micro_batch": 2}, (2e-5, 2e-3)),
        (2, {"optimizer": "muon", "learning_rate": 1e-3, "checkpoint_activations": True}, (2e-5, 2e-3)),
        (2, {"precision": "bfloat16"}, (2e-2, 5e-2)),
    ],
)
def test_pieces_learn_what_a_whole_model_learns(
    mixed: Lake, tmp_path: Path, n: int, changes: dict[str, Any], tolerances: tuple[float, float]
) -> None:
    """Three processes divide neither the rows of most matrices nor the sequences of a step evenly."""
    loop.train(plan(mixed, **changes), tmp_path / "one")
    assert run_processes(plan(mixed, sharded=True, **changes), tmp_path / "pieces", n) == 0
    check(tmp_path / "one", tmp_path / "pieces", *tolerances)


@pytest.mark.parametrize("is_sharded", [True, False])
def test_processes_with_a_teacher_learn_what_one_does(mixed: Lake, tmp_path: Path, is_sharded: bool) -> None:
    teacher = str(start(tmp_path / "teacher"))
    changes = {"teacher": teacher, "objective": "distill", "units": 20, "checkpoint_activations": is_sharded}
    loop.train(plan(mixed, **changes), tmp_path / "one")
    assert run_processes(plan(mixed, sharded=is_sharded, **changes), tmp_path / "several", 2) == 0
    check(tmp_path / "one", tmp_path / "several", 2e-4, 2e-2)


@pytest.mark.parametrize(("n_before", "n_after"), [pytest.param(3, 2, marks=pytest.mark.slow), (1, 2), (2, 1)])
def test_a_killed_run_goes_on_in_other_pieces(mixed: Lake, tmp_path: Path, n_before: int, n_after: int) -> None:
    """Three processes have pieces of different sizes, also of the embedding."""
    loop.train(plan(mixed), tmp_path / "one")
    often = {"save_minutes": 1e-9, "sharded": True}
    folder = tmp_path / "killed"
    assert run_processes(plan(mixed, **often), folder, n_before, "tests.training.interrupted") != 0
    assert len(lines(folder)[0]) == 6
    assert run_processes(plan(mixed, **often), folder, n_after) == 0
    check(tmp_path / "one", folder, 2e-5, 2e-3)


def test_a_whole_tensor_is_its_own_only_piece() -> None:
    tensor = torch.randn(3, 4)
    assert not sharding.is_sharded(tensor)
    for same in (sharding.local, sharding.whole):
        assert same(tensor) is tensor
    for same_as in (sharding.part, sharding.gathered, sharding.summed):
        assert same_as(tensor, tensor) is tensor
    assert evaluation.mean([]) == (None, None)
