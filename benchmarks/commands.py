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

_RECIPE = """
lake: {lake}
sources: [{{name: web, path: {source}}}]
filter: {filter}
dedup: {dedup}
decontaminate: {decontaminate}
"""
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
    pages = texts(path)
    with tempfile.TemporaryDirectory() as folder, one_core():
        source = Path(folder) / "source"
        source.mkdir()
        _write(source / "pages.jsonl.gz", pages)
        index = _index(Path(folder) / "index")
        rules = "{rules: [gopher_quality, gopher_repetition, c4, fineweb]}"
        kinds: dict[str, tuple[str, list[str], dict[str, str]]] = {
            "filter": (_FILTER, [], {"filter": rules}),
            "dedup": (_DEDUP, [], {"dedup": "{exact: false}"}),
            "decontam": (_DECONTAM, [str(index)], {"decontaminate": json.dumps({"benchmarks": leaks.specs()})}),
        }
        for name, (script, arguments, sections) in kinds.items():
            for turn in ("warm", "timed"):
                theirs = _peer(script, source, Path(folder) / f"theirs-{name}-{turn}", arguments)
                ours = _pomona(source, Path(folder) / f"ours-{name}-{turn}", sections)
            yield claim(
                f"commands.{name}", ours, theirs, named("datatrove"), "s", 1.0,
                f"whole commands on {len(pages)} pages, {pages.nbytes / 1e6:.1f} MB: `run` (with signals) and `export`, the peer's script "
                "reads, works and writes; with the start of every process", less=True,
            )  # fmt: skip


def _write(path: Path, pages: pa.Array) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for i, text in enumerate(pages.to_pylist()):
            file.write(json.dumps({"id": str(i), "text": text}) + "\n")


def _peer(script: str, source: Path, out: Path, arguments: list[str]) -> float:
    """Seconds of the peer's script."""
    return _seconds([sys.executable, "-c", _HEAD + script, str(source), str(out), *arguments])


def _pomona(source: Path, out: Path, sections: dict[str, str]) -> float:
    """Seconds of a recipe with these sections, and of an export."""
    recipe = out.with_suffix(".yaml")
    off = dict.fromkeys(("filter", "dedup", "decontaminate"), "null")
    recipe.write_text(_RECIPE.format(lake=out, source=source, **(off | sections)))
    every = [["run", str(recipe)], ["export", "--lake", str(out), "--out", f"{out}.jsonl.gz"]]
    return sum(_seconds([sys.executable, "-m", "pomona", *one]) for one in every)


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
