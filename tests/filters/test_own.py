"""Rule sets from files: what they decide against plain Python, and every usual mistake in one line."""

import json
import math
from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from filters import own
from filters.decide import decide
from filters.spec import parse
from pomona import runner
from pomona.cli import main
from pomona.page import render
from pomona.recipe import load as load_recipe
from tests.pomona.corpora import raw, recipe

FORUM = """
doc: What we want of forum pages
languages: [en]
rules:
  min_words: {signal: n_plain_words, at_least: 80, doc: Short posts say little}
  words_a_line: {signal: n_words / n_lines, at_least: 3}
  balance: {signal: (n_words - n_lines) / (n_words + n_lines), at_most: 0.9}
  allowed: {signal: language, one_of: [en, de]}
"""


@pytest.fixture
def forum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("forum.yaml").write_text(FORUM)
    return "forum.yaml"


def signals(**columns: list[object]) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    return pl.DataFrame({"id": [str(i) for i in range(n)], "source": ["s"] * n, **columns})


def test_a_file_decides_as_its_words_say(forum: str) -> None:
    rows = [
        (100, 100, 10, "en"),
        (79, 100, 10, "en"),
        (80, 29, 10, "de"),
        (80, 30, 10, "fr"),
        (90, 1000, 2, "en"),
        (90, 0, 0, "en"),
    ]
    frame = signals(
        n_plain_words=[r[0] for r in rows],
        n_words=[r[1] for r in rows],
        n_lines=[r[2] for r in rows],
        language=[r[3] for r in rows],
    )
    want = [
        [name for name, broken in (
            ("forum.min_words", plain < 80),
            ("forum.words_a_line", lines > 0 and words / lines < 3),  # 5 / 0 is no value either
            ("forum.balance", words + lines > 0 and (words - lines) / (words + lines) > 0.9),
            ("forum.allowed", language not in ("en", "de")),
        ) if broken]
        for plain, words, lines, language in rows
    ]  # fmt: skip
    decided = decide(frame, parse(forum))
    assert decided["reasons"].to_list() == want
    assert [bool(reasons) for reasons in want] == [False, True, True, True, True, False]
    (ratio,) = [m for m in decided["measured"][2] if m["rule"] == "forum.words_a_line"]
    assert math.isclose(ratio["value"], 2.9)
    assert ratio["limit"] == 3


def test_what_cannot_be_computed_breaks_nothing() -> None:
    rule = own._OwnRule(signal="n_words / n_lines", at_most=3).rule("a")
    frame = pl.DataFrame({"n_words": [5.0, 0.0, 9.0, None], "n_lines": [0.0, 0.0, 1.0, 1.0]})
    assert frame.select(breaks=rule.breaks(pl.lit(3.0)))["breaks"].to_list() == [False, False, True, False]


