import json
from pathlib import Path

import pytest

import pomona
from corpus.lake import Lake
from pomona.cli import main
from tests.pomona.corpora import PROSE


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    Path("good.jsonl").write_text(json.dumps({"text": PROSE}) + "\n")
    Path("bad.jsonl").write_text("[1]\n\n")
    return Lake(tmp_path / "lake")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_new_source_without_documents_is_told_with_its_causes(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "ingest", "bad.jsonl", "--source", "web")
    assert "source 'web' gave no document from 1 files: invalid_json 1 (e.g. line 1: a list, not an object)" in line
    assert 'passed over 1 blank line; see `pomona sql "select * from rejects"`' in line
    assert lake.scan("rejects").collect().height == 1


def test_a_source_that_would_be_emptied_keeps_what_it_held(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", "good.jsonl", "--source", "web"]) == 0
    for _ in range(2):
        line = said(capsys, "ingest", "bad.jsonl", "--source", "web", "--replace")
        assert "gave no document from 1 files: invalid_json 1" in line
        assert line.endswith("the source keeps its earlier documents")
        assert [row["text"] for row in pomona.kept(lake).collect().to_dicts()] == [PROSE]
    assert main(["ingest", "good.jsonl", "--source", "web"]) == 0


def test_a_stage_without_documents_says_so(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", "good.jsonl", "--source", "web"]) == 0
    assert main(["filter", "--rules", "gopher_quality,gopher_quality.min_words=9999"]) == 0
    assert "the stages before it kept no document; see `pomona report`" in said(capsys, "dedup")
