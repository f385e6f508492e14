"""Runs as stages of a lake: rows, resuming, what makes a run another run, and what is kept."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus import artifacts
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.shards import packing
from corpus.shards import stages as shard_stages
from corpus.shards.stream import Stream
from tests.training.runs import settings, start, train
from training import loop, stages, steps, views
from training.reading import by_group


@pytest.fixture
def own(mixed: Lake, tmp_path: Path) -> Lake:
    """A copy of the lake that a test may change."""
    shutil.copytree(mixed.root, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def test_a_run_is_a_row_with_its_losses_and_a_checkpoint(own: Lake, tmp_path: Path) -> None:
    model = str(start(tmp_path / "model"))
    assert train(own, settings("first", model=model)) == "ran"
    assert train(own, settings("first", model=model)) == "current"
    view = views.run(own, "first")
    assert (view.steps, view.tokens, view.after, view.model) == (10, 2560, "", model)
    assert set(view.held_out) == {"a", "b", "c"}
    assert view.held_out_loss == pytest.approx(sum(view.held_out.values()) / 3)
    assert sorted(path.name for path in Path(view.checkpoint).iterdir() if path.is_file()) == [
        "artifact.json", "config.json", "generation_config.json", "held_out.jsonl", "log.jsonl", "model.safetensors", "run.json",
        "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    losses = views.losses(own, view.run)
    assert [loss.step for loss in losses if not loss.group] == list(range(1, 11))
    assert {loss.step for loss in losses if loss.group} == {5, 10}
    row = own.scan("runs").collect().to_dicts()[0]
    assert row["sequences"] * row["sequence_length"] == row["tokens"] == 2560
    assert json.loads(row["settings"])["batch_tokens"] == 256


def test_another_seed_is_another_run_and_both_stay(own: Lake, tmp_path: Path) -> None:
    model = str(start(tmp_path / "model"))
    first, second = settings("s", model=model, tokens=512), settings("s", model=model, tokens=512, learning_rate=0.001)
    train(own, first)
    train(own, second)
    assert [one.name for one in views.runs(own)] == ["s", "s"]
    newest = views.run(own, "s")
    assert newest.settings["learning_rate"] == 0.001
    assert train(own, first) == "current"
    assert views.run(own, views.runs(own)[0].run[:8]).settings["learning_rate"] is None
    assert views.run(own, newest.checkpoint).run == newest.run


def test_a_run_starts_from_the_checkpoint_of_another(own: Lake, tmp_path: Path) -> None:
    train(own, settings("core", model=str(start(tmp_path / "model")), tokens=512))
    train(own, settings("next", after="core", stage="continued", packing="best_fit", sequence_length=48, tokens=4800))
    train(own, settings("folder", model=views.run(own, "core").checkpoint, tokens=256))
    first, second, third = views.runs(own)
    assert second.after == third.after == first.run
    assert third.model == ""
    row = own.scan("runs").filter(pl.col("run") == second.run).collect().to_dicts()[0]
    assert artifacts.find(own, steps.PACKING, row["packing"]) is not None
    _slots_without_a_token_are_no_tokens(own, row)
    shutil.rmtree(first.checkpoint)
    with pytest.raises(UserError, match=f"checkpoint of run {first.run} is lost or damaged"):
        train(own, settings("third", after="core", tokens=512))


def _slots_without_a_token_are_no_tokens(lake: Lake, row: dict[str, Any]) -> None:
    """What a run of a best-fit packing says to have read is what all its documents have been read of."""
    folder = artifacts.find(lake, steps.PACKING, row["packing"])
    stream = Stream(shard_stages.folder(lake, row["shards"]))
    assert folder is not None
    read = by_group(stream, packing.load(folder, row["sequence_length"]), row["sequences"])
    assert row["tokens"] == sum(one.tokens for one in read) < row["sequences"] * row["sequence_length"]
    last = [loss.tokens for loss in views.losses(lake, row["run"])][-1]
    assert last == row["tokens"]


def test_a_killed_run_continues_from_inside_its_artifact(
    own: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = settings("killed", model=str(start(tmp_path / "model")), save_minutes=1e-9)
    original = loop._Trainer._step
    taken: list[int] = []

    def step(self: Any, sequences: Any, progress: Any) -> Any:
        if len(taken) == 6:
            raise KeyboardInterrupt
        taken.append(progress.step)
        return original(self, sequences, progress)

    monkeypatch.setattr(loop._Trainer, "_step", step)
    with pytest.raises(KeyboardInterrupt):
        train(own, run)
    assert not own.exists("runs") or own.scan("runs").collect().is_empty()
    taken.clear()
    monkeypatch.setattr(loop._Trainer, "_step", lambda self, s, p: (taken.append(p.step), original(self, s, p))[1])
    assert train(own, run) == "ran"
    assert taken == [6, 7, 8, 9], "the first steps were not taken again"
    killed = Path(views.run(own, "killed").checkpoint, "model.safetensors").read_bytes()
    monkeypatch.undo()
    shutil.rmtree(own.root + "/runs")
    shutil.rmtree(own.root + "/artifacts/checkpoint")
    again = Lake(own.root)
    train(again, run)
    assert Path(views.run(again, "killed").checkpoint, "model.safetensors").read_bytes() == killed


def test_two_processes_train_one_run(own: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    model = str(start(tmp_path / "model"))
    train(own, settings("two", model=model, tokens=512, processes=2))
    assert "2 processes" in views.run(own, "two").device
    with pytest.raises(UserError, match=r"diverged|exit code"):
        train(own, settings("bad", model=model, processes=2, skip_norm=1e-6, tokens=5000))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mixture": "none"}, "unknown mixture 'none'"),
        ({"after": "nobody"}, "unknown run 'nobody'"),
        ({"model": "7X"}, "unknown model '7X'"),
        ({"model": "1M", "tokens": "5M"}, "5M are asked for"),
    ],
)
def test_mistakes_are_one_line(mixed: Lake, fields: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        train(mixed, settings("x", **fields))


def test_a_model_of_another_vocabulary_is_refused(own: Lake, tmp_path: Path) -> None:
    model = start(tmp_path / "model")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"vocab_size": 999}))
    with pytest.raises(UserError, match="has 999 ids, the tokenizer 560"):
        train(own, settings("x", model=str(model)))
    (model / "config.json").write_text(json.dumps(config | {"hidden_size": 24}))
    with pytest.raises(UserError, match="another shape"):
        train(own, settings("x", model=str(model)))


def test_a_run_may_not_start_from_itself(mixed: Lake) -> None:
    from pomona.stages import Wanted

    one, two = settings("one", after="two"), settings("two", after="one")
    with pytest.raises(UserError, match="leads back to the run itself"):
        Wanted.of({"tokenizer": None, "train": (one, two)}).plan("train:one", mixed)
    assert stages.in_order(mixed) == []


def test_a_run_of_another_name_is_the_same_run(own: Lake, tmp_path: Path) -> None:
    model = str(start(tmp_path / "model"))
    train(own, settings("first", model=model))
    assert train(own, settings("second", model=model)) == "ran"
    assert views.run(own, "second").run == stages.find(own, "second")
    assert [row["name"] for row in own.scan("runs").collect().to_dicts()] == ["second"]


def test_a_kill_after_the_last_step_loses_nothing(own: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = settings("first", model=str(start(tmp_path / "model")))
    with monkeypatch.context() as patch:
        patch.setattr(steps, "_forget_states", lambda folder: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(own, run)
    monkeypatch.setattr(loop, "train", lambda *given: pytest.fail("it trains again"))
    assert train(own, run) == "ran"
    assert views.run(own, "first").steps == 10


def test_a_run_goes_on_in_the_precision_that_it_began_with(tmp_path: Path, mixed: Lake) -> None:
    from tests.training.plans import plan

    assert steps._as_begun(plan(mixed, precision="bfloat16"), tmp_path).precision == "bfloat16"
    assert steps._as_begun(plan(mixed, precision="float32"), tmp_path).precision == "bfloat16"


def test_a_model_of_another_tokenizer_is_refused(own: Lake, tmp_path: Path) -> None:
    """Also if both have the same number of ids."""
    train(own, settings("first", model=str(start(tmp_path / "model"))))
    folder = tmp_path / "copy"
    shutil.copytree(views.run(own, "first").checkpoint, folder)
    assert train(own, settings("same", model=str(folder), seed=1)) == "ran"
    text = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(text.replace('"<|fim_prefix|>"', '"<|fim_start|>"'))
    with pytest.raises(
        UserError, match=f"was trained with another tokenizer .*: pomona tokenizer train --path {folder}"
    ):
        train(own, settings("other", model=str(folder), seed=2))


def test_an_address_that_ends_as_a_run_is_called_is_no_run(own: Lake, tmp_path: Path) -> None:
    train(own, settings("first", model=str(start(tmp_path / "model"))))
    run = stages.find(own, "first")
    assert stages.find(own, views.run(own, run).checkpoint) == stages.find(own, run[:8]) == run
    with pytest.raises(UserError, match=r"unknown run 'http://a\.org/first'"):
        stages.find(own, "http://a.org/first")
