"""Curves for other programs: what they wrote is what was added."""

import time
from pathlib import Path

import pytest

from corpus.errors import UserError
from training import curves
from training.curves import TENSORBOARD, TensorBoard, WeightsAndBiases


def test_tensorboard_reads_what_was_added_and_a_killed_runs_steps_once(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (killed,) = curves.open_all(tmp_path, 0, project="", run="1", name="r", config={})
    for step in (1, 2, 3):
        killed.add(step, {"loss": 1.0, "held_out/a": 3.0})
    killed.close()
    resumed = TensorBoard(tmp_path / TENSORBOARD, 2)
    resumed.add(3, {"loss": 2.0})
    resumed.flush()
    resumed.close()
    events = EventAccumulator(str(tmp_path / TENSORBOARD))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "held_out/a"}
    assert [(one.step, one.value) for one in events.Scalars("loss")] == [(1, 1.0), (2, 1.0), (3, 2.0)]


def test_weights_and_biases_keeps_a_run_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = WeightsAndBiases("pomona", "0123abc", "core", {"steps": 3})
    run.add(1, {"loss": 2.5})
    run.flush()
    run.close()
    (stored,) = tmp_path.glob("wandb/offline-run-*/run-0123abc.wandb")
    deadline = time.monotonic() + 60
    while b"loss" not in stored.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.2)  # a process of the service writes the file, after `close` on a busy machine
    assert b"loss" in stored.read_bytes()


def test_a_service_that_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    def refused(**more: object) -> None:
        raise wandb.errors.AuthenticationError("no key")

    monkeypatch.setattr(wandb, "init", refused)
    with pytest.raises(UserError, match="train 'core': wandb: no key; log in with `wandb login`"):
        WeightsAndBiases("pomona", "1", "core", {})