def test_limits_of_a_file_are_changed_and_turned_off_as_any(forum: str) -> None:
    settings = parse(f"{forum},c4,forum.min_words=90,forum.allowed=off,forum.balance=-0.25")
    assert settings.rule_sets == ("forum", "c4")
    assert [settings.limit(f"forum.{name}") for name in ("min_words", "words_a_line", "balance", "allowed")] == [
        90,
        3,
        -0.25,
        None,
    ]
    assert settings.languages("forum") == ("en",)
    assert settings.languages("gopher_quality") == ("en",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: {}", "forum.yaml line 1: rules: must have 1 or more entries, not 0"),
        ("doc: x", "forum.yaml has no `rules:`; docs/guides/filter.md shows an example"),
        ("- a", "forum.yaml has no `rules:`"),
        ("rules:\n  a: {signal: n_words, at_least: 1}\n  a: {signal: n_words, at_least: 2}", "forum.yaml line 3: the field 'a' appears twice here"),
        ("rules: {a: {signal: n_words, at_least: 1", "forum.yaml line 1: invalid YAML"),
        ("rules:\n  a: {signal: n_wrods, at_least: 1}", "forum.yaml line 2: rules.a: unknown signal 'n_wrods'; did you mean 'n_words'?"),
        ("rules:\n  a: {signal: n_words}", "forum.yaml line 2: rules.a: takes one of at_least, at_most and one_of; it has none of them"),
        ("rules:\n  a: {signal: n_words, at_least: 1, at_most: 2}", "it has at_least and at_most"),
        ("rules:\n  a: {signal: n_words, at_last: 1}", "forum.yaml line 2: rules.a.at_last: no such field; did you mean 'at_least'?"),
        ("rules:\n  a: {signal: n_words, at_least: many}", "forum.yaml line 2: rules.a.at_least: must be a number"),
        ("rules:\n  a: {signal: n_words, at_least: .nan}", "rules.a.at_least: must be a finite number"),
        ("languages: [english]\nrules:\n  a: {signal: n_words, at_least: 1}", "forum.yaml line 1: languages: language 'english' is not a code that the detector knows; write ISO 639 codes, as en or de; did you mean 'en'?"),
        ("rules:\n  a: {signal: language, at_least: 1}", "language is text and takes one_of"),
        ("rules:\n  a: {signal: n_words, one_of: [a]}", "n_words is a number and takes at_least or at_most"),
        ("rules:\n  A b: {signal: n_words, at_least: 1}", "a rule's name has lowercase letters, digits and _, and begins with a letter"),
        ("rules:\n  a: {signal: n_words /, at_least: 1}", "rules.a: 'n_words /' cannot be computed"),
        ("rules:\n  a: {signal: n_words / n_lnes, at_least: 1}", "unknown signal or function 'n_lnes'; did you mean"),
        ("rules:\n  a: {signal: 1 + 1, at_least: 1}", "must compute a number from signals that are numbers"),
        ("rules:\n  a: {signal: n_words - avg(n_words), at_least: 1}", "unknown signal or function 'avg'"),
        ("rules:\n  a: {signal: sum(n_words), at_least: 1}", "unknown signal or function 'sum'"),
        ("rules:\n  a: {signal: case when n_words > 100 then sum(n_words) else n_words end, at_least: 1}", "unknown signal or function 'sum'"),
        ("rules:\n  a: {signal: n_words // n_lines, at_least: 1}", "has '/', which is not allowed in an expression"),
        ("rules:\n  a: {signal: 'n_words::TINYINT', at_least: 1}", "has ':', which is not allowed in an expression"),
        ("rules:\n  a: {signal: \"n_words + 'x'\", at_least: 1}", "has \"'\", which is not allowed in an expression"),
        ("rules:\n  a: {signal: cast(n_words as decimal), at_least: 1}", "unknown signal or function 'cast'"),
        ("rules:\n  a: {signal: n_words" + " + 1" * 100_000 + ", at_least: 1}", "at most 300 are read"),
        ("rules:\n  a: {signal: -language, at_least: 1}", "must compute a number from signals that are numbers"),
        ("rules: &a {x: *a}", "forum.yaml line 1: rules.x.x: no such field"),
        ("doc: 2024-13-45\nrules: {}", "forum.yaml: invalid YAML: month must be in 1..12"),
        ("? [a, b]\n: 1", "forum.yaml line 1: a field's name must be a word"),
        ("rules: " + "[" * 20_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(forum: str, text: str, message: str) -> None:
    Path(forum).write_text(text)
    pattern = message if "|" in message else None
    with pytest.raises(UserError) as error:
        own.load(forum)
    told = str(error.value)
    assert any(part in told for part in (pattern.split("|") if pattern else [message])), told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("c4.yaml", "'c4' is the name of a published set"),
        ("My Rules.yaml", "is not allowed; use lowercase letters"),
        ("none.yaml", "cannot read the rule set none.yaml"),
    ],
)
def test_names_of_files(forum: str, name: str, message: str) -> None:
    if name != "none.yaml":
        Path(name).write_text(FORUM)
    with pytest.raises(UserError, match=message):
        parse(name)


def test_a_file_without_its_ending_is_hinted_at(forum: str) -> None:
    with pytest.raises(UserError, match=r"unknown rule set 'forum'; did you mean the file forum.yaml\?"):
        parse("forum,c4")


def test_two_files_of_one_name_are_told_apart(forum: str) -> None:
    Path("other").mkdir()
    Path("other/forum.yaml").write_text(FORUM)
    with pytest.raises(UserError, match=r"two rule sets are called 'forum': forum.yaml and other/forum.yaml"):
        parse("forum.yaml,other/forum.yaml")
    assert parse("forum.yaml,forum.yaml").rule_sets == ("forum",)


