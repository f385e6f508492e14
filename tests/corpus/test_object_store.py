"""A lake in a bucket: ingest, filter, deduplicate and decontaminate against moto's S3 server on loopback."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus import lease, lease_files, owner, temporaries
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.lease import hold
from pomona import runner
from pomona.cli import main
from pomona.recipe import load
from pomona.report import render
from tests.pomona.corpora import EVERY_STAGE, contents, raw, recipe


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """s3://corpus on a server of our own; every library finds it by the environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true", "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("corpus")
        yield "s3://corpus/lake"
        s3fs.S3FileSystem.clear_instance_cache()
    finally:
        server.kill()
        server.wait()


def test_a_whole_recipe_runs_in_a_bucket_and_gives_the_same_tables(
    bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = raw(tmp_path / "raw")
    path = recipe(root, tmp_path / "lake", EVERY_STAGE)
    here, there = Lake(tmp_path / "lake"), Lake(bucket)
    list(runner.run_recipe(here, load(path), workers=1))
    list(runner.run_recipe(there, load(path), workers=1))
    want, came = contents(here), contents(there)
    assert came.keys() == want.keys()
    assert all(came[name].equals(frame) for name, frame in want.items())
    assert {o.state for o in runner.run_recipe(there, load(path), workers=1)} == {"current"}
    assert "Funnel" in render(there)
    assert main(["sql", "select count(*) n from documents", "--lake", bucket, "--json"]) == 0
    assert '"n": 120' in capsys.readouterr().out
    assert main(["export", "--lake", bucket, "--out", str(tmp_path / "out.jsonl")]) == 0
    assert main(["contamination", "--lake", bucket]) == 0
    assert not there.fs.glob("corpus/lake/**/.*.tmp")


def test_a_stage_in_a_bucket_goes_on_where_it_stood(bucket: str, tmp_path: Path) -> None:
    from pomona import stages

    path = recipe(raw(tmp_path / "raw"), tmp_path / "lake")
    lake, loaded = Lake(bucket), load(path)
    for name in stages.names(loaded)[:4]:
        runner.run_planned(lake, stages.plan(name, lake, loaded), workers=1)
    stage = stages.plan_signals(lake)
    items = stage.plan_items()
    from corpus.execution import run_item

    run_item(lake, stage.step, stage.outputs, items[0])  # as if the run had been killed after one item
    outcome = runner.run_planned(lake, stage, workers=1)
    assert (outcome.items_run, outcome.items) == (len(items) - 1, len(items))


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
