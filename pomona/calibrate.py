"""Measures this machine's rates, on text that every Python holds; also compiles every kernel into Numba's cache."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa

from corpus.dedup.near.minhash import Sketch, signatures
from corpus.dedup.repeats.passages import Passages, find
from corpus.dedup.semantic.embedding import Embedding, embed
from corpus.ingest.listing import find_files
from corpus.ingest.steps import SourceSettings, plan, step
from corpus.lake import Lake
from decontam.benchmarks import load
from decontam.index import build
from decontam.scan import Scanner
from filters import signals
from filters.decide import Settings, decide
from filters.rules import RULE_SETS
from pomona.budget import rates_path
from pomona.recipe import parse
from pomona.runner import run_recipe

_TEXT_BYTES = 8 << 20
_PAGES = 60


def calibrate() -> dict[str, float]:
    """MB/s on one core by kind of work; kept for `pomona plan`."""
    text = _library_text()
    signals.measure(text.slice(0, 8))  # compiles
    rates = {
        "signals": _rate(text.nbytes, lambda: signals.measure(text)),
        "html": _html_rate(text),
        "text": _text_rate(),
    }

    measured = pl.from_arrow(signals.measure(text))
    assert isinstance(measured, pl.DataFrame)
    frame = measured.with_columns(id=pl.lit("0"), source=pl.lit("x"))
    settings = Settings(tuple(name for name in RULE_SETS if name != "language"))

    _compile_dedup()
    signatures(text.slice(0, 8), Sketch())
    rates["signatures"] = _rate(text.nbytes, lambda: signatures(text, Sketch()))
    rates["minhash"] = 0.75 * rates["signatures"]  # what the steps after it took beside it; docs/benchmarks.md
    rates["embeddings"] = _rate(text.nbytes, lambda: embed(text, Embedding()))
    rates["semantic"] = rates["embeddings"]
    rates["paragraphs"] = _rate(text.nbytes, lambda: find(text, Passages("paragraph", 10)))
    rates["substrings"] = _rate(text.nbytes, lambda: find(text, Passages("span", 50)))

    scanner = Scanner(build([load("humaneval")]).arrays)
    scanner(text.slice(0, 8))
    rates["decontam"] = _rate(2 * text.nbytes, lambda: [scanner(text) for _ in range(2)]) / 2  # two passes
    rates["filter"] = rates["exact"] = _rate(int(frame.estimated_size()), lambda: decide(frame, settings))

    path = rates_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({name: round(rate, 2) for name, rate in rates.items()}, indent=1))
    return rates


def _compile_dedup() -> None:
    """Runs every kernel of deduplication and decontamination once: on two equal texts, and one that leaks."""
    with TemporaryDirectory() as folder:
        Path(folder, "leak.txt").write_text("\n".join(item.question for item in load("humaneval").items[:3]))
        for name in ("a", "b"):
            Path(folder, f"{name}.txt").write_text("so many words that there is a shingle in it " * 9)
        dedup = "{exact: false, semantic: {}, paragraphs: {}, substrings: {}}"
        recipe = parse(f"{{sources: [{{name: x, path: {json.dumps(folder)}}}], filter: null, dedup: {dedup}, "
                       "decontaminate: {benchmarks: [humaneval]}}")  # fmt: skip
        list(run_recipe(Lake(f"{folder}/lake"), recipe, workers=1))


def _library_text() -> pa.Array:
    from corpus.sources.python import find

    texts, size = [], 0
    for file in find("library"):
        with file.open() as stream:
            texts.append(stream.read().decode("utf-8", "replace"))
        size += file.n_bytes
        if size > _TEXT_BYTES:
            break
    return pa.array(texts, pa.large_string())


def _rate(n_bytes: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return n_bytes / 1e6 / max(time.perf_counter() - started, 1e-6)


def _html_rate(text: pa.Array) -> float:
    from corpus.extract import extract

    pages = [
        "<html><body>" + "".join(f"<p>{escape(part)}</p>" for part in value.as_py().split("\n\n")) + "</body></html>"
        for value in text[:_PAGES]
    ]
    extract(pages[0])
    return _rate(sum(map(len, pages)), lambda: [extract(page) for page in pages])


def _text_rate() -> float:
    library = find_files("library", "python")
    items = plan(SourceSettings("library", library.kind), replace(library, files=library.files[:300]))
    n_bytes = sum(item.n_bytes for item in items)
    return _rate(n_bytes, lambda: [list(step(item)) for item in items])
