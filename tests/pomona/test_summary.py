"""What commands say of what they did, against counts by hand."""

import json
from pathlib import Path

import pytest

from pomona import runner, summary
from pomona.cli import main

PROSE = "The river walks past the mill, and the people of the town drink its water in the morning of a summer day. " * 4


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    texts = [PROSE, f"{PROSE} Another.", "The and that have with be of.", "Zzzz " * 60, "Xx yy."]
    Path("a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def test_filter_tells_its_main_reasons_and_what_each_alone_drops(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", "a.jsonl", "--source", "s", "--workers", "1"]) == 0
    capsys.readouterr()
    rules = "gopher_quality,gopher_quality.min_mean_word_length=off,gopher_quality.min_alpha_word_fraction=off"
    assert main(["filter", "--rules", rules, "--workers", "1"]) == 0
    text = capsys.readouterr().out
    assert "5 decisions, 2 kept" in text
    # Too few words: the third and the fifth; too few stop words: the fourth and the fifth.
    assert "gopher_quality.min_stop_words: 2 documents, 1 only for this reason\n" in text
    assert "gopher_quality.min_words: 2 documents, 1 only for this reason\n" in text

    assert main(["filter", "--rules", rules, "--workers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reasons"] == [
        {"reason": "gopher_quality.min_stop_words", "documents": 2, "alone": 1},
        {"reason": "gopher_quality.min_words", "documents": 2, "alone": 1},
    ]


def test_a_run_ends_with_what_stays_and_what_comes_next(capsys: pytest.CaptureFixture[str]) -> None:
    recipe = {"lake": "lake", "sources": [{"name": "s", "path": "a.jsonl"}], "filter": {"rules": ["gopher_quality"]}}
    Path("r.yaml").write_text(json.dumps(recipe | {"dedup": {"minhash": None}}))
    assert main(["run", "r.yaml", "--workers", "1"]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("2 of 5 documents kept, ")
    assert last.endswith(" words; next: pomona report, pomona export --out FOLDER")


@pytest.mark.parametrize(
    ("ran", "of", "told"), [(3, 5, "3 run, 2 reused"), (0, 4, "4 reused"), (2, 2, "2 run"), (0, 0, "")]
)
def test_items_that_ran_and_those_that_were_there(ran: int, of: int, told: str) -> None:
    assert summary.items(runner.Outcome("signals", "ran", ran, of, {}, 1.0)) == told


def test_a_run_that_keeps_nothing_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    own = "rules: {long: {signal: n_words, at_least: 100000, doc: Short ones say little}}"
    Path("only.yaml").write_text(own)
    Path("r.yaml").write_text("sources: [{name: s, path: a.jsonl}]\nfilter: {rules: [only.yaml]}\ndedup: null\n")
    assert main(["run", "r.yaml", "--workers", "1"]) == 0
    told = capsys.readouterr().out
    assert "none of 5 documents is kept; main reasons:" in told
    assert "only.long: 5 documents, 5 only for this reason" in told
