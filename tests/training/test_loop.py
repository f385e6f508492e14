"""The loop: what a run learns does not depend on how steps are cut, on kills, or on the number of processes."""

import json
import math
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from corpus.errors import UserError
from corpus.lake import Lake
from tests.training.plans import ALONE, plan, run_processes, with_packing
from training import checkpoints, journal, loop
from training.batch import Batch
from training.plan import Plan


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / checkpoints.WEIGHTS)


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in journal.read(folder) if "loss" in line]


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def close(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor], tolerance: float) -> bool:
    return all(torch.allclose(a[name], b[name], atol=tolerance, rtol=0) for name in a)


class KilledError(Exception):
    """Stands for a kill in the middle of a run."""


def killed_after(plan_: Plan, folder: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs until a step has been taken, with the state saved after every second one."""
    original = loop._Trainer._step

    def taken(self: Any, sequences: Any, progress: Any) -> Any:
        if progress.step == step:
            raise KilledError
        return original(self, sequences, progress)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Trainer, "_step", taken)
        patch.setattr(loop._Trainer, "_is_time", lambda self, last, stop: len(losses_so_far(folder)) % 2 == 0)
        with pytest.raises(KilledError):
            loop.train(plan_, folder)


def losses_so_far(folder: Path) -> list[int]:
    return [1] * (sum("loss" in line for line in journal.read(folder)))


def test_a_run_learns_and_leaves_a_model(mixed: Lake, tmp_path: Path) -> None:
    result = loop.train(plan(mixed, steps=40, warm_up=4, evaluate_at=(20, 40)), tmp_path)
    curve = losses(tmp_path)
    assert len(curve) == 40
    assert math.log(560) - 0.5 < curve[0] < math.log(560) + 1
    assert sum(curve[-5:]) / 5 < curve[0] - 0.5
    assert {one.group for one in result.measured} == {"a", "b", "c"}
    assert result.progress.skipped == 0
    assert not list(tmp_path.glob("state-*"))
    assert [one["prompt"] for one in result.samples]


def test_the_same_plan_gives_the_same_weights(mixed: Lake, tmp_path: Path) -> None:
    for name in ("one", "two"):
        loop.train(plan(mixed), tmp_path / name)
    assert same(weights(tmp_path / "one"), weights(tmp_path / "two"))
    loop.train(plan(mixed, seed=4), tmp_path / "other")
    assert not same(weights(tmp_path / "one"), weights(tmp_path / "other"))


@pytest.mark.parametrize(
    ("optimizer", "step"), [("rmsprop", 1), ("rmsprop", 5), ("rmsprop", 6), ("rmsprop", 11), ("adamw", 5), ("muon", 5)]
)
def test_a_killed_run_continues_bit_by_bit(
    mixed: Lake, tmp_path: Path, step: int, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan(mixed, optimizer=optimizer)
    loop.train(planned, tmp_path / "whole")
    killed_after(planned, tmp_path / "killed", step, monkeypatch)
    result = loop.train(planned, tmp_path / "killed")
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "killed"))
    assert losses(tmp_path / "whole") == losses(tmp_path / "killed")
    assert result.progress.targets == sum(line["n"] for line in journal.read(tmp_path / "killed") if "loss" in line)


def test_a_run_that_does_not_learn_ends_also_if_it_is_stopped_again_and_again(
    mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps whose loss is above that of guessing are counted across stops."""
    planned = plan(mixed, learning_rate=10.0, warm_up=0)
    with pytest.raises(UserError, match="diverged") as whole:
        loop.train(planned, tmp_path / "whole")
    monkeypatch.setattr(loop._Trainer, "_is_time", lambda self, last, stop: True)
    original = loop._Trainer._step

    def end_after_one_step() -> str:
        taken: list[int] = []

        def step(self: Any, sequences: Any, progress: Any) -> Any:
            taken.append(progress.step)
            if len(taken) > 1:
                raise KilledError
            return original(self, sequences, progress)

        monkeypatch.setattr(loop._Trainer, "_step", step)
        try:
            loop.train(planned, tmp_path / "stopped")
        except KilledError:
            return ""
        except UserError as error:
            return str(error)
        return "it went on to its end"

    ends = [end_after_one_step() for _ in range(12)]
    assert next(end for end in ends if end) == str(whole.value)


def test_a_process_without_a_sequence_tells_the_others_zeros(mixed: Lake, tmp_path: Path) -> None:
    assert run_processes(plan(mixed, sequences=1), tmp_path / "two", 2) == 0
    loop.train(plan(mixed, sequences=1), tmp_path / "one")
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=2e-5)


@pytest.mark.parametrize("changes", [{"micro_batch": 1}, {"micro_batch": 3}, {"checkpoint_activations": True}])
def test_what_changes_memory_and_speed_changes_no_result(mixed: Lake, tmp_path: Path, changes: dict[str, Any]) -> None:
    loop.train(plan(mixed), tmp_path / "plain")
    loop.train(plan(mixed, **changes), tmp_path / "changed")
    assert losses(tmp_path / "plain") == pytest.approx(losses(tmp_path / "changed"), abs=2e-5)
    assert close(weights(tmp_path / "plain"), weights(tmp_path / "changed"), 2e-3)