def test_a_recipe_names_files_relative_to_itself_and_the_report_explains_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = raw(tmp_path / "raw")
    (root / "rules").mkdir()
    (root / "rules" / "forum.yaml").write_text(FORUM.replace("at_least: 80", "at_least: 95"))
    (root / "rules" / "site.yaml").write_text("rules: {few: {signal: n_words, at_most: 5, doc: None of these}}")
    path = recipe(root, tmp_path / "lake")
    section = (
        "filter:\n  rules: [rules/forum.yaml, c4]\n  limits: {forum.balance: null}\n"
        "  overrides: [{source: site, rules: [rules/site.yaml, c4], limits: {site.few: 6}}]\ndedup: null\n"
    )
    path.write_text(path.read_text().split("filter:")[0] + section)
    monkeypatch.chdir(tmp_path)
    lake, loaded = Lake(tmp_path / "lake"), load_recipe(path)
    list(runner.run_recipe(lake, loaded, workers=1))

    rows = lake.scan("decisions", slot="filter").select("source", pl.col("reasons").list.join(",")).unique().collect()
    reasons = {source: set(rows.filter(pl.col("source") == source)["reasons"]) for source in rows["source"].unique()}
    assert any("site.few" in reason for reason in reasons["site"])
    assert all("forum" not in reason for reason in reasons["site"])
    assert any("forum.min_words" in reason for reason in reasons["rows"])

    (root / "rules" / "forum.yaml").unlink()  # what it meant is in the lake
    page = render(lake)
    assert "Short posts say little; keeps n_plain_words &gt;= 95" in page
    assert "None of these; keeps n_words &lt;= 5" in page

    (root / "rules" / "forum.yaml").write_text(FORUM)  # another limit: the filter runs again, and nothing before it
    states = {o.stage: o.state for o in runner.run_recipe(lake, load_recipe(path), workers=1)}
    assert (states["signals"], states["filter"]) == ("current", "ran")


def test_commands_take_files(forum: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = "The river walks past the mill, and the people of the town drink its water in the morning of a day. "
    Path("a.jsonl").write_text("\n".join(json.dumps({"text": text * n}) for n in (2, 6, 12)))
    lake = ["--lake", "lake"]
    assert main(["ingest", "a.jsonl", "--source", "a", *lake]) == 0
    assert main(["filter", "--rules", f"{forum},forum.balance=off", *lake]) == 0
    assert "forum.min_words: 1 document, 1 only for this reason" in capsys.readouterr().out
    assert main(["rules", "list", forum]) == 0
    assert "n_words / n_lines >= 3" in capsys.readouterr().out
    assert main(["rules", "diff", forum, f"{forum},forum.balance=off", "--json", *lake]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["dropped_kept"] == 2
    assert main(["rules", "sweep", "forum.words_a_line", "--rules", forum, *lake]) == 0
    assert main(["rules", "sweep", "forum.words_a_line", *lake]) == 2
    assert "name your own file with --rules FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "n_words / 10",
        "n_words / 3",
        "(n_words + n_lines) / 7",
        "sqrt(n_words - n_lines)",
        "ln(n_words) / ln(2)",
        "n_words % 7",
    ],
)
def test_ordinary_expressions_are_taken(forum: str, text: str) -> None:
    Path(forum).write_text(json.dumps({"rules": {"a": {"signal": text, "at_least": 1}}}))
    assert own.load(forum).rules[0].signal == text


@pytest.mark.parametrize(
    ("divisor", "limit"), [(100, 0.57), (100, 0.35), (100, 0.41), (100, 1.14), (1000, 0.057), (3, 19.0)]
)
def test_a_decision_does_not_depend_on_the_documents_beside(forum: str, divisor: int, limit: float) -> None:
    """Polars divides one row exactly and many through the reciprocal."""
    n = round(limit * divisor)
    for bound, broken in (("at_most", n + 1), ("at_least", n - 1)):
        Path(forum).write_text(json.dumps({"rules": {"a": {"signal": f"n_words / {divisor}", bound: limit}}}))
        settings = parse(forum)
        for others in ([], [5], [5, 7, 9]):
            kept = decide(signals(n_words=[n, *others]), settings)["kept"][0]
            assert kept, (bound, others)
            assert not decide(signals(n_words=[broken, *others]), settings)["kept"][0], (bound, others)


@pytest.mark.parametrize("name", ["exact", "decontam", "filter"])
def test_a_set_is_not_called_as_a_stage(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_set = tmp_path / f"{name}.yaml"
    own_set.write_text("rules: {a: {signal: n_words, at_least: 80}}")
    recipe = {"sources": [{"name": "a", "path": str(tmp_path)}], "filter": {"rules": [str(own_set)]}}
    (tmp_path / "r.yaml").write_text(json.dumps(recipe))
    assert main(["run", str(tmp_path / "r.yaml")]) == 2
    assert f"filter.rules: '{name}' is the name of a stage; choose another name" in capsys.readouterr().err


def test_an_expression_that_ends_in_a_share_is_no_share(forum: str) -> None:
    Path(forum).write_text("rules: {a: {signal: n_words / alpha_word_fraction, at_least: 80}}")
    assert parse(f"{forum},forum.a=90").limit("forum.a") == 90
