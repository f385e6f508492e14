"""`pomona prune` and `pomona distill`: what they ask of a run, by command and in Python."""

import json
import shutil
from pathlib import Path

import pytest

import pomona
from corpus.errors import UserError
from corpus.lake import Lake
from pomona import shrinking
from pomona.cli import main
from tests.training.runs import settings, start, train
from training import views
from training.shape import read

SHORT = ("--sequence-length", "32", "--tokens", "1K", "--precision", "float32")


@pytest.fixture
def own(mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A copy of the lake, with a run `large`; commands find it without an option."""
    shutil.copytree(mixed.root, tmp_path / "lake")
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    lake = Lake(tmp_path / "lake")
    train(lake, settings("large", model=str(start(tmp_path / "model")), tokens=1024))
    return lake


def test_the_commands_need_no_more_than_the_run(own: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", "large", "--keep", "0.25", *SHORT, "--json"]) == 0
    pruned = json.loads(capsys.readouterr().out)
    assert (pruned["name"], pruned["mixture"], pruned["after"]) == (
        "large-0.25-1K-seed0",
        "all",
        views.run(own, "large").run,
    )
    assert read(pruned["checkpoint"]).d_ffn == 10  # of 42
    assert main(["runs", "large-0.25-1K-seed0"]) == 0
    assert "pruned to 0.25 of the feed-forward units in each block" in capsys.readouterr().out

    command = ["distill", "large", "--after", "large-0.25-1K-seed0", "--seed", "3", *SHORT, "--json"]
    assert main(command) == 0
    distilled = json.loads(capsys.readouterr().out)
    assert (distilled["name"], distilled["mixture"]) == ("large-0.25-1K-seed0-by-large-1K-seed3", "all")
    assert distilled["after"] == pruned["run"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "current"
    kinds = dict(own.scan("runs").select("name", "kind").collect().iter_rows())
    small = "large-0.25-1K-seed0"
    assert kinds == {"large": "train", small: "prune", f"{small}-by-large-1K-seed3": "distill"}


def test_folders_and_ids_are_models_too(own: Lake, tmp_path: Path) -> None:
    large = views.run(own, "large")
    for model in (large.run, large.run[:9], large.checkpoint):
        fields = shrinking.pruned(own, model, {"seed": 2, "units": 21})
        assert fields == {"name": "large-21-seed2", "after": large.run, "units": 21, "mixture": "all", "seed": 2}
    shutil.copytree(large.checkpoint, tmp_path / "elsewhere")
    fields = shrinking.pruned(own, str(tmp_path / "elsewhere"), {"units": 3, "mixture": "all"})
    assert fields == {"name": "elsewhere-3-seed0", "model": str(tmp_path / "elsewhere"), "units": 3, "mixture": "all"}
    fields = shrinking.distilled(own, str(tmp_path / "elsewhere"), {"model": "1M", "mixture": "all"})
    assert fields["teacher"] == str(tmp_path / "elsewhere")
    assert fields["name"] == "1M-by-elsewhere-seed0"


def test_they_are_functions_in_python(own: Lake) -> None:
    pruned = pomona.prune(own, "large", 0.5, tokens=512, sequence_length=32, precision="float32", teacher="large")
    assert read(pruned.checkpoint).d_ffn == 21
    student = pomona.distill(
        own, "large", after=pruned.run, tokens=512, sequence_length=32, precision="float32", objective="divergence"
    )
    assert student.settings["objective"] == "divergence"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["prune", "large"], "say how many feed-forward units stay"),
        (["prune", "large", "--keep", "1.5"], "--keep: must be at most 1.0, got 1.5"),
        (["prune", "large", "--keep", "nan"], "--keep: must be at most 1.0, got nan"),
        (["prune", "large", "--keep", "0.5", "--units", "3"], "units and keep both say how many"),
        (["prune", "larg", "--keep", "0.5"], "unknown run 'larg'; did you mean 'large'"),
        (["prune", "no/such", "--keep", "0.5"], "model no/such: there is no such folder"),
        (["prune", "large", "--units", "43", *SHORT], "units is 43, and the feed-forward blocks of the model"),
        (["prune", "large", "--keep", "0.5", "--set", "model=1M"], "prune: model says again what is pruned"),
        (["distill", "larg"], "unknown run 'larg'; did you mean 'large'"),
        (["distill", "large", "--set", "teacher=other"], "teacher is given twice"),
        (["distill", "large", "--set", "objective=next_token", "--model", "1M"], "next_token takes no teacher"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], told: str, own: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_folder_without_a_model_is_one_line(own: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(tmp_path), "--keep", "0.5", "--mixture", "all"]) == 2
    assert "no configuration of a model" in capsys.readouterr().err


def test_default_names_stay_apart(own: Lake, tmp_path: Path) -> None:
    long = tmp_path / ("m" * 60)
    shutil.copytree(views.run(own, "large").checkpoint, long)
    names = [
        shrinking.pruned(own, model, {"units": units, "mixture": "all", "tokens": tokens})["name"]
        for model in ("large", str(long)) for units in (1, 10, 21) for tokens in (1000, 2000)
    ]  # fmt: skip
    names += [
        shrinking.distilled(own, model, {"model": "1M", "mixture": "all", **objective})["name"]
        for model in ("large", str(long)) for objective in ({}, {"objective": "divergence"})
    ]  # fmt: skip
    assert len(set(names)) == len(names) == 16
    assert max(map(len, names)) <= 64


def test_a_folder_with_the_name_of_a_run_is_not_taken_for_it(
    own: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "large").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert shrinking.pruned(own, "large", {"keep": 0.5})["after"] == views.run(own, "large").run
    assert train(own, settings("s", after="large", teacher="large", tokens=512)) == "ran"


def test_a_number_as_text_is_no_share(own: Lake) -> None:
    with pytest.raises(UserError, match=r"keep"):
        pomona.prune(own, "large", "half")  # type: ignore[arg-type]


def test_help_does_not_ask_for_what_the_run_brings(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("prune", "distill"):
        assert main([command, "--help"]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "Mixture that it reads. [default: that of the run]" in told
        assert "[default: from its model and seed]" in told
        options = told.partition("Options:")[2]
        assert "[required]" not in options
    assert main(["train", "--help"]) == 0
    assert "Mixture that it reads. [required]" in " ".join(capsys.readouterr().out.split())
