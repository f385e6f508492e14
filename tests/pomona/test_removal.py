"""What a command no longer asks for leaves the lake only when the command gets there."""

import json
from pathlib import Path

import pytest

import pomona
from corpus.lake import Lake
from pomona import runner
from pomona.cli import main
from pomona.removal import Removal
from tests import planning

PROSE = "The river walks past the mill, and the people of the town drink its water in the morning of a summer day. " * 4


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Three copies, a near one of them, and others: `exact` drops two, `minhash` one more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    texts = [PROSE, PROSE, PROSE, PROSE + "And that is all.", *(f"{word} " * 40 for word in ("One", "Two", "Three"))]
    Path("a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert main(["ingest", "a.jsonl", "--source", "s", "--workers", "1"]) == 0
    assert main(["dedup", "--workers", "1"]) == 0
    return Lake(tmp_path / "lake")


def kept(lake: Lake) -> list[str]:
    return sorted(pomona.kept(lake).collect()["id"].to_list())


def test_a_mistake_takes_nothing_away(lake: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    before = kept(lake)
    assert len(before) == 4
    assert main(["dedup", "--exact-only", "--keep", "longest", "--memory", "1MB", "--workers", "1"]) == 2
    assert "Traceback" not in capfd.readouterr().err
    assert kept(lake) == before
    assert main(["dedup", "--exact-only", "--keep", "longest", "--workers", "1"]) == 0
    assert len(kept(lake)) == 5


def test_a_mistake_in_the_stage_after_takes_nothing_away(lake: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    """`minhash` goes, `paragraphs` comes: the memory is too little for it."""
    before = kept(lake)
    recipe = {
        "sources": [{"name": "s", "path": "a.jsonl"}],
        "dedup": {"minhash": None, "paragraphs": {"unit": "line"}},
    }
    Path("r.yaml").write_text(json.dumps(recipe))
    assert main(["run", "r.yaml", "--memory", "1MB", "--workers", "1"]) == 2
    assert "Traceback" not in capfd.readouterr().err
    assert kept(lake) == before


def test_a_source_stays_until_the_others_are_there(lake: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    before = kept(lake)
    Path("r.yaml").write_text(json.dumps({"sources": [{"name": "t", "path": "nowhere.jsonl"}], "dedup": {}}))
    assert main(["run", "r.yaml", "--workers", "1"]) == 2
    assert "nowhere.jsonl" in capfd.readouterr().err
    assert kept(lake) == before


def test_a_run_that_ends_after_a_removal_is_not_passed_over(
    lake: Lake, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`minhash` is gone and `paragraphs` has never decided: no reader may take what is left for all that was asked."""
    section = {"minhash": None, "paragraphs": {"unit": "line", "min_words": 2}}
    plans = planning.wanted(["s"], dedup=section).plans(lake)

    removal = Removal(("minhash",))
    for outcome in runner.run_stages(lake, plans, removal, workers=1):
        if outcome.stage == "drop:minhash":
            break  # as a kill would end it
    assert main(["export", "--out", "out.jsonl"]) == 2
    message = capfd.readouterr().err
    assert "stage 'paragraphs' is out of date: its run did not end" in message
    assert message.count("\n") == 1

    assert [o.stage for o in runner.run_stages(lake, plans, removal, workers=1)][-1] == "paragraphs"
    assert len(kept(lake)) == 5
    assert main(["export", "--out", "out.jsonl"]) == 0


def test_what_a_second_command_decides_otherwise_is_said(lake: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert main(["dedup", "--keep", "longest", "--exact-only", "--workers", "1"]) == 0
    told = capfd.readouterr().err
    assert "exact: keep is 'longest', it was 'source_order'\n" in told
    assert "minhash no longer decides\n" in told
    assert main(["dedup", "--keep", "longest", "--exact-only", "--workers", "1"]) == 0
    assert "it was" not in capfd.readouterr().err
