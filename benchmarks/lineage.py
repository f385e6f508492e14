"""Lineage on a million documents: whole commands `pomona trace`, both ways, and what reading batches costs a step.

The documents are resampled phrases of real pages. They are encoded, mixed, written as token shards, and a small model reads a
million tokens of them, so that there is a checkpoint to trace.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import corpora
from benchmarks.claims import Claim, claim
from benchmarks.pages import texts
from corpus.lake import Lake
from pomona import stages

_DOCUMENTS = int(os.environ.get("POMONA_BENCH_DOCUMENTS", 1_000_000))
_MOST_SECONDS = 1.0
_LOADER_SHARE = 0.01  # of a step
stages.tables()  # so that the lake knows every table


def run(path: Path | None) -> Iterator[Claim]:
    """Traces, and the loader."""
    with tempfile.TemporaryDirectory(prefix="lineage-") as folder:
        lake = Lake(Path(folder) / "lake")
        corpora.write(lake, texts(path), corpora.planned(_DOCUMENTS))
        _pomona(lake, "tokenizer", "train", "--vocab-size", "4096", "--sample-bytes", "10MB")
        _pomona(lake, "mix", "--name", "all")
        trained = _pomona(
            lake, "train", "--mixture", "all", "--model", "1M", "--tokens", "1M", "--set", "evaluations=1"
        )
        document = lake.scan("mixtures").filter(split="train").head(1).collect()["id"][0]
        for name, what in (("checkpoint", str(trained["run"])), ("document", document)):
            seconds = min(_seconds(lake, what) for _ in range(3))
            note = f"{_DOCUMENTS:,} documents; whole command, start of the process included"
            yield claim(f"lineage.trace_{name}", seconds, _MOST_SECONDS, "target", "s", 1.0, note, less=True)
        yield _loader(lake, float(str(trained["tokens_per_second"])))


def _loader(lake: Lake, tokens_per_second: float) -> Claim:
    """Time to read a batch, without reading ahead, as a share of a step of the 1M model."""
    from corpus.shards import packing
    from corpus.shards import stages as shard_stages
    from corpus.shards.batches import Batches
    from corpus.shards.stream import Stream

    stream = Stream(shard_stages.folder(lake, shard_stages.current(lake, "all")))
    batches = Batches(stream, packing.concatenated(stream, 256), 32)
    started = time.perf_counter()
    for step in range(200):
        batches.step(step * 7 % batches.n_steps)
    seconds = (time.perf_counter() - started) / 200
    share = seconds / (32 * 256 / tokens_per_second)
    note = "8,192 tokens from places far apart, masks included; in a run it is read ahead by a thread"
    return claim("lineage.loader", share, _LOADER_SHARE, "limit", "of a step", 1.0, note, less=True)


def _seconds(lake: Lake, what: str) -> float:
    started = time.perf_counter()
    _pomona(lake, "trace", what)
    return time.perf_counter() - started


def _pomona(lake: Lake, *arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "pomona", *arguments, "--lake", lake.url, "--json"]
    value: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return value
