from pathlib import Path

from corpus.lake import Lake
from pomona import runner, status
from pomona.recipe import load
from tests.pomona.corpora import raw, recipe


def test_states_before_and_after_a_run(tmp_path: Path) -> None:
    asked = load(recipe(raw(tmp_path / "raw"), tmp_path / "lake"))
    lake = Lake(tmp_path / "lake")
    assert {one.state for one in status.status(lake, asked)} == {"missing"}
    list(runner.run_recipe(lake, asked, workers=1))
    assert {(one.state, one.why) for one in status.status(lake, asked)} == {
        ("current", "made from what the lake holds")
    }


def test_values_are_compared_as_json_gives_them_back() -> None:
    assert status.plain({"a": (1, (2,))}) == {"a": [1, [2]]}
