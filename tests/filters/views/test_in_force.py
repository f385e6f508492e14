"""The limits in force are those that decided, not those of the rules."""

from pathlib import Path

from corpus.lake import Lake
from filters.views import has_overrides, in_force, reasons
from filters.views.in_force import limits, own_rules
from pomona import runner
from pomona.recipe import parse
from tests.pomona.corpora import PROSE


def test_limits_and_rules_of_ones_own_come_from_the_lake(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PROSE)
    (tmp_path / "mine.yaml").write_text("rules: {few: {signal: n_words, at_least: 3, doc: Short ones say little}}")
    rules = (
        f"{{rules: [gopher_quality, {tmp_path}/mine.yaml], limits: {{gopher_quality.min_words: 7}}, "
        "overrides: [{source: a, limits: {gopher_quality.max_words: 100000}}]}"
    )
    lake = Lake(tmp_path / "lake")
    assert in_force(lake)["gopher_quality.min_words"].limit == 50
    list(runner.run_recipe(lake, parse(f"sources: [{{name: a, path: {tmp_path}/a.txt}}]\nfilter: {rules}"), workers=1))

    assert in_force(lake)["gopher_quality.min_words"].limit == 7
    assert limits(lake)["mine.few"] == 3
    assert list(own_rules(lake)) == ["mine.few"]
    assert has_overrides(lake)
    assert reasons(lake)["mine.few"] == "Short ones say little; keeps n_words >= 3"
    assert reasons()["gopher_quality.min_words"].endswith("keeps n_plain_words >= 50")
