"""Artifacts: whole or not there, listed with what made them, found again after a kill, on disk and in a bucket."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from corpus import artifacts, manifest, owner, temporaries
from corpus.artifacts import Artifact
from corpus.lake import Lake

THING = Artifact(kind="thing", key="k1", stage="toy", made_from={"size": 3})


@pytest.fixture(params=["disk", "bucket"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Lake(tmp_path / "lake") if request.param == "disk" else Lake(request.getfixturevalue("bucket"))


def write(at: Path, text: str = "abc") -> None:
    (at / "inner").mkdir()
    (at / "inner" / "a.txt").write_text(text)


def rows(lake: Lake) -> list[dict[str, Any]]:
    return lake.scan("artifact_lineage").collect().to_dicts()


def test_an_artifact_is_whole_and_its_row_says_what_made_it(anywhere: Lake) -> None:
    assert artifacts.find(anywhere, "thing", "k1") is None
    with artifacts.draft(anywhere, THING) as draft:
        write(draft.folder)
        assert not artifacts.has(anywhere, "thing", "k1")  # nobody sees it while it is written
    found = artifacts.find(anywhere, "thing", "k1")
    assert found is not None
    assert (found / "inner" / "a.txt").read_text() == "abc"
    assert rows(anywhere) == [
        {"kind": "thing", "key": "k1", "path": "artifacts/thing/k1", "stage": "toy", "made_from": '{"size": 3}',
         "files": 1, "bytes": 3}
    ]  # fmt: skip
    assert json.loads((found / manifest.NAME).read_text())["made_from"] == {"size": 3}
    assert not [path for path in anywhere.fs.find(f"{anywhere.root}/artifacts") if "/." in path]


def test_a_block_that_fails_leaves_nothing(anywhere: Lake) -> None:
    def fails(at: Path) -> None:
        write(at)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        artifacts.ensure(anywhere, THING, fails)
    assert not artifacts.has(anywhere, "thing", "k1")
    assert rows(anywhere) == []
    assert not anywhere.fs.find(f"{anywhere.root}/artifacts")


def test_it_is_made_once_and_listed_after_a_kill_before_the_row(
    anywhere: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(artifacts, "_list", lambda *_: None)
        artifacts.ensure(anywhere, THING, write)
    assert rows(anywhere) == []
    artifacts.ensure(anywhere, THING, lambda _: pytest.fail("it is there already"))
    assert len(rows(anywhere)) == 1
    artifacts.ensure(anywhere, THING, lambda _: pytest.fail("it is there already"))
    assert anywhere.version("artifact_lineage") == 0


def test_a_damaged_one_is_made_again(lake: Lake) -> None:
    artifacts.ensure(lake, THING, write)
    (Path(lake.root) / THING.path / "inner" / "a.txt").write_text("ab")
    assert artifacts.find(lake, "thing", "k1") is None
    artifacts.ensure(lake, THING, write)
    found = artifacts.find(lake, "thing", "k1")
    assert found is not None
    assert (found / "inner" / "a.txt").read_text() == "abc"
    assert len(rows(lake)) == 1


def test_of_two_at_once_one_stays(lake: Lake) -> None:
    with artifacts.draft(lake, THING) as slow:
        write(slow.folder)
        artifacts.ensure(lake, THING, write)
    assert artifacts.has(lake, "thing", "k1")
    assert len(rows(lake)) == 1
    assert [path.name for path in (Path(lake.root) / "artifacts" / "thing").iterdir()] == ["k1"]


def test_a_long_run_goes_on_from_what_it_saved(anywhere: Lake) -> None:
    def stops_at(step: int) -> None:
        with artifacts.draft(anywhere, THING, resume=True) as draft:
            assert [path.name for path in draft.folder.glob("step-*")] == [f"step-{i}" for i in range(1, step)]
            (draft.folder / f"step-{step}").write_text(str(step))
            draft.save()
            raise KeyboardInterrupt

    for step in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            stops_at(step)
    assert not artifacts.has(anywhere, "thing", "k1")

    with artifacts.draft(anywhere, THING, resume=True) as draft:
        assert sorted(path.name for path in draft.folder.glob("step-*")) == ["step-1", "step-2"]
        (draft.folder / "last").write_text("done")
    found = artifacts.find(anywhere, "thing", "k1")
    assert found is not None
    assert sorted(path.name for path in found.iterdir()) == [manifest.NAME, "last", "step-1", "step-2"]
    assert not [path for path in anywhere.fs.find(f"{anywhere.root}/artifacts") if "/." in path]


def test_a_run_that_is_killed_while_it_writes_is_swept_by_the_next(lake: Lake) -> None:
    code = f"""
        import os, signal
        from corpus import artifacts
        from corpus.lake import Lake
        made = artifacts.Artifact(kind="thing", key="k1", stage="toy")
        with artifacts.draft(Lake({lake.root!r}), made) as draft:
            (draft.folder / "a.txt").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    ran = subprocess.run([sys.executable, "-c", dedent(code)], check=False, cwd=os.getcwd())
    assert ran.returncode == -signal.SIGKILL
    kind = Path(lake.root) / "artifacts" / "thing"
    left = list(kind.iterdir())
    assert len(left) == 1
    assert owner.is_gone(temporaries.token_of(str(left[0])))
    assert not artifacts.has(lake, "thing", "k1")
    artifacts.ensure(lake, THING, write)
    assert [path.name for path in kind.iterdir()] == ["k1"]

    (kind / left[0].name).mkdir()
    assert artifacts.sweep(lake) == [str(left[0])]


def test_a_copy_of_a_bucket_is_used_only_for_the_same_files(bucket: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    one, other = Lake(f"{bucket}/one"), Lake(f"{bucket}/other")
    artifacts.ensure(one, THING, write)
    artifacts.ensure(other, THING, lambda at: write(at, "of another version"))
    texts = [(artifacts.find(lake, "thing", "k1") or Path()) / "inner" / "a.txt" for lake in (one,)]
    assert texts[0].read_text() == "abc"
    found = artifacts.find(other, "thing", "k1")
    assert found is not None
    assert (found / "inner" / "a.txt").read_text() == "of another version"


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", ".hidden", "x" * 65])
def test_a_name_cannot_lead_elsewhere(name: str) -> None:
    with pytest.raises(ValueError, match="the name of an artifact"):
        Artifact(kind="thing", key=name, stage="toy")
