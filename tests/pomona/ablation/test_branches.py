"""A branch begins as its lake is, shares its files, and neither sees what the other does afterwards."""

import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest

import pomona
from corpus.errors import UserError
from corpus.lake import Lake
from pomona import kept_documents, making, standing
from pomona.ablation import branches, views
from pomona.cli import main
from tests.pomona.ablation.studies import lake_of, run, study


def test_a_branch_shares_files_and_goes_its_own_way(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    branch = branches.make(lake, tmp_path / "lake" / "branches" / "study" / "base")
    assert kept_documents.ids(branch).collect().equals(kept_documents.ids(lake).collect())
    part = lake.parts("documents")[0]
    files = [Path(one.root, "documents", part.path).stat() for one in (lake, branch)]
    assert files[0].st_ino == files[1].st_ino
    assert not branch.exists("mixtures")
    assert not branch.exists("runs")
    standing.require(branch)

    pomona.mix(branch, name="own", weights={"a": 1.0}, tokens=2000)
    assert set(branch.scan("mixtures").collect()["mixture"]) == {"own"}
    assert "own" not in lake.scan("mixtures").collect()["mixture"].to_list()
    list(making.tokens(branch, "own"))

    before = lake.version("documents")
    gone = kept_documents.ids(lake).collect()["id"][0]
    pomona.forget(lake, gone)
    assert lake.version("documents") != before
    for one in (lake, branches.branches(lake)[0]):  # erased in both
        assert gone not in one.scan("documents").select("id").collect()["id"].to_list()
        assert not one.scan("tokens").filter(pl.col("id") == gone).collect().height


def test_a_branch_is_made_once_and_whole(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    place = tmp_path / "lake" / "branches" / "study" / "base"
    half = place.with_name(".base.unfinished")
    half.mkdir(parents=True)
    (half / "rubbish").write_text("")
    branch = branches.make(lake, place)
    assert not half.exists()
    assert not (place / "rubbish").exists()
    pomona.mix(branch, name="own", weights={"a": 1.0}, tokens=2000)
    assert branches.make(lake, place).exists("mixtures")  # not made again
    assert [one.root for one in branches.branches(lake)] == [str(place)]


def test_a_vacuum_removes_branches_of_earlier_forms_of_a_study(
    mixed: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    variants = {"plain": {"weights": {"a": 1.0}}, "copy": {"weights": {"a": 1.0}}}
    first, other, edited = (
        study(variants=variants, tokens=512), study(variants=variants, name="other", tokens=768),
        study(variants=variants, tokens=512, held_out=["a"]),
    )  # fmt: skip
    ids = [run(lake, one) for one in (first, other, edited)]
    earlier, kept, newest = (Path(lake.root, views.study(lake, one).branch) for one in ids)
    stopped = Path(lake.root, "branches", "0" * 32, "base")
    branches.make(lake, stopped)
    branches.use(lake, "0" * 32, "stopped")
    assert branches.superseded(lake) == [earlier]
    run(lake, first)  # nothing to do, but it is what the file says now
    assert branches.superseded(lake) == []
    run(lake, edited)

    # A branch that a vacuum has half deleted does not count.
    monkeypatch.setattr(shutil, "rmtree", _stop)
    with pytest.raises(KeyboardInterrupt):
        branches.sweep(lake)
    monkeypatch.undo()
    assert str(earlier) not in {str(Path(one.root).parent) for one in branches.branches(lake)}
    assert not earlier.exists()
    os.rename(next(earlier.parent.glob(".*.unfinished")), earlier)

    assert main(["lake", "--lake", lake.root, "--vacuum", "--json"]) == 0
    assert f"{earlier.relative_to(lake.root)}/base/.branch" in json.loads(capsys.readouterr().out)["deleted"]
    assert not earlier.exists()
    assert not list(earlier.parent.glob(".*"))
    assert all((one / "base" / ".branch").is_file() for one in (kept, newest, stopped.parent))
    assert views.study(lake, ids[0]).comparisons  # what came out stays
    assert making.ablation_id(lake, first) == run(lake, first)


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_vacuum_keeps_to_the_folders_of_studies(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    variants = {"plain": {"weights": {"a": 1.0}}, "copy": {"weights": {"a": 1.0}}}
    for held_out_of in (["a"], ["b"]):
        run(lake, study(variants=variants, tokens=512, held_out=held_out_of))
    (earlier,) = branches.superseded(lake)
    (tmp_path / "elsewhere").mkdir()
    (earlier / ".used").rename(tmp_path / "elsewhere" / ".used")  # a place that the row names, moved out of the lake
    shutil.rmtree(earlier)
    earlier.symlink_to(tmp_path / "elsewhere")
    assert branches.superseded(lake) == branches.sweep(lake) == []
    assert (tmp_path / "elsewhere" / ".used").exists()


def test_a_lake_in_a_bucket_has_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs a lake on this machine"):
        branches.make(Lake("memory://lake"), tmp_path / "b")
