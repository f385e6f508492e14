"""A recipe means the same from wherever it is run."""

import json
from pathlib import Path

import pytest

from pomona.cli import main
from pomona.recipe import load


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "study" / "data").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "study" / "data" / "a.jsonl").write_text(json.dumps({"text": "Some words of a text."}) + "\n")
    (tmp_path / "study" / "exam.jsonl").write_text(json.dumps({"question": "What is it?"}) + "\n")
    monkeypatch.delenv("POMONA_LAKE", raising=False)
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "study" / "r.yaml"


def test_relative_paths_are_the_recipe_s(recipe: Path) -> None:
    recipe.write_text(
        "lake: ./lake\nsources:\n  - {name: a, path: data/a.jsonl}\n  - {name: b, path: [data, /abs/x, s3://b/x, ~/x]}\n"
        "  - {name: c, path: json, kind: python}\ndecontaminate: {benchmarks: [humaneval, exam.jsonl, mine=exam.jsonl]}\n"
    )
    found, folder = load(recipe), str(recipe.parent)
    assert found.lake == f"{folder}/lake"
    assert [source.path for source in found.sources] == [
        (f"{folder}/data/a.jsonl",), (f"{folder}/data", "/abs/x", "s3://b/x", "~/x"), ("json",),
    ]  # fmt: skip
    assert found.decontaminate is not None
    assert found.decontaminate.benchmarks == ("humaneval", f"{folder}/exam.jsonl", f"mine={folder}/exam.jsonl")


def test_beside_the_recipe_they_stay_as_they_are(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe.write_text("sources: [{name: a, path: ./data/a.jsonl}]\n")
    monkeypatch.chdir(recipe.parent)
    assert load("r.yaml").sources[0].path == ("./data/a.jsonl",)
    assert load("r.yaml").lake == "./lake"


def test_a_run_from_elsewhere_leaves_nothing_to_do_beside_the_recipe(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.write_text("sources: [{name: a, path: ./data/a.jsonl}]\nfilter: null\ndedup: null\n")
    assert main(["run", "../study/r.yaml", "--workers", "1"]) == 0
    assert not Path("lake").exists()
    monkeypatch.chdir(recipe.parent)
    capsys.readouterr()
    assert main(["run", "r.yaml", "--workers", "1", "--json"]) == 0
    assert [stage["items_run"] for stage in json.loads(capsys.readouterr().out)["stages"]] == [0, 0]


@pytest.mark.parametrize(
    "text", ["sources: 3\n", "sources: [3]\n", "lake: [x]\nsources: []\n", "dedup: {semantic: 3}\n"]
)
def test_what_is_malformed_is_told_by_the_models(recipe: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    recipe.write_text(text)
    assert main(["run", str(recipe)]) == 2
    assert "Traceback" not in capsys.readouterr().err
