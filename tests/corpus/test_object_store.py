"""A lake in a bucket: ingest, filter, deduplicate and decontaminate against moto's S3 server on loopback."""

import subprocess
import sys
from pathlib import Path

import pytest

from corpus import lease, lease_files, owner, temporaries
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.lease import hold
from pomona import runner
from pomona.cli import main
from pomona.page import render
from pomona.recipe import load
from pomona.stages import Wanted
from tests import planning
from tests.corpus.test_lake import seen_in_a_snapshot
from tests.pomona.corpora import EVERY_STAGE, contents, raw, recipe


def test_a_whole_recipe_runs_in_a_bucket_and_gives_the_same_tables(
    bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = raw(tmp_path / "raw")
    path = recipe(root, tmp_path / "lake", EVERY_STAGE)
    here, there = Lake(tmp_path / "lake"), Lake(bucket)
    list(runner.run_recipe(here, load(path), workers=1))
    n_stages = len(list(runner.run_recipe(there, load(path), workers=1)))
    want, came = contents(here), contents(there)
    assert came.keys() == want.keys()
    assert all(came[name].equals(frame) for name, frame in want.items())
    assert _looks(there, path, monkeypatch) <= 12 * n_stages  # 17 stages took 900 before
    assert "Funnel" in render(there)
    assert main(["sql", "select count(*) n from documents", "--lake", bucket, "--json"]) == 0
    assert '"n": 120' in capsys.readouterr().out
    assert main(["export", "--lake", bucket, "--out", str(tmp_path / "out.jsonl")]) == 0
    assert main(["contamination", "--lake", bucket]) == 0
    assert not there.fs.glob("corpus/lake/**/.*.tmp")


def _looks(lake: Lake, path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a run that has nothing to do looks at a table's log, which is one request."""
    looks = 0
    look = Lake._bring_up_to_date

    def counted(self: Lake, table: str) -> None:
        nonlocal looks
        looks += 1
        look(self, table)

    monkeypatch.setattr(Lake, "_bring_up_to_date", counted)
    assert {one.state for one in runner.run_recipe(lake, load(path), workers=1)} == {"current"}
    return looks


def test_a_stage_in_a_bucket_goes_on_where_it_stood(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recipe(raw(tmp_path / "raw"), tmp_path / "lake")
    lake, loaded = Lake(bucket), load(path)
    for name in Wanted.by(loaded).names()[:4]:
        runner.run_planned(lake, Wanted.by(loaded).plan(name, lake), workers=1)
    stage = planning.plan("signals", lake)
    items = stage.plan_items()
    from corpus.task import run_item

    run_item(lake, stage.step, stage.outputs, items[0])  # as if the run had been killed after one item
    here = tmp_path / "tmp"
    here.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(here))
    outcome = runner.run_planned(lake, stage, workers=1)
    assert (outcome.items_run, outcome.items) == (len(items) - 1, len(items))
    assert not list(here.glob("pomona-logs-*"))  # nothing is left on this machine


def test_a_lease_in_a_bucket_is_one_processes(bucket: str) -> None:
    lake = Lake(bucket)
    code = (
        "import sys; from corpus.lake import Lake; from corpus.lease import hold\n"
        "with hold(Lake(sys.argv[1]), 'ingest:web'):\n    print('held', flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, bucket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline().strip() == "held"
    with pytest.raises(UserError, match=f"being written by pid {other.pid}"), hold(lake, "ingest:web", wait_seconds=1):
        pass
    other.kill()
    other.communicate()
    with hold(lake, "ingest:web", wait_seconds=0) as held:
        of, path = lease_files.files(lake), lease._path(lake, "ingest:web")
        assert not of.create(path, lease_files.Record("other"))  # a conditional put
        assert of.renew(path, lease_files.Record(held.token))
        assert of.age(path) < 10
    assert lake.fs.find(f"{lake.root}/.pomona/leases") == []


def test_temporaries_in_a_bucket_are_dated(bucket: str) -> None:
    lake = Lake(bucket)
    token = owner.new_token()
    for name in (temporaries.name("k", token), temporaries.name("k", owner.new_token())):
        lake.fs.pipe_file(f"{lake.root}/rejects/one/{name}", b"x")
    assert len(temporaries.sweep(lake.fs, [f"{lake.root}/rejects/one"], token)) == 1
    (left,) = temporaries._listed(lake.fs, f"{lake.root}/rejects/one")
    assert temporaries._age(left) < 60
    assert len(temporaries.sweep_below(lake.fs, lake.root, temporaries.token_of(left["name"]))) == 1


def test_a_snapshot_of_a_bucket(bucket: str) -> None:
    seen_in_a_snapshot(Lake(bucket), Lake(bucket))


def test_parts_that_workers_wrote_are_seen_at_the_commit(bucket: str, tmp_path: Path) -> None:
    """The parent has listed the folder before; two new work items run in processes of their own."""
    for i in range(3):
        (tmp_path / f"{i}.txt").write_text(f"Document {i} of a lake in a bucket.")
    for names in ("0",), ("1", "2"):
        for name in names:
            assert main(["ingest", str(tmp_path / f"{name}.txt"), "--source", f"s{name}", "--lake", bucket]) == 0
        command = [sys.executable, "-m", "pomona", "signals", "--workers", "2", "--lake", bucket]
        subprocess.run(command, check=True, capture_output=True)  # of its own: worker processes keep their environment
    assert sum(part.n_rows for part in Lake(bucket).parts("signals")) == 3
