"""What is left of a recipe: all before a run, nothing after it, the stopped stage's rest in between."""

from pathlib import Path

from corpus.lake import Lake
from corpus.task import run_item
from pomona import budget, runner
from pomona.recipe import load
from pomona.stages import Wanted
from pomona.workload import total, workload
from tests.pomona.corpora import raw, recipe


def test_all_of_it_then_nothing(tmp_path: Path) -> None:
    path = recipe(raw(tmp_path / "raw"), tmp_path / "lake", "dedup: {minhash: {threshold: 0.97}}")
    lake, loaded = Lake(tmp_path / "lake"), load(path)
    found = workload(lake, loaded, 2, None)
    estimates = budget.estimate(lake, Wanted.by(loaded), 2, None)
    assert [(one.stage, one.items, one.minutes) for one in found] == [(e.stage, e.items, e.minutes) for e in estimates]
    everything = total(found)
    assert everything.minutes == sum(e.minutes for e in estimates)
    assert everything.peak_bytes == max(e.peak_bytes for e in estimates)

    list(runner.run_recipe(lake, loaded, workers=1))
    after = workload(lake, loaded, 2, None)
    assert {(one.state, one.items, one.minutes, one.peak_bytes) for one in after} == {("current", 0, 0.0, 0)}
    assert total(after).state == "nothing to do"

    path.write_text(path.read_text().replace("gopher_quality.min_words: 40", "gopher_quality.min_words: 41"))
    states = {one.stage: one.state for one in workload(lake, load(path), 2, None)}
    assert states["signals"] == "current"
    assert {states[name] for name in ("filter", "exact", "minhash")} == {"stale"}


def test_what_a_stopped_run_has_finished_is_not_left(tmp_path: Path) -> None:
    path = recipe(raw(tmp_path / "raw"), tmp_path / "lake")
    lake, loaded = Lake(tmp_path / "lake"), load(path)
    stage = Wanted.by(loaded).plan("ingest:site", lake)
    run_item(lake, stage.step, stage.outputs, stage.plan_items()[0])
    first = workload(lake, loaded, 2, None)[0]
    assert (first.state, first.items, first.items_in_all) == ("missing", 0, 1)
