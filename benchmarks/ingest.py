"""Ingesting a WARC against datatrove's WarcReader with Trafilatura; and how memory grows with the corpus."""

import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.claims import Claim, claim, named, one_core
from benchmarks.pages import load

_N_PAGES = 400  # for the timed comparison
_MEMORY = """
import sys
from corpus.execution import peak_bytes
from corpus.lake import Lake
from pomona import runner
from pomona.recipe import Recipe
source = {"name": "web", "path": sys.argv[1], "extractor": "fast"}
recipe = Recipe.model_validate({"sources": [source], "filter": {"rules": ["gopher_quality"]}})
for _ in runner.run_recipe(Lake(sys.argv[2]), recipe, workers=1): pass
print(peak_bytes() / 2**20)
"""


def run(path: Path | None) -> Iterator[Claim]:
    """Pages a second, and peak memory at one and ten times the corpus."""
    pages = load(path)["html"].to_list()
    with tempfile.TemporaryDirectory() as folder:
        warc = write_warc(Path(folder) / "pages.warc.gz", pages[:_N_PAGES], 1)
        with one_core():
            datatrove(write_warc(Path(folder) / "few.warc.gz", pages[:5], 1))  # both sides have imported and compiled
            pomona(Path(folder) / "few.warc.gz", "cascade")
            theirs, n_theirs = max(datatrove(warc) for _ in range(2))
            for extractor in ("fast", "cascade"):
                ours, n_ours = pomona(warc, extractor)
                note = f"from file to table, without the start of the process; one core; {n_ours} documents against {n_theirs}"
                yield claim(f"ingest.warc_{extractor}", ours, theirs, named("datatrove", "trafilatura"), "pages/s",
                            5.0 if extractor == "fast" else 1.0, note)  # fmt: skip
        once = write_warc(Path(folder) / "once.warc.gz", pages, 1)
        ten = write_warc(Path(folder) / "ten.warc.gz", pages, 10)
        peak = {warc: peak_mebibytes(warc, f"{folder}/lake-{warc.stem}") for warc in (once, ten)}
        yield claim("ingest.memory", peak[ten], peak[once], "Pomona, a tenth of the corpus", "MiB peak", 0.8,
                      f"ingest, signals, filter and dedup of {ten.stat().st_size >> 20} MiB of WARC", less=True)  # fmt: skip


def write_warc(target: Path, pages: list[bytes], copies: int) -> Path:
    """A gzipped WARC of responses."""
    with open(target, "wb") as file:
        for copy in range(copies):
            for i, page in enumerate(pages):
                block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
                head = (
                    f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.org/{copy}/{i}\r\n"
                    f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:{copy:016x}{i:016x}>\r\n"
                    f"WARC-Identified-Payload-Type: text/html\r\n"
                    f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
                )
                file.write(gzip.compress(head.encode() + block + b"\r\n\r\n", 6))
    return target


def datatrove(warc: Path) -> tuple[float, int]:
    """(pages a second, documents) of WarcReader and Trafilatura, in this process."""
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.readers import WarcReader
    from datatrove.utils.logging import logger

    logger.remove()
    reader = WarcReader(str(warc.parent), glob_pattern=warc.name)
    started = time.perf_counter()
    n_documents = sum(1 for _ in Trafilatura(timeout=10).run(reader.run()))
    return _N_PAGES / (time.perf_counter() - started), n_documents


def pomona(warc: Path, extractor: str) -> tuple[float, int]:
    """(pages a second, documents) of one ingest, from the file to a committed table."""
    from corpus.ingest.settings import Source
    from corpus.lake import Lake
    from pomona import runner
    from pomona.stages import Wanted

    source = Source.model_validate({"name": "web", "path": str(warc), "kind": "warc", "extractor": extractor})
    wanted = Wanted({"ingest": (source,)}, sources=("web",))
    fastest, documents = 0.0, 0
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            lake = Lake(folder)
            started = time.perf_counter()
            outcome = runner.run_planned(lake, wanted.plan("ingest:web", lake), workers=1)
            fastest = max(fastest, _N_PAGES / (time.perf_counter() - started))
            documents = outcome.rows["documents"]
    return fastest, documents


def peak_mebibytes(warc: Path, lake: str) -> float:
    """Largest resident set of any process of a whole run over the file."""
    root = str(Path(__file__).resolve().parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(warc), lake], capture_output=True, text=True, check=True, cwd=root
    )
    return float(ran.stdout.splitlines()[-1])
