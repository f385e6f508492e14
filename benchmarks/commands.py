"""Whole commands, as a user types them: start of the process, reading, working, writing. One core, both from files.

Each side reads the same gzipped JSON Lines. Ours are `pomona` commands; the peer's is a script of datatrove's readers,
steps and writers under its local executor, as its examples have it.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from benchmarks import leaks
from benchmarks.claims import Claim, claim, named, one_core
from benchmarks.pages import texts

_PAGES = 300  # of the web pages: the peer takes a second for every 0.2 MB
_HEAD = """
import sys
from datatrove.executor.local import LocalPipelineExecutor as Executor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
source, out = sys.argv[1:3]
def run(steps, tasks=1, name="logs"):
    Executor(pipeline=steps, tasks=tasks, workers=1, logging_dir=f"{out}/{name}", skip_completed=False).run()
"""
_FILTER = """
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
run([JsonlReader(source), GopherQualityFilter(), GopherRepetitionFilter(), C4QualityFilter(filter_no_terminal_punct=False),
     FineWebQualityFilter(), JsonlWriter(f"{out}/kept")])
"""
_DEDUP = """
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
run([JsonlReader(source), MinhashDedupSignature(f"{out}/1")], name="l1")
run([MinhashDedupBuckets(f"{out}/1", f"{out}/2")], tasks=14, name="l2")
run([MinhashDedupCluster(f"{out}/2", f"{out}/3")], name="l3")
run([JsonlReader(source), MinhashDedupFilter(f"{out}/3"), JsonlWriter(f"{out}/kept")], name="l4")
"""
_DECONTAM = """
from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter
config = NGramsDecontConfig(n_grams=12, find_query_ngrams=True, find_overlap_ngrams=True)
run([JsonlReader(source), NGramsDecontFilter(sys.argv[3], config), JsonlWriter(f"{out}/kept")])
"""


def run(path: Path | None) -> Iterator[Claim]:
    """Filter, dedup and decontam, each after a run that compiled and cached what either side caches."""
    pages = texts(path)[:_PAGES]
    with tempfile.TemporaryDirectory() as folder, one_core():
        source = Path(folder) / "source"
        source.mkdir()
        _write(source / "pages.jsonl.gz", pages)
        index = _index(Path(folder) / "index")
        benchmarks = [argument for spec in leaks.specs() for argument in ("--benchmark", spec)]
        rules = "gopher_quality,gopher_repetition,c4,fineweb"
        kinds = {
            "filter": (_FILTER, [], [["filter", "--rules", rules]]),
            "dedup": (_DEDUP, [], [["dedup"]]),
            "decontam": (_DECONTAM, [str(index)], [["decontam", *benchmarks]]),
        }
        for name, (script, arguments, commands) in kinds.items():
            for turn in ("warm", "timed"):
                theirs = _peer(script, source, Path(folder) / f"theirs-{name}-{turn}", arguments)
                ours = _pomona(source, Path(folder) / f"ours-{name}-{turn}", commands)
            yield claim(
                f"commands.{name}", ours, theirs, named("datatrove"), "s", 1.0,
                f"whole commands on {len(pages)} pages, {pages.nbytes / 1e6:.1f} MB: ours ingests, works and exports, the peer reads, works "
                "and writes; start of every process counted", less=True,
            )  # fmt: skip


def _write(path: Path, pages: pa.Array) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for i, text in enumerate(pages.to_pylist()):
            file.write(json.dumps({"id": str(i), "text": text}) + "\n")


def _peer(script: str, source: Path, out: Path, arguments: list[str]) -> float:
    """Seconds of the peer's script."""
    return _seconds([sys.executable, "-c", _HEAD + script, str(source), str(out), *arguments])


def _pomona(source: Path, out: Path, commands: list[list[str]]) -> float:
    """Seconds of an ingest, the commands and an export."""
    every = [["ingest", str(source), "--source", "web"], *commands, ["export", "--out", f"{out}.jsonl.gz"]]
    return sum(_seconds([sys.executable, "-m", "pomona", *one, "--lake", str(out)]) for one in every)


def _seconds(command: list[str]) -> float:
    root = str(Path(__file__).resolve().parents[1])
    started = time.perf_counter()
    subprocess.run(command, check=True, cwd=root, capture_output=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    return time.perf_counter() - started


def _index(folder: Path) -> Path:
    from benchmarks.decontam import _datatrove

    folder.mkdir()
    _datatrove(leaks.benchmarks(), str(folder))
    return folder
