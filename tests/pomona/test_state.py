from pathlib import Path

from corpus.lake import Lake
from pomona import runner, state
from pomona.recipe import load
from tests.pomona.corpora import raw, recipe


def test_states_before_and_after_a_run(tmp_path: Path) -> None:
    asked = load(recipe(raw(tmp_path / "raw"), tmp_path / "lake"))
    lake = Lake(tmp_path / "lake")
    assert {one.state for one in state.status(lake, asked)} == {"missing"}
    list(runner.run_recipe(lake, asked, workers=1))
    assert {(one.state, one.why) for one in state.status(lake, asked)} == {("current", "made from what the lake holds")}


def test_values_are_compared_as_json_gives_them_back() -> None:
    assert state.plain({"a": (1, (2,))}) == {"a": [1, [2]]}


def test_what_a_recipe_no_longer_names_is_said_before_it_goes(tmp_path: Path) -> None:
    path = recipe(raw(tmp_path / "raw"), tmp_path / "lake", "dedup: {minhash: null}")
    lake = Lake(tmp_path / "lake")
    list(runner.run_recipe(lake, load(path), workers=1))
    text = "\n".join(line for line in path.read_text().splitlines() if "name: rows" not in line)
    path.write_text(text.replace("dedup: {minhash: null}", "dedup: null"))
    states = {one.stage: one.state for one in state.status(lake, load(path))}
    assert states["ingest:site"] == "current"
    assert {states[name] for name in ("drop:rows", "drop:exact", "signals", "filter")} == {"stale"}
    ran = {o.stage: o.state for o in runner.run_recipe(lake, load(path), workers=1)}
    assert {name for name, state in ran.items() if state == "ran"} == {
        name for name, s in states.items() if s == "stale"
    }
    assert {one.state for one in state.status(lake, load(path))} == {"current"}
