from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.execution import WorkItem
from corpus.lake import Lake
from pomona import budget, runner, stages
from pomona.recipe import load
from tests.pomona.corpora import raw, recipe


@pytest.fixture
def stage(tmp_path: Path) -> stages.Stage:
    root = raw(tmp_path / "raw")
    return stages.plan("ingest:pages", Lake(tmp_path / "lake"), load(recipe(root, tmp_path / "lake")))


def items(n: int, n_bytes: int) -> list[WorkItem]:
    return [WorkItem(str(i), "", n_bytes, {}) for i in range(n)]


def test_a_budget_lowers_the_workers_and_never_the_result(stage: stages.Stage) -> None:
    many = items(64, 64 << 20)
    assert budget.workers(stage, many, 8, None) == 8
    assert budget.workers(stage, many, 8, 4 << 30) < 8
    assert budget.workers(stage, many, 8, 64 << 30) == 8
    assert budget.workers(stage, items(3, 100), 8, None) == 3


def test_a_budget_for_no_worker_is_refused(stage: stages.Stage) -> None:
    with pytest.raises(UserError, match="one worker needs"):
        budget.workers(stage, items(1, 64 << 20), 2, 100 << 20)


def test_an_estimate_covers_every_stage(tmp_path: Path) -> None:
    root = raw(tmp_path / "raw")
    loaded = load(recipe(root, tmp_path / "lake"))
    found = budget.estimate(Lake(tmp_path / "lake"), loaded, 2, None)
    assert [e.stage for e in found] == stages.names(loaded)
    small = budget.estimate(Lake(tmp_path / "lake"), loaded, 2, 1 << 30)
    assert all(a.peak_bytes >= b.peak_bytes for a, b in zip(found, small, strict=True))


def test_a_run_stays_below_what_was_estimated(tmp_path: Path) -> None:
    root = raw(tmp_path / "raw")
    lake, loaded = Lake(tmp_path / "lake"), load(recipe(root, tmp_path / "lake"))
    estimated = {e.stage: e for e in budget.estimate(lake, loaded, 2, None)}
    list(runner.run_recipe(lake, loaded, workers=2))
    for table in lake.tables():
        for made in lake.lineages(table).values():
            if made.facts["workers"] == 2:  # the largest single process, against one worker's share
                assert made.facts["peak_bytes"] < estimated[made.stage].peak_bytes * 1.25


def test_rates_come_from_this_machine_or_are_typical(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert budget.load_rates() == budget.DEFAULT_RATES
    (tmp_path / "pomona").mkdir()
    budget.rates_path().write_text('{"signals": 5, "other": 1}')
    assert budget.load_rates()["signals"] == 5
    budget.rates_path().write_text("not json")
    assert budget.load_rates() == budget.DEFAULT_RATES
