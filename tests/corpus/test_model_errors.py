"""Mistakes in recipes and options, as people make them: one line, what and where, what is allowed, exit code 2."""

import json
from pathlib import Path

import pytest

from pomona.cli import main

HEAD = "lake: lake\nsources: [{name: s, path: a.jsonl}]\n"
RECIPES = {
    "filter: {languages: [english]}": "line 3: filter.languages: language 'english' is not a code",
    "filter: {overrides: [{source: nosuch}]}": "line 3: filter.overrides: unknown source 'nosuch'. Allowed: s",
    "filter: {overrides: [{language: ger}]}": "language 'ger' is not a code",
    "dedup: {paragraphs: {only: [x]}}": "line 3: dedup.paragraphs.only: unknown source 'x'. Allowed: s",
    "dedup: {substrings: {only: []}}": "line 3: dedup.substrings.only: must have 1 or more entries, not 0",
    "dedup: {minhash: {threshold: 2}}": "line 3: dedup.minhash.threshold: must be at most 1.0, got 2",
    "dedup: 3": "line 3: dedup: must be a section with its own fields, or null where that turns it off, got 3",
    "dedup: {exact: maybe}": "line 3: dedup.exact: must be true or false, got 'maybe'",
    "dedup: {semantic: {seed: 1.5}}": "line 3: dedup.semantic.seed: must be a whole number, got 1.5",
    "dedup: {minhash: {thresold: 1}}": "line 3: dedup.minhash.thresold: no such field; did you mean 'threshold'?",
    "filter: {rules: []}": "line 3: filter.rules: must have 1 or more entries, not 0",
    "filter: {rules: gopher_quality}": "line 3: filter.rules: must be a list, got 'gopher_quality'",
    "filter: {limits: {gopher_quality.min_words: .nan}}": "gopher_quality.min_words takes a number of 0 or more, or off",
    "filter: {limits: {gopher_quality.min_words: -5}}": "takes a number of 0 or more, or off; got -5.0",
    "filter: {limits: {gopher_quality.min_words: .inf}}": "takes a number of 0 or more, or off; got inf",
    "decontaminate: {}": "line 3: decontaminate.benchmarks: is missing",
    "source: 1": "line 3: source: no such field; did you mean 'sources'?",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    Path("a.jsonl").write_text(json.dumps({"text": "Some words."}) + "\n")


def told(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 2
    [line] = capfd.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line


@pytest.mark.parametrize(("line", "wanted"), RECIPES.items())
def test_a_recipe_s_mistake_names_its_line_and_what_is_allowed(
    line: str, wanted: str, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("r.yaml").write_text(HEAD + line + "\n")
    message = told(capfd, "run", "r.yaml")
    assert wanted in message
    assert "r.yaml" in message
    assert not Path("lake").exists()


OPTIONS = {
    ("filter", "--rules", "gopher_quality,gopher_quality.min_words=nan"): "takes a number of 0 or more, or off",
    ("filter", "--rules", "gopher_quality", "--memory", "8"): "--memory 8 is 8 bytes",
    ("filter", "--rules", "gopher_quality", "--memory", "much"): "--memory: 'much' is not a size",
    ("dedup", "--cut-sources", "s"): "--cut-sources requires --paragraphs or --substrings, which is not given",
    ("dedup", "--paragraphs", "line", "--cut-sources", "nosuch"): "--cut-sources: unknown source 'nosuch'. Allowed: s",
    ("dedup", "--paragraphs", "word"): "--paragraphs: must be one of 'paragraph' or 'line', got 'word'",
    ("dedup", "--threshold", "2"): "--threshold: must be at most 1.0, got 2.0",
    ("dedup", "--substrings", "3"): "--substrings: must be 8 or more, got 3",
    ("ingest", "a.jsonl", "--source", "q", "--text-column", ""): "--text-column: must not be empty",
    ("ingest", "a.jsonl", "--source", "a b"): "--source: must begin with a letter or digit",
    ("ingest", "a.jsonl", "--source", "q", "--kind", "csv"): "--kind: unknown kind 'csv'",
}


@pytest.mark.parametrize(("arguments", "wanted"), OPTIONS.items(), ids=lambda value: " ".join(value)[:40])
def test_an_option_s_mistake_names_it_as_it_was_typed(
    arguments: tuple[str, ...], wanted: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["ingest", "a.jsonl", "--source", "s", "--workers", "1"]) == 0
    capfd.readouterr()
    assert wanted in told(capfd, *arguments)


def test_the_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out.startswith("pomona ")


def test_a_folder_with_other_things_is_made_no_lake(capfd: pytest.CaptureFixture[str]) -> None:
    Path("notes").mkdir()
    Path("notes/readme.txt").write_text("mine")
    message = told(capfd, "ingest", "a.jsonl", "--source", "s", "--lake", "notes")
    assert "notes is a folder with other files and without a lake" in message
    assert [path.name for path in Path("notes").iterdir()] == ["readme.txt"]
    Path("empty").mkdir()
    assert main(["ingest", "a.jsonl", "--source", "s", "--lake", "empty", "--workers", "1"]) == 0
    Path("empty/notes.txt").write_text("beside the tables")
    assert main(["ingest", "a.jsonl", "--source", "s", "--lake", "empty", "--workers", "1"]) == 0
