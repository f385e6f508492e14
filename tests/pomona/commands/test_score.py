"""`pomona score` and what belongs to it, as a user types it."""

import json
from pathlib import Path

import pytest

from pomona.cli import main
from tests.eval_suites import tasks_of_files
from tests.eval_suites.models import tiny


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("one", "two")):
        tiny.folder(folder / name, seed=seed)
    return folder


@pytest.fixture
def lake(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(models)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    return tmp_path / "lake"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_from_a_folder_to_a_verdict(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no lake before: the first score makes one."""
    one = answer(capsys, "score", "one", "--tasks", "pomona_cloze,pomona_text", "--limit", "8")
    assert (one["name"], one["suite"], one["state"]) == ("one-pomona_cloze-pomona_text-limit8", "-", "ran")
    primary = {score["task"]: score for score in one["scores"] if score["is_primary"]}
    assert set(primary) == {"pomona_cloze", "pomona_text"}
    assert {"task", "metric", "value", "low", "high", "n", "split"} <= set(primary["pomona_cloze"])
    assert primary["pomona_cloze"]["low"] <= primary["pomona_cloze"]["value"] <= primary["pomona_cloze"]["high"]
    assert answer(capsys, "score", "one", "--tasks", "pomona_cloze,pomona_text", "--limit", "8")["state"] == "current"

    answer(capsys, "score", "two", "--tasks", "pomona_cloze,pomona_text", "--limit", "8", "--name", "second")
    compared = answer(capsys, "compare", "one-pomona_cloze-pomona_text-limit8", "second")
    assert {task["task"] for task in compared["tasks"]} == {"pomona_cloze", "pomona_text"}
    assert {task["verdict"] for task in compared["tasks"]} <= {"better", "worse", "undecided"}
    board = answer(capsys, "leaderboard")
    assert {one["name"] for one in board} == {"one-pomona_cloze-pomona_text-limit8", "second"}
    assert [one["name"] for one in answer(capsys, "scores")] == ["one-pomona_cloze-pomona_text-limit8", "second"]
    assert answer(capsys, "scores", "second")["model"] == "two"

    for arguments in (
        ("scores",),
        ("scores", "second"),
        ("leaderboard",),
        ("compare", "one-pomona_cloze-pomona_text-limit8", "second"),
    ):
        assert main([*arguments]) == 0
    printed = capsys.readouterr().out
    assert "paired over the same items" in printed
    assert "0 is guessing and 1 is perfect" in printed
    assert main(["report", "--out", str(lake.parent / "r.html")]) == 0
    page = (lake.parent / "r.html").read_text()
    assert "second against one-pomona_cloze-pomona_text-limit8" in page
    assert "<script" not in page


def test_items_may_be_protected(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = answer(capsys, "score", "one", "--tasks", "pomona_text", "--limit", "2", "--decontaminate")
    assert told["protected"] == {"pomona_text": 20}
    assert len((lake / "benchmarks" / "pomona_text.jsonl").read_text().splitlines()) == 20


def test_suites_and_tasks_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "offline" in {one["name"] for one in answer(capsys, "suites")}
    assert len(answer(capsys, "suites", "offline")["tasks"]) == 8
    own = tasks_of_files.write(tmp_path / "own")
    named = answer(capsys, "suites", "--tasks", "t_choices", "--tasks-path", str(own))
    assert named == [{"name": "t_choices", "kind": "task"}]
    assert answer(capsys, "fetch", "offline")["pomona_grammar"] == 400
    assert main(["suites", "offline"]) == 0
    assert "pomona_grammar" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("score", "nowhere"), "model nowhere: there is no such folder, and the lake has no run of that name"),
        (("score", "one", "--suite", "none"), "unknown suite 'none'. Allowed: base_easy"),
        (("score", "one", "--suite", "offline", "--tasks", "a"), "suite and tasks both say what to score"),
        (("score", "one", "--tasks", "pomona_clozee"), "did you mean 'pomona_cloze'?"),
        (("score", "one", "--limit", "0"), "--limit: must be 1 or more, got 0"),
        (("score", "one", "--data", "nowhere"), "--data nowhere: there is no such folder"),
        (("compare", "a", "b"), "there is no lake at"),
        (("score",), "score needs a model: a run of the lake"),
    ],
)
def test_mistakes_are_one_line(
    lake: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert main(list(arguments)) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert words in told[-1]
    assert told[-1].startswith("error: ")
