"""`--memory` is a promise: every source and stage on long documents, in a process of its own, its children counted."""

import gzip
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.lake import Lake
from tests.corpus.sources.warcs import http, record
from tests.pomona.corpora import PROSE

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 1_000_000_000
LONG = 1_000_000  # bytes of a text
RECIPE = """
filter: null
dedup:
  minhash: {}
  semantic: {}
  paragraphs: {min_words_left: 0}
  substrings: {min_words_left: 0}
decontaminate: {benchmarks: [humaneval]}
"""


def long_text(n: int) -> str:
    draw = random.Random(n)
    words = PROSE.split()
    return " ".join(draw.choices(words, k=LONG * len(words) // len(PROSE)))


def jsonl(folder: Path, n: int) -> Path:
    path = folder / "long.jsonl.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.writelines(json.dumps({"text": long_text(i)}) + "\n" for i in range(n))
    return path


def parquet(folder: Path, n: int) -> Path:
    path = folder / "long.parquet"
    table = pa.table({"text": [long_text(i) for i in range(n)]})
    pq.write_table(table, path, write_batch_size=1, data_page_size=1 << 16)
    return path


def dictionary(folder: Path, n: int) -> Path:
    path = folder / "same.parquet"
    pq.write_table(pa.table({"text": [long_text(0)] * n}), path)
    return path


def warc(folder: Path, n: int) -> Path:
    path = folder / "long.warc.gz"
    with open(path, "wb") as file:
        for i in range(n):
            words = long_text(i).split()
            body = "".join(f"<p>{' '.join(words[k : k + 60])}</p>" for k in range(0, len(words), 60))
            file.write(gzip.compress(record(f"http://x/{i}", http(f"<html><body>{body}</body></html>".encode())), 1))
    return path


def tarball(folder: Path, n: int) -> Path:
    path = folder / "long.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for i in range(n):
            text = long_text(i)
            raw = "\n".join(text[k : k + 90] for k in range(0, LONG, 90)).encode()
            info = tarfile.TarInfo(f"d/{i}.py")
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    return path


def a_long_name(folder: Path, n: int) -> Path:
    """A gigabyte of a member's name."""
    path = folder / "name.tar.gz"
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            file.write(b"x" * (16 << 20))
    return path


def tree_bytes(pid: int) -> int:
    """Resident bytes of a process and all below it; pages that several share count once (PSS)."""
    parents: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path(f"/proc/{name}/stat").read_text()
        except OSError:
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(name))
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
        except (OSError, StopIteration):
            continue
    return total


def peak(command: list[str]) -> tuple[int, int, str]:
    """(exit status, peak bytes of the process tree, what it said on standard error)."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=ROOT)
    most = [0]

    def watch() -> None:
        while process.poll() is None:
            most[0] = max(most[0], tree_bytes(process.pid))
            time.sleep(0.03)

    thread = threading.Thread(target=watch)
    thread.start()
    _, said = process.communicate()
    thread.join()
    return process.returncode, most[0], said


def pomona(lake: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pomona", *arguments, "--lake", str(lake), "--memory", str(MEMORY)]


SOURCES: list[tuple[Callable[[Path, int], Path], int]] = [
    (jsonl, 60), (parquet, 60), (dictionary, 400), (warc, 12), (tarball, 40),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("make", "n"), SOURCES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_every_source_keeps_to_the_budget(tmp_path: Path, make: Callable[[Path, int], Path], n: int) -> None:
    path = make(tmp_path, n)
    status, most, said = peak(pomona(tmp_path / "lake", "ingest", str(path), "--source", "long", "--workers", "2"))
    assert status == 0, said
    assert sum(part.n_rows for part in Lake(tmp_path / "lake").parts("documents")) == n
    assert most < MEMORY, f"{most / 1e6:.0f} MB"


@pytest.mark.slow
def test_every_stage_keeps_to_the_budget(tmp_path: Path) -> None:
    path = jsonl(tmp_path, 60)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"lake: {tmp_path}/lake\nsources: [{{name: long, path: {path}}}]\n" + RECIPE)
    status, most, said = peak(pomona(tmp_path / "lake", "run", str(recipe), "--workers", "2"))
    assert status == 0, said
    assert most < MEMORY, f"{most / 1e6:.0f} MB"


def test_a_name_of_a_gigabyte_costs_its_archive_alone(tmp_path: Path) -> None:
    path = a_long_name(tmp_path, 1)
    status, most, said = peak(pomona(tmp_path / "lake", "ingest", str(path), "--source", "s", "--kind", "code"))
    assert status == 2
    assert "a header of 1073741824 bytes" in said
    assert most < MEMORY


def test_what_cannot_be_kept_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "page.parquet"
    pq.write_table(pa.table({"text": [long_text(i) for i in range(300)]}), path, write_batch_size=1000)
    status, most, said = peak(pomona(tmp_path / "lake", "ingest", str(path), "--source", "s"))
    assert status == 2
    assert "is read in pieces of" in said
    assert "one worker needs" in said
    assert most < MEMORY


def test_a_record_that_needs_more_than_the_budget_leaves_ends_the_run_and_not_the_record(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b", "x": [' + "[]," * 10_000_000 + "1]}\n")
    status, most, said = peak(pomona(tmp_path / "lake", "ingest", str(path), "--source", "s"))
    assert status == 2
    assert "--memory leaves the parser" in said
    assert most < MEMORY * 1.05
    assert Lake(tmp_path / "lake").parts("documents") == []
