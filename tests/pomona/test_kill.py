"""A run killed at any moment, or stopped by Ctrl-C, goes on where it stood and ends with the same lake."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus.lake import Lake
from pomona import state
from pomona.recipe import load
from pomona.stages import Wanted
from tests.pomona.corpora import EVERY_STAGE, PROSE, contents, raw, recipe

N_DOCUMENTS = 1500


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, float]:
    """A recipe over many files and one large file, its lake when nobody disturbs it, and how long that takes."""
    root = raw(tmp_path_factory.mktemp("raw"), n=60)
    with open(root / "large.txt.jsonl", "w") as file:
        for i in range(N_DOCUMENTS):
            file.write(json.dumps({"text": f"Document {i}. {PROSE} {PROSE * (i % 7)}"}) + "\n")
    path = recipe(root, root / "lake", EVERY_STAGE)
    path.write_text(
        path.read_text().replace("filter:", f"  - {{name: large, path: {root}/large.txt.jsonl}}\nfilter:", 1)
    )
    started = time.monotonic()
    assert command(path, root / "lake").wait() == 0
    return path, root / "lake", time.monotonic() - started


def command(path: Path, lake: Path) -> "subprocess.Popen[bytes]":
    """`pomona run` in a process group of its own, with work items small enough to be killed between two."""
    code = (
        "import sys; from corpus.ingest import steps\n"
        "steps.ITEM_BYTES = 150_000\n"
        "from pomona.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", str(path), "--lake", str(lake), "--workers", "1"],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parents[2],
    )


def stage_reached(path: Path, lake: Path) -> str:
    states = state.status(Lake(lake), load(path))
    return next((one.stage for one in states if one.state != "current"), "done")


def check_after_kill(undisturbed: tuple[Path, Path, float], lake: Path, moment: float, how: signal.Signals) -> str:
    path, whole, _ = undisturbed
    process = command(path, lake)
    time.sleep(moment)
    os.killpg(process.pid, how)
    process.wait()
    reached = stage_reached(path, lake)
    for name, frame in contents(Lake(lake)).items():  # whatever can be read is whole
        assert frame.height > 0 or name not in ("documents", "signals", "decisions")
    before = {name: set(paths(lake, name)) for name in ("documents", "signals")}
    assert command(path, lake).wait() == 0
    came, want = contents(Lake(lake)), contents(Lake(whole))
    assert came.keys() == want.keys()
    for name in want:
        assert came[name].equals(want[name]), f"{name} after a kill in {reached}"
        assert [p.path for p in Lake(lake).parts(name)] == [p.path for p in Lake(whole).parts(name)]
    for name, parts in before.items():  # a finished part was not made again
        for part, modified in parts:
            assert os.stat(lake / name / part).st_mtime_ns == modified
    assert not list(lake.rglob("*.tmp"))
    return reached


def paths(lake: Path, table: str) -> list[tuple[str, int]]:
    folder = lake / table
    return [(str(p.relative_to(folder)), p.stat().st_mtime_ns) for p in folder.rglob("*.parquet")]


@pytest.mark.parametrize("share", [0.35, 0.85])
def test_kill_minus_nine_changes_nothing(undisturbed: tuple[Path, Path, float], tmp_path: Path, share: float) -> None:
    check_after_kill(undisturbed, tmp_path / "lake", share * undisturbed[2], signal.SIGKILL)


def test_ctrl_c_stops_cleanly(undisturbed: tuple[Path, Path, float], tmp_path: Path) -> None:
    check_after_kill(undisturbed, tmp_path / "lake", 0.5 * undisturbed[2], signal.SIGINT)


def test_ctrl_c_says_how_to_go_on_and_leaves_no_process(tmp_path: Path) -> None:
    root = raw(tmp_path / "raw", n=60)
    path = recipe(root, tmp_path / "lake")
    process = subprocess.Popen(
        [sys.executable, "-m", "pomona", "run", str(path), "--workers", "2"],
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (tmp_path / "lake").exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, message = process.communicate(timeout=60)
    if process.returncode != 0:  # it may have been faster than we
        assert process.returncode == 130
        assert "run the same command again to continue from here" in message
        assert "Traceback" not in message
    assert not any_left(process.pid)


def any_left(group: int) -> bool:
    """Whether a process of the group still lives after ten seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.slow
@pytest.mark.timeout(2400)  # forty runs, more than ten minutes where other processes use the machine
def test_twenty_kills_at_random_moments(undisturbed: tuple[Path, Path, float], tmp_path: Path) -> None:
    moments = random.Random(20)
    reached = [
        check_after_kill(undisturbed, tmp_path / f"lake{i}", moments.uniform(0.1, 1.0) * undisturbed[2], signal.SIGKILL)
        for i in range(20)
    ]
    assert len(set(reached)) >= 3, reached


_SUICIDE = """
import os, sys, threading
from corpus.ingest import steps as ingest
from pomona import runner
ingest.ITEM_BYTES = 150_000
from pomona.cli import main
run, (slot, delay) = runner.run, sys.argv[1:3]
def deadly(lake, step, outputs, items, **options):
    if outputs[0].slot == slot:
        threading.Timer(float(delay), lambda: os.killpg(0, 9)).start()
    return run(lake, step, outputs, items, **options)
runner.run = deadly
sys.exit(main(sys.argv[3:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slot", "seconds"),
    [
        ("ingest-large", 0.6),
        ("signals", 1.5),
        ("filter", 0.1),
        ("exact", 0.1),
        ("minhash-bands", 0.3),
        ("minhash", 0.3),
        ("embeddings", 0.5),
        ("semantic", 0.3),
        ("paragraphs", 0.3),
        ("substrings", 0.3),
        ("ngram-counts", 0.5),
        ("decontam", 0.5),
    ],
)
def test_five_kills_inside_each_stage(
    undisturbed: tuple[Path, Path, float], tmp_path: Path, slot: str, seconds: float
) -> None:
    path, whole, _ = undisturbed
    want, moments = contents(Lake(whole)), random.Random(slot)
    for i in range(5):
        lake = tmp_path / f"lake{i}"
        arguments = [slot, str(moments.uniform(0, seconds)), "run", str(path), "--lake", str(lake), "--workers", "1"]
        killed = subprocess.run(
            [sys.executable, "-c", _SUICIDE, *arguments],
            start_new_session=True,
            capture_output=True,
            check=False,
            cwd=Path(__file__).resolve().parents[2],
        )
        assert killed.returncode in (0, -signal.SIGKILL)
        assert command(path, lake).wait() == 0
        came = contents(Lake(lake))
        assert all(came[name].equals(frame) for name, frame in want.items())


@pytest.mark.slow
def test_a_stage_is_killed_in_its_middle_again_and_again(undisturbed: tuple[Path, Path, float], tmp_path: Path) -> None:
    path, whole, seconds = undisturbed
    lake = tmp_path / "lake"
    for _ in range(40):
        process = command(path, lake)
        time.sleep(seconds * 0.45)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if stage_reached(path, lake) == "done":
            break
    assert command(path, lake).wait() == 0
    for name, frame in contents(Lake(whole)).items():
        assert contents(Lake(lake))[name].equals(frame)


def test_the_large_file_is_several_items(
    undisturbed: tuple[Path, Path, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.ingest.steps.ITEM_BYTES", 150_000)
    stage = Wanted.by(load(undisturbed[0])).plan("ingest:large", Lake(undisturbed[1]))
    assert len(stage.plan_items()) > 5
