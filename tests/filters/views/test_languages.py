"""Who applies limits to a language that they were not chosen on is told so, once."""

import json
from pathlib import Path

import pytest

from pomona.cli import main

ENGLISH = (
    "The river walks past the mill, and the people of the town drink its water in the morning of a summer day. " * 5
)
GERMAN = "Der Fluss fließt an der Mühle vorbei, und die Leute aus der Stadt trinken morgens von seinem Wasser. " * 5


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))


def ingest(*texts: str) -> None:
    Path("a.jsonl").write_text("".join(json.dumps({"text": f"{text} {i}"}) + "\n" for i, text in enumerate(texts)))
    assert main(["ingest", "a.jsonl", "--source", "s", "--workers", "1"]) == 0


def test_documents_in_other_languages_are_counted_and_named(capfd: pytest.CaptureFixture[str]) -> None:
    ingest(ENGLISH, GERMAN, GERMAN, ENGLISH)
    assert main(["filter", "--rules", "gopher_quality,code", "--workers", "1"]) == 0
    [warning] = [line for line in capfd.readouterr().err.splitlines() if line.startswith("warning:")]
    assert (
        "gopher_quality were chosen on en; 2 of the 4 documents whose language is sure are in others (de 2)" in warning
    )
    assert "code" not in warning


def test_nothing_is_said_where_nothing_is_amiss(capfd: pytest.CaptureFixture[str]) -> None:
    ingest(ENGLISH)
    assert main(["filter", "--rules", "gopher_quality", "--workers", "1"]) == 0
    assert "warning" not in capfd.readouterr().err


@pytest.mark.parametrize("override", [None, {"language": "de", "limits": {"gopher_quality.min_stop_words": None}}])
def test_a_language_that_has_limits_of_its_own_is_settled(
    override: dict[str, object] | None, capfd: pytest.CaptureFixture[str]
) -> None:
    ingest(ENGLISH, GERMAN)
    rules = {"rules": ["gopher_quality"], "overrides": [override] if override else []}
    recipe = {"lake": "lake", "sources": [{"name": "s", "path": "a.jsonl"}], "filter": rules, "dedup": None}
    Path("r.yaml").write_text(json.dumps(recipe))
    assert main(["run", "r.yaml", "--workers", "1"]) == 0
    assert ("warning: the limits" in capfd.readouterr().err) == (override is None)


def test_one_document_in_a_hundred_is_no_news(capfd: pytest.CaptureFixture[str]) -> None:
    ingest(*[ENGLISH] * 120, GERMAN)
    assert main(["filter", "--rules", "gopher_quality", "--workers", "1"]) == 0
    assert "warning" not in capfd.readouterr().err
