import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.stage import Stage
from corpus.task import WorkItem
from pomona import budget
from pomona.recipe import load
from pomona.stages import Wanted
from tests.pomona.corpora import EVERY_STAGE, raw, recipe


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    root = raw(tmp_path / "raw")
    return Wanted.by(load(recipe(root, tmp_path / "lake"))).plan("ingest:pages", Lake(tmp_path / "lake"))


def items(n: int, n_bytes: int) -> list[WorkItem]:
    return [WorkItem(str(i), "", n_bytes, {}) for i in range(n)]


def test_a_budget_lowers_the_workers_and_never_the_result(stage: Stage) -> None:
    many = items(64, 64 << 20)
    assert budget.workers(stage, many, 8, None) == 8
    assert budget.workers(stage, many, 8, 4 << 30) < 8
    assert budget.workers(stage, many, 8, 64 << 30) == 8
    assert budget.workers(stage, items(3, 100), 8, None) == 3


def test_a_budget_for_no_worker_is_refused(stage: Stage) -> None:
    with pytest.raises(UserError, match="one worker needs"):
        budget.workers(stage, items(1, 64 << 20), 2, 100 << 20)


def test_an_estimate_covers_every_stage(tmp_path: Path) -> None:
    root = raw(tmp_path / "raw")
    loaded = load(recipe(root, tmp_path / "lake"))
    found = budget.estimate(Lake(tmp_path / "lake"), Wanted.by(loaded), 2, None)
    assert [e.stage for e in found] == Wanted.by(loaded).names()
    small = budget.estimate(Lake(tmp_path / "lake"), Wanted.by(loaded), 2, 1 << 30)
    assert all(a.peak_bytes >= b.peak_bytes for a, b in zip(found, small, strict=True))


def test_a_run_stays_below_what_was_estimated(tmp_path: Path) -> None:
    root = raw(tmp_path / "raw", n=200)
    path = recipe(root, tmp_path / "lake", EVERY_STAGE)
    estimated = {e.stage: e for e in budget.estimate(Lake(tmp_path / "lake"), Wanted.by(load(path)), 2, None)}
    command = [sys.executable, "-m", "pomona", "run", str(path), "--workers", "2"]  # this process is large already
    subprocess.run(command, check=True, capture_output=True)
    lake = Lake(tmp_path / "lake")
    peaks = {m.stage: m.facts["peak_bytes"] for table in lake.tables() for m in lake.lineages(table).values()}
    assert peaks.keys() == estimated.keys()
    for stage, peak in peaks.items():
        assert 50 << 20 < peak < estimated[stage].peak_bytes * 1.25, stage


def test_rates_come_from_this_machine_or_are_typical(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert budget.load_rates() == budget.default_rates()
    (tmp_path / "pomona").mkdir()
    budget.rates_path().write_text('{"signals": 5, "other": 1}')
    assert budget.load_rates()["signals"] == 5
    budget.rates_path().write_text("not json")
    assert budget.load_rates() == budget.default_rates()
