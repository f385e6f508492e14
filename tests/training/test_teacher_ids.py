"""Runs with a teacher, runs that prune, and both: what they leave, what they rest on, and what they refuse."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from corpus import artifacts
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.shards import stages as shard_stages
from pomona import forgetting
from pomona.terminal.trace import render_checkpoint
from pomona.views.trace import trace_document, trace_run
from tests.training.runs import SHAPE, settings, start, train
from training import checkpoints, loop, teacher_ids, views
from training import teacher as teaching
from training.shape import read
from training.stages import ancestors, chain


@pytest.fixture
def own(mixed: Lake, tmp_path: Path) -> Lake:
    """A copy of the lake, with a run `large` to learn from."""
    shutil.copytree(mixed.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    train(lake, settings("large", model=str(start(tmp_path / "model")), tokens=2560))
    return lake


def weights(lake: Lake, name: str) -> dict[str, torch.Tensor]:
    return checkpoints.read_weights(views.run(lake, name).checkpoint)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_stored_tokens_teach_what_a_teacher_beside_teaches(own: Lake, tmp_path: Path) -> None:
    student = str(start(tmp_path / "student"))
    assert train(own, settings("stored", model=student, teacher="large", seed=1)) == "ran"
    stored = weights(own, "stored")
    assert train(own, settings("stored", model=student, teacher="large", seed=1, teacher_ids="online")) == "current"
    shutil.rmtree(views.run(own, "stored").checkpoint)
    train(own, settings("stored", model=student, teacher="large", seed=1, teacher_ids="online"))
    assert same(weights(own, "stored"), stored), "how the tokens come must not change what is learned"

    row = own.scan("runs").filter(pl.col("name") == "stored").collect().to_dicts()[0]
    assert (row["kind"], row["teacher"]) == ("distill", views.run(own, "large").run)
    plain = own.scan("runs").filter(pl.col("name") == "large").collect().to_dicts()[0]
    assert (plain["kind"], plain["teacher"]) == ("train", "")
    assert row["flops"] == pytest.approx(plain["flops"] * 4 / 3, rel=1e-6), "a teacher computes forward only"


def test_runs_over_the_same_sequences_share_a_teachers_tokens(
    own: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    original = teaching.write
    monkeypatch.setattr(teaching, "write", lambda *a, **k: (passes.append(1), original(*a, **k))[1])
    student = str(start(tmp_path / "student"))
    for name, more in (("a", {}), ("b", {"seed": 2}), ("c", {"learning_rate": 0.002}), ("d", {"teacher_share": 0.5})):
        train(own, settings(name, model=student, teacher="large", **more))
    assert len(passes) == 1
    assert not same(weights(own, "a"), weights(own, "d"))
    train(own, settings("e", model=student, teacher="large", tokens=1280))
    assert len(passes) == 2
    train(own, settings("f", model=student, teacher="large", objective="divergence"))
    assert len(passes) == 2, "a whole distribution is never stored"


def test_a_pruned_run_leaves_a_smaller_plain_model(own: Lake) -> None:
    train(own, settings("small", after="large", units=10, tokens=5120))
    made = read(views.run(own, "small").checkpoint)
    assert made.d_ffn == 10
    assert views.run(own, "small").parameters == made.parameters < SHAPE.parameters
    row = own.scan("runs").filter(pl.col("name") == "small").collect().to_dicts()[0]
    assert row["kind"] == "prune"
    assert row["flops"] == SHAPE.flops_per_token(32) * 5120, "while it is pruned, it computes with all units"

    train(own, settings("both", after="small", teacher="large", units=10))  # as many as it has: nothing is cut
    train(own, settings("new", model="1M", units=24, tokens=512))
    assert read(views.run(own, "both").checkpoint).d_ffn == 10
    assert read(views.run(own, "new").checkpoint).d_ffn == 24
    kinds = dict(own.scan("runs").select("name", "kind").collect().iter_rows())
    assert (kinds["both"], kinds["new"]) == ("distill", "train")


def test_what_is_measured_at_the_end_is_the_cut_model(own: Lake) -> None:
    """The loss of the masked model, of the log, is that of the plain checkpoint, measured by a run that changes nothing."""
    train(own, settings("small", after="large", units=10, tokens=5120, teacher="large"))
    train(own, settings("again", after="small", tokens=256, learning_rate=1e-12, weight_decay=0))
    assert views.run(own, "small").held_out == pytest.approx(views.run(own, "again").held_out, rel=1e-4)


@pytest.mark.parametrize("after", [2, 8, 15])  # of 20 steps: k falls, k stays, the mask is hard
def test_a_killed_run_that_prunes_gives_the_same_model(after: int, own: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    run = settings("small", after="large", units=10, tokens=5120, save_minutes=1e-9, teacher="large")
    original = loop._Trainer._step

    def step(self: Any, sequences: Any, progress: Any) -> Any:
        if progress.step == after:
            raise KeyboardInterrupt
        return original(self, sequences, progress)

    monkeypatch.setattr(loop._Trainer, "_step", step)
    with pytest.raises(KeyboardInterrupt):
        train(own, run)
    monkeypatch.undo()
    train(own, run)
    killed = weights(own, "small")
    shutil.rmtree(views.run(own, "small").checkpoint)
    train(own, run)
    assert same(weights(own, "small"), killed)


def test_a_teacher_is_part_of_what_is_behind_a_checkpoint(own: Lake, tmp_path: Path) -> None:
    train(own, settings("student", model=str(start(tmp_path / "student")), teacher="large", tokens=512))
    large, student = views.run(own, "large").run, views.run(own, "student").run
    assert [row["run"] for row in chain(own, student)] == [student]
    assert [row["run"] for row in chain(own, student, teachers=True)] == [student, large]
    history = trace_run(own, "student").history
    found = [(link.name, link.kind, link.as_teacher) for link in history]
    assert found == [("large", "train", True), ("student", "distill", False)]
    told = render_checkpoint(trace_run(own, "student"))
    assert "teacher, a run" in told
    assert "student (core, distill)" in told
    document = own.scan("mixtures").filter(pl.col("split") == "train").select("id").collect()["id"].to_list()
    by_run = [{one.name: one for one in trace_document(own, each).runs} for each in document]
    assert any(seen["student"].tokens_before == seen["large"].tokens > 0 for seen in by_run if len(seen) == 2)


def test_what_a_teacher_said_of_a_forgotten_document_is_deleted(own: Lake, tmp_path: Path) -> None:
    train(own, settings("student", model=str(start(tmp_path / "student")), teacher="large", tokens=512))
    place = Path(own.root, artifacts.FOLDER, teacher_ids.KIND)
    assert len(list(place.iterdir())) == 1
    wanted = own.scan("mixtures").filter(pl.col("split") == "train").select("id").collect()["id"][0]
    done = forgetting.forget(own, wanted, reason="", vacuum=True, dry_run=False)
    assert "student" in {one.name for one in done.runs} or "large" not in {one.name for one in done.runs}
    assert list(place.iterdir()) == []


def test_a_folder_is_a_teacher_too_and_a_changed_one_is_another(own: Lake, tmp_path: Path) -> None:
    student = str(start(tmp_path / "student"))
    shutil.copytree(views.run(own, "large").checkpoint, tmp_path / "folder")
    run = settings("student", model=student, teacher=str(tmp_path / "folder"), tokens=512)
    train(own, run)
    assert train(own, run) == "current"
    row = own.scan("runs").filter(pl.col("name") == "student").collect().to_dicts()[0]
    assert row["teacher"].startswith("files-")
    shutil.copytree(views.run(own, "student").checkpoint, tmp_path / "folder", dirs_exist_ok=True)
    assert train(own, run) == "ran"
    assert len(views.runs(own)) == 3


def test_mistakes_are_one_line(own: Lake, tmp_path: Path) -> None:
    student = str(start(tmp_path / "student"))
    for fields, told in (
        ({"teacher": "larg"}, "unknown run 'larg'; did you mean 'large'"),
        ({"teacher": "s"}, "teacher 's' leads back to the run itself"),
        ({"teacher": str(tmp_path)}, "no configuration of a model"),
        ({"units": 43}, "units is 43, and the feed-forward blocks of the model in .* have 42"),
    ):
        with pytest.raises(UserError, match=told) as error:
            train(own, settings("s", model=student, **fields))
        assert "\n" not in str(error.value)
    folder = tmp_path / "other"
    shutil.copytree(views.run(own, "large").checkpoint, folder)
    text = json.loads((folder / "tokenizer.json").read_text())
    text["model"]["merges"] = text["model"]["merges"][:-1]
    (folder / "tokenizer.json").write_text(json.dumps(text))
    with pytest.raises(UserError, match=r"the teacher in .* was trained with another tokenizer"):
        train(own, settings("s", model=student, teacher=str(folder)))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"objective": "distill"}, "objective distill needs a teacher"),
        ({"objective": "divergence"}, "objective divergence needs a teacher"),
        ({"objective": "next_token", "teacher": "large"}, "next_token takes no teacher"),
        ({"objective": "next_tokens"}, "next_token"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        settings("s", model="1M", **fields)


def test_a_lake_from_before_there_were_teachers_is_read(own: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Lake.scan

    def scan(self: Lake, table: str, *args: Any, **options: Any) -> pl.LazyFrame:
        frame = original(self, table, *args, **options)
        return frame.drop("teacher") if table == "runs" else frame

    monkeypatch.setattr(Lake, "scan", scan)
    large = views.run(own, "large")
    assert (large.teacher, large.kind, large.what) == ("", "train", "core")
    assert [row["run"] for row in chain(own, large.run, teachers=True)] == [large.run]
    assert [link.name for link in trace_run(own, "large").history] == ["large"]


def test_how_a_teacher_is_called_makes_no_other_run(own: Lake) -> None:
    large = views.run(own, "large")
    assert train(own, settings("s", after="large", teacher="large", tokens=512)) == "ran"
    for name in (large.run, large.run[:9], large.checkpoint):
        assert train(own, settings("s", after="large", teacher=name, tokens=512)) == "current"


def test_a_teacher_that_changes_meanwhile_is_refused(
    own: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student, folder = str(start(tmp_path / "student")), tmp_path / "folder"
    shutil.copytree(views.run(own, "large").checkpoint, folder)
    original = teaching.Teacher.__init__

    def init(self: Any, *args: Any) -> None:
        shutil.copy(Path(student, "model.safetensors"), folder / "model.safetensors")
        original(self, *args)

    monkeypatch.setattr(teaching.Teacher, "__init__", init)
    with pytest.raises(UserError, match=r"the teacher in .* has changed meanwhile"):
        train(own, settings("s", model=student, teacher=str(folder), tokens=512))
    assert not list(Path(own.root, artifacts.FOLDER).glob(f"{teacher_ids.KIND}/*/ids-*"))


def test_what_came_before_is_counted_once(own: Lake) -> None:
    train(own, settings("cut", after="large", units=10, tokens=512))
    train(own, settings("small", after="cut", teacher="large", tokens=512))
    document = own.scan("mixtures").filter(pl.col("split") == "train").select("id").collect()["id"].to_list()
    n = 0
    for each in document:
        seen = {one.name: one for one in trace_document(own, each).runs}
        if "small" in seen:
            n += 1
            assert seen["small"].tokens_before == sum(seen[one].tokens for one in ("large", "cut") if one in seen)
    assert n


def test_who_learned_from_a_run_that_nobody_can_read_is_named(own: Lake, tmp_path: Path) -> None:
    student = str(start(tmp_path / "student"))
    train(own, settings("student", model=student, teacher="large", tokens=512, mixture="all"))
    shards = own.scan("runs").filter(pl.col("name") == "large").select("shards").collect().item()
    wanted = own.scan("mixtures").filter(pl.col("split") == "train").select("id").collect()["id"][0]
    shutil.rmtree(shard_stages.folder(own, shards))
    found = {one.name: one for one in forgetting.forget(own, wanted, dry_run=True).runs}
    assert set(found) == {"large", "student"}


def test_a_folders_reading_is_said_to_be_unknown(own: Lake, tmp_path: Path) -> None:
    shutil.copytree(views.run(own, "large").checkpoint, tmp_path / "folder")
    train(own, settings("s", after="large", teacher=str(tmp_path / "folder"), tokens=512))
    assert trace_run(own, "s").unknown_teachers == ["s"]
    assert trace_run(own, "large").unknown_teachers == []


def test_long_histories_are_quick_and_in_order() -> None:
    rows = {f"r{i}": {"after": f"r{i - 1}", "teacher": f"r{i - 1}"} for i in range(3000)}
    assert ancestors(rows, "r2999", teachers=True) == [f"r{i}" for i in range(2999, -1, -1)]
    diamond = {"d": {"after": "b", "teacher": "c"}, "b": {"after": "a", "teacher": ""},
               "c": {"after": "b", "teacher": ""}, "a": {"after": "", "teacher": ""}}  # fmt: skip
    assert ancestors(diamond, "d", teachers=True) == ["d", "c", "b", "a"]
    assert ancestors(diamond, "d") == ["d", "b", "a"]
