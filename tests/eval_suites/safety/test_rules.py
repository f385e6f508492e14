"""Rules of guardrails: what a file may say, and what a feature changes."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus.errors import UserError
from eval_suites.safety import rules
from eval_suites.safety.rules import Guardrails, Rule

BOMBS = "{name: bombs, category: weapons, where: prompt, action: refuse, phrases: [build a bomb]}"
PHONES = "{name: phones, category: privacy, where: answer, action: replace, pattern: '\\d{3}-\\d{4}'}"
FILE = f"""
rules:
  - {BOMBS}
  - {PHONES}
features:
  summaries:
    without: [bombs]
    refusal: Sorry, I can't summarize that.
    add:
      - {{name: names, category: privacy, where: answer, action: flag, phrases: [Maria Moss]}}
"""


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def rule(**fields: Any) -> Rule:
    known: dict[str, Any] = {"name": "r", "category": "cyber", "where": "answer", "action": "refuse"}
    return Rule.model_validate(known | fields)


def matches(one: Rule, text: str) -> bool:
    return bool(pl.Series([text]).str.contains(one.expression).item())


def test_a_feature_turns_rules_off_and_adds_others(tmp_path: Path) -> None:
    path = write(tmp_path / "g.yaml", FILE)
    plain, summaries = rules.load(path), rules.load(path, "summaries")
    assert [one.name for one in plain.rules] == ["bombs", "phones"]
    assert [one.name for one in summaries.rules] == ["phones", "names"]
    assert (plain.refusal, summaries.refusal) == (rules.REFUSAL, "Sorry, I can't summarize that.")
    assert plain.key != summaries.key


def test_the_key_stands_for_what_rules_do_not_for_how_they_are_written(tmp_path: Path) -> None:
    before = rules.load(write(tmp_path / "g.yaml", FILE)).key
    assert rules.load(write(tmp_path / "h.yaml", "# a comment\n" + FILE)).key == before
    assert rules.load(write(tmp_path / "h.yaml", FILE.replace("build a bomb", "build a bike"))).key != before


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("build a bomb", "How to BUILD  a\nbomb?", True), ("build a bomb", "rebuild a bomb", False),
        ("build a bomb", "build a bombardment", False), ("c++ (old)", "in c++ (old), yes", True), ("c++", "ccc", False),
        ("$5", "for $5", True), ("ärger", "ÄRGER!", True), ("a.b", "axb", False),
    ],
)  # fmt: skip
def test_phrases_are_words_in_any_case_and_not_patterns(phrase: str, text: str, expected: bool) -> None:
    assert matches(rule(phrases=[phrase]), text) == expected


def test_phrases_and_a_pattern_are_alternatives() -> None:
    both = rule(phrases=["one thing"], pattern="a|b")
    assert [matches(both, text) for text in ("one thing", "xbx", "other")] == [True, True, False]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(?:a*)*b", "(x+x+)+y"])
def test_no_pattern_can_hang(pattern: str) -> None:
    """Python's own engine would need longer than the universe has been there."""
    if pattern not in ("(a|a)*$",):  # this one matches nothing, and is refused
        assert not matches(rule(pattern=pattern), "a" * 50_000 + "!")
        assert not matches(rule(pattern=pattern), "x" * 50_000)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("pattern: '\\d{3}-\\d{4}'", "pattern: '(a'"), "rule phones has a pattern that cannot be used: .*unclosed group"),
        (("pattern: '\\d{3}-\\d{4}'", "pattern: '(?=a)b'"), "cannot be used: .*look-around"),
        (("pattern: '\\d{3}-\\d{4}'", "pattern: '(a)\\1'"), "cannot be used: .*backreferences"),
        (("pattern: '\\d{3}-\\d{4}'", "pattern: '((a{1,999}){1,999}){1,999}'"), "cannot be used: .*size limit"),
        (("pattern: '\\d{3}-\\d{4}'", "pattern: 'a*'"), "matches an empty text, and so every text"),
        (("pattern: '\\d{3}-\\d{4}'", f"pattern: '{'a' * 1001}'"), "pattern: .*at most 1000 characters"),
        (("phrases: [build a bomb]", "phrases: []"), "rule bombs needs phrases or a pattern"),
        (("phrases: [build a bomb]", "phrases: ['  ']"), "rule bombs has an empty phrase"),
        (("action: refuse", "action: replace"), "rule bombs cannot replace in a prompt; it can refuse or flag"),
        (("action: refuse", "action: refuses"), "action: must be one of 'refuse', 'replace' or 'flag'"),
        (("category: weapons", "category: weapon"), "unknown category 'weapon'; did you mean 'weapons'"),
        (("category: weapons, ", ""), "category: is missing"),
        (("name: bombs", "nam: bombs"), "no such field; did you mean 'name'"),
        (("name: phones", "name: bombs"), "the rules have 'bombs' twice"),
        (("name: names", "name: phones"), "feature summaries have 'phones' twice"),
        (("without: [bombs]", "without: [bomb]"), "unknown rule in without of feature summaries 'bomb'; did you mean 'bombs'"),
        (("Sorry, I can't summarize that.", "Lovely weather"), "'Lovely weather' would be scored as an answer"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_file_and_line(tmp_path: Path, change: tuple[str, str], why: str) -> None:
    path = write(tmp_path / "g.yaml", FILE.replace(*change, 1))
    with pytest.raises(UserError, match=why) as error:
        rules.load(path)
    assert "\n" not in str(error.value)
    assert "g.yaml line" in str(error.value)


def test_files_and_features_that_are_not_there(tmp_path: Path) -> None:
    path = write(tmp_path / "g.yaml", FILE)
    with pytest.raises(UserError, match="unknown feature 'summary'; did you mean 'summaries'"):
        rules.load(path, "summary")
    with pytest.raises(UserError, match=r"guardrails .*none\.yaml: no such file"):
        rules.load(str(tmp_path / "none.yaml"))
    with pytest.raises(UserError, match="does not hold guardrails: it needs rules"):
        rules.load(write(tmp_path / "list.yaml", "[1]"))
    with pytest.raises(UserError, match="invalid YAML"):
        rules.load(write(tmp_path / "deep.yaml", "[" * 5000))


def test_no_rules_are_allowed() -> None:
    assert rules.choose(Guardrails()).rules == ()
