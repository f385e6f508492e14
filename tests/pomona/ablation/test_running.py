"""How the runs of a study are trained: on which device, in which process, and what ends it."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona.ablation import running
from tests.pomona.ablation.studies import lake_of, run, study


def test_a_run_that_diverges_ends_the_study_with_one_line(mixed: Lake, tmp_path: Path) -> None:
    for at_once in (1, 2):
        lake = lake_of(mixed, tmp_path / f"lake{at_once}")
        wild = {"weights": {"a": 1.0}, "train": {"learning_rate": 10, "warm_up_steps": 0, "optimizer": "adamw"}}
        with pytest.raises(UserError, match="diverged") as told:
            run(lake, study(at_once=at_once, variants={"wild": wild, "plain": {"weights": {"a": 1}}}))
        assert "\n" not in str(told.value)
        assert not lake.exists("ablations")


def test_each_process_has_a_core_or_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    assert running.devices(study()) == 4
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("pomona.runner.default_workers", lambda: 6)
    assert running.devices(study(model="3M")) == 6
    assert running.devices(study(model=["1M", "26M"])) == 1  # a large model uses all cores by itself


def test_a_process_that_is_killed_is_one_line(mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "one_run", _die)
    lake = lake_of(mixed, tmp_path / "lake")
    with pytest.raises(UserError, match="a process that trained was killed"):
        run(lake, study(at_once=2))


def _die(planned: running.Planned) -> None:
    os._exit(9)


@pytest.mark.parametrize("deaf", ["_deaf", "_interrupted"])
def test_an_error_ends_a_process_that_takes_its_signal_for_less(
    deaf: str, mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "one_run", globals()[deaf])
    monkeypatch.setattr(running, "_TO_SAVE", 1.0)
    lake = lake_of(mixed, tmp_path / "lake")
    with pytest.raises(UserError, match="the other has begun"):
        run(lake, study(at_once=2))


def _deaf(planned: running.Planned) -> None:
    """Fails in one process, after the other has begun not to listen."""
    _of_two(planned, signal.SIG_IGN)


def _interrupted(planned: running.Planned) -> None:
    """Fails in one process, after the other has begun to take the signal as a run does."""
    _of_two(planned, signal.default_int_handler)


def _of_two(planned: running.Planned, handler: Any) -> None:
    begun = Path(planned.branch) / "begun"
    if planned.variant == "mixed":
        while not begun.exists():
            time.sleep(0.01)
        raise UserError("the other has begun")
    signal.signal(signal.SIGTERM, handler)
    begun.touch()
    time.sleep(3600)
