"""A run that ends before any one of its writes goes on where it stood, and ends with the same lake.

A write is a part that gets its name, or a commit: `faults/sitecustomize.py` counts them in all processes of a run and
kills the process group before the n-th. So every state that a kill can leave behind is met, and each kill does hit.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from corpus.lake import Lake
from tests.pomona.corpora import EVERY_STAGE, PROSE, contents, raw, recipe

ROOT = Path(__file__).resolve().parents[2]
_CODE = """
import sys
from corpus.ingest import steps as ingest
ingest.ITEM_BYTES = 150_000
from pomona.cli import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Whole:
    """A recipe, and what it comes to when nobody disturbs it."""

    path: Path
    tables: dict[str, pl.DataFrame]
    parts: dict[str, list[str]]
    writes: int


def run(path: Path, lake: Path, workers: int, at: int) -> tuple[int, list[str]]:
    """The exit status of `pomona run` that is killed before its write `at` (0: never), and the writes it counted."""
    counter = lake.parent / f"{lake.name}-writes"
    counter.unlink(missing_ok=True)
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'tests' / 'pomona' / 'faults'}:{ROOT}",
        "FAULT_COUNTER": str(counter),
        "FAULT_AT": str(at),
    }
    ended = subprocess.run(
        [sys.executable, "-c", _CODE, "run", str(path), "--lake", str(lake), "--workers", str(workers)],
        start_new_session=True, capture_output=True, cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    return ended.returncode, counter.read_text().splitlines() if counter.exists() else []


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    root = raw(tmp_path_factory.mktemp("raw"), n=12)
    with open(root / "large.jsonl", "w") as file:
        for i in range(300):
            file.write(json.dumps({"text": f"Document {i}. {PROSE} {PROSE * (i % 4)}"}) + "\n")
    path = recipe(root, root / "lake", EVERY_STAGE)
    path.write_text(path.read_text().replace("filter:", f"  - {{name: large, path: {root}/large.jsonl}}\nfilter:", 1))

    status, writes = run(path, root / "lake", 1, 0)
    assert status == 0
    lake = Lake(root / "lake")
    return Whole(path, contents(lake), named(lake), len(writes))


def named(lake: Lake) -> dict[str, list[str]]:
    return {name: [part.path for part in lake.parts(name)] for name in lake.tables()}


def check(whole: Whole, folder: Path, workers: int, at: int) -> None:
    status, writes = run(whole.path, folder, workers, at)
    assert status == -signal.SIGKILL
    assert len(writes) == at

    contents(Lake(folder))  # whatever is there can be read
    kept = {part: part.stat().st_mtime_ns for part in folder.rglob("*.parquet")}
    status, _ = run(whole.path, folder, workers, 0)
    assert status == 0

    lake = Lake(folder)
    tables = contents(lake)
    assert tables.keys() == whole.tables.keys()
    for name, frame in whole.tables.items():
        assert tables[name].equals(frame), f"{name} after a kill before write {at}, {writes[-1]}"
    assert named(lake) == whole.parts
    assert all(part.stat().st_mtime_ns == modified for part, modified in kept.items())  # nothing was made twice
    assert not list(folder.rglob("*.tmp"))


@pytest.mark.parametrize(("workers", "share"), [(1, 0.1), (3, 0.45), (1, 0.8)])
def test_a_kill_between_two_writes_changes_nothing(whole: Whole, tmp_path: Path, workers: int, share: float) -> None:
    check(whole, tmp_path / "lake", workers, max(1, round(share * whole.writes)))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("workers", "step"), [(1, 1), (3, 3)])
def test_a_kill_before_every_write_changes_nothing(whole: Whole, tmp_path: Path, workers: int, step: int) -> None:
    for at in range(1, whole.writes + 1, step):
        check(whole, tmp_path / f"lake{at}", workers, at)