def test_gradients_do_not_depend_on_micro_batches_padding_or_packing(mixed: Lake, tmp_path: Path) -> None:
    """In float64: a step over whole documents, packed by best fit, against each document alone with padding."""
    planned = plan(mixed, packing=with_packing(mixed, tmp_path), sequences=6)
    trainer = loop._Trainer(planned, tmp_path, lambda: None, ALONE)
    model = trainer.model.double()
    sequences = trainer.batches.step(0)
    total = sequences.n_targets

    def gradients(parts: list[Any]) -> tuple[float, list[torch.Tensor]]:
        model.zero_grad()
        value = 0.0
        for part in parts:
            loss, _ = trainer.objective(model, Batch.of(part), total)
            loss.backward()
            value += float(loss)
        return value, [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]

    alone = []
    for row in range(len(sequences)):
        assert sequences.documents is not None
        for number in sorted(set(sequences.documents[row].tolist()) - {-1}):
            slots = sequences.documents[row] == number
            one = sequences.part(row, row + 1)
            n = int(slots.sum())
            ids, targets, positions, documents = (
                array.copy() for array in (one.ids, one.targets, one.positions, one.documents)
            )
            for array, filling in ((ids, 0), (targets, -100), (positions, 0), (documents, -1)):
                array[0, :n], array[0, n:] = array[0][slots], filling
            alone.append(replace(one, ids=ids, targets=targets, positions=positions, documents=documents))
    assert len(alone) > len(sequences)
    whole = gradients([sequences])
    for parts in ([sequences.part(0, 1), sequences.part(1, 6)], alone):
        got = gradients(parts)
        assert got[0] == pytest.approx(whole[0], abs=1e-9)
        assert max(float((a - b).abs().max()) for a, b in zip(got[1], whole[1], strict=True)) < 1e-6


def test_ctrl_c_saves_the_state_after_the_step(mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = plan(mixed)
    loop.train(planned, tmp_path / "whole")
    original = loop._Trainer._step

    def step(self: Any, sequences: Any, progress: Any) -> Any:
        if progress.step == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, sequences, progress)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Trainer, "_step", step)
        with pytest.raises(KeyboardInterrupt):
            loop.train(planned, tmp_path / "stopped")
    assert [path.name for path in (tmp_path / "stopped").glob("state-*")] == ["state-0000000005"]
    loop.train(planned, tmp_path / "stopped")
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "stopped"))


def test_muon_turns_each_matrix_of_a_fused_one_alone(mixed: Lake, tmp_path: Path) -> None:
    trainer = loop._Trainer(plan(mixed, optimizer="muon"), tmp_path, lambda: None, ALONE)
    assert trainer.optimizer._pieces == trainer.model.pieces
    assert trainer.model.pieces


def test_a_step_that_is_too_large_changes_nothing_and_is_counted(mixed: Lake, tmp_path: Path) -> None:
    trainer = loop._Trainer(plan(mixed, skip_norm=1e-6), tmp_path, lambda: None, ALONE)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    progress, values = trainer._step(trainer.batches.step(0), checkpoints.Progress())
    assert (progress.step, progress.skipped, progress.skipped_in_a_row) == (1, 1, 1)
    assert values["norm"] > 1e-6
    assert same(before, trainer.model.state_dict())
    assert all(not tensor.any() for tensor in trainer.optimizer.state().values())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"skip_norm": 1e-6}, "diverged: the gradients of 10 steps in a row, up to step 10"),
        (
            {"learning_rate": 10.0, "warm_up": 0, "steps": 20},
            "its loss is .*, and that of guessing is 6.33; lower learning",
        ),
    ],
)
def test_a_run_that_does_not_learn_ends_with_the_reason(
    mixed: Lake, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        loop.train(plan(mixed, **changes), tmp_path)


def test_weights_that_are_not_numbers_end_the_run(mixed: Lake, tmp_path: Path) -> None:
    loop.train(plan(mixed, steps=1, evaluate_at=(1,)), tmp_path / "start")
    broken = weights(tmp_path / "start")
    broken["model.norm.weight"][0] = float("nan")
    checkpoints.save_file(broken, tmp_path / "start" / checkpoints.WEIGHTS)
    with pytest.raises(UserError, match="its loss is nan"):
        loop.train(plan(mixed, start=str(tmp_path / "start")), tmp_path / "next")


def test_two_processes_have_the_losses_of_one(mixed: Lake, tmp_path: Path) -> None:
    """With gloo, over sockets of this machine."""
    loop.train(plan(mixed), tmp_path / "one")
    assert run_processes(plan(mixed), tmp_path / "two", 2) == 0
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=2e-5)
    assert close(weights(tmp_path / "two"), weights(tmp_path / "one"), 2e-3)
    assert "2 processes" in json.loads((tmp_path / "two" / "result.json").read_text())["device"]


def test_each_stage_continues_from_the_model_before_it(mixed: Lake, tmp_path: Path) -> None:
    loop.train(plan(mixed), tmp_path / "core")
    shape = replace(plan(mixed).shape, rope_base=6_315_089.0)
    planned = plan(mixed, start=str(tmp_path / "core"), shape=shape, learning_rate=1e-9, weight_decay=0.0)
    loop.train(planned, tmp_path / "long")
    assert close(weights(tmp_path / "core"), weights(tmp_path / "long"), 1e-6)
    config = json.loads((tmp_path / "long" / "config.json").read_text())
    assert config["rope_parameters"]["rope_theta"] == 6_315_089.0
