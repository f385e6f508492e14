"""One line of rule sets and limits gives the settings that a recipe gives."""

from pathlib import Path

import pytest

from corpus.errors import UserError
from filters.decide import Settings
from filters.settings import FilterSettings
from filters.spec import parse


def test_a_line_and_a_section_give_the_same_settings() -> None:
    line = "c4, gopher_quality,gopher_quality.min_words=30,c4.min_sentences=off,language,language.allowed=en+de"
    section = FilterSettings(
        rules=("c4", "gopher_quality", "language"),
        limits={"gopher_quality.min_words": 30, "c4.min_sentences": None, "language.allowed": ("en", "de")},
    )
    assert parse(line) == section.decisive()
    assert isinstance(parse("c4"), Settings)
    assert FilterSettings(rules=("c4", "c4.min_sentences=2")).limits == {"c4.min_sentences": 2.0}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "no rule set in ''; name at least one of gopher_quality"),
        ("c4.min_sentences=2", "no rule set in 'c4.min_sentences=2'"),
        ("c4,c4.min_sentences=many", "c4.min_sentences takes a number or off, got 'many'"),
        ("language,language.allowed=3", "language.allowed takes a list of names or off, got 3.0"),
    ],
)
def test_what_a_line_has_wrong_is_said(line: str, told: str) -> None:
    with pytest.raises(UserError, match=told.replace("(", "\\(")):
        parse(line)


def test_a_path_may_have_an_equals_sign(tmp_path: Path) -> None:
    (tmp_path / "run=3").mkdir()
    (tmp_path / "run=3" / "mine.yaml").write_text("rules: {few: {signal: n_words, at_least: 3}}")
    assert parse(f"c4,{tmp_path}/run=3/mine.yaml,mine.few=5").limit("mine.few") == 5
