"""The same files under another spelling of their path are the same source."""

import json
from pathlib import Path

import pytest

from corpus.lake import Lake
from pomona.cli import main


def test_a_recipe_and_a_command_over_the_same_path_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text(json.dumps({"text": "Some words."}) + "\n")
    Path("r.yaml").write_text("sources: [{name: a, path: a.jsonl}]\nfilter: null\ndedup: null\n")
    assert main(["ingest", "a.jsonl", "--source", "a", "--workers", "1"]) == 0
    before = Lake("lake").scan("documents").collect()
    capsys.readouterr()
    assert main(["status", "r.yaml", "--json"]) == 0
    assert {one["stage"]: one["state"] for one in json.loads(capsys.readouterr().out)}["ingest:a"] == "current"

    # The other way around: a recipe first, then the command, which adds nothing twice.
    assert main(["run", "r.yaml", "--lake", "other", "--workers", "1"]) == 0
    assert main(["ingest", str(tmp_path / "a.jsonl"), "--source", "a", "--lake", "other", "--workers", "1"]) == 0
    assert Lake("other").scan("documents").collect().height == before.height == 1

    # Another file is another source.
    Path("b.jsonl").write_text(json.dumps({"text": "Other words."}) + "\n")
    Path("r.yaml").write_text("sources: [{name: a, path: b.jsonl}]\nfilter: null\ndedup: null\n")
    capsys.readouterr()
    assert main(["status", "r.yaml", "--json"]) == 0
    assert {one["stage"]: one["state"] for one in json.loads(capsys.readouterr().out)}["ingest:a"] == "stale"


def test_a_key_of_a_nested_object_is_not_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    row = {"text": "Some words.", "metadata": {"language": "en"}}
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for _ in range(5)))
    assert main(["ingest", "a.jsonl", "--source", "a", "--metadata", "language", "--workers", "1"]) == 2
    assert "'language' is not in any record" in capsys.readouterr().err
    with Path("a.jsonl").open("a") as file:
        file.write(json.dumps(row | {"language": "de"}))  # the last line, which has no line end
    assert main(["ingest", "a.jsonl", "--source", "a", "--metadata", "language", "--workers", "1"]) == 0
