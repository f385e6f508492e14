"""How much memory, time and disk a stage takes: the budget it keeps, and what `pomona plan` says before a run.

Memory is a model, checked by tests against the peak that a run reports: a worker holds its libraries, and a multiple
of its work item. Rates are measured on this machine by `pomona calibrate`, which `./dev setup` runs.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus import ingest
from corpus.errors import UserError
from corpus.execution import ITEM_BYTES, WorkItem
from corpus.lake import Lake
from corpus.parts import LONG_DOCUMENT_BYTES
from pomona import stages
from pomona.recipe import Recipe
from pomona.stages import Stage

WORKER_BYTES = 480 << 20  # a worker's libraries, kernels and tables of characters
READER_BYTES = 350 << 20  # a worker that ingests, without the record that it has in hand
_RECORD_FACTOR = 4.0  # bytes that it holds for each byte of that record
PARSER_BYTES = 170 << 20  # the process in which raw files are parsed, when idle; 80 MiB without HTML
LEAST_PARSER_BYTES = 96 << 20  # that it must have besides, to parse anything
_ITEM_FACTOR = {
    "ingest": 1.0, "signals": 6.0, "filter": 3.0, "exact": 12.0, "signatures": 4.0, "minhash": 5.0, "decontam": 4.0,
    "paragraphs": 6.0, "substrings": 5.0, "embeddings": 5.0, "semantic": 5.0,
}  # bytes held for each byte of the item  # fmt: skip
_LONG_FACTOR = {
    "signals": 34.0, "signatures": 14.0, "minhash": 8.0, "decontam": 20.0, "paragraphs": 22.0, "substrings": 44.0,
    "embeddings": 12.0,
}  # bytes held for each byte of the longest document: kernels have arrays for each of its characters  # fmt: skip
_SHARE = {
    "signatures": 1.0, "minhash:bands": 0.2, "minhash:edges": 0.1, "minhash:components": 0.05, "minhash:members": 0.5,
    "minhash": 0.15, "decontam:counts": 0.5, "decontam:totals": 0.01, "decontam": 0.5, "decontam:touched": 0.01,
    "paragraphs:passages": 0.5, "paragraphs:repeats": 0.2, "paragraphs": 0.3, "substrings:passages": 0.4,
    "substrings:repeats": 0.4, "substrings": 0.2, "embeddings": 1.0, "semantic:centroids": 0.1,
    "semantic:members": 0.3, "semantic": 0.6,
}  # of the time that a family's steps take together, for each byte of text  # fmt: skip
_SIZED = ("minhash", "paragraphs", "substrings", "semantic")  # items are cut to the memory
_TEXT_SHARE = {"html": 0.12, "warc": 0.12}  # of raw bytes that become text
DEFAULT_RATES = {
    "html": 3.0, "text": 40.0, "signals": 12.0, "filter": 60.0, "exact": 60.0, "signatures": 80.0, "minhash": 60.0,
    "decontam": 50.0, "paragraphs": 60.0, "substrings": 10.0, "embeddings": 30.0, "semantic": 30.0,
}  # MB/s on one core  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one stage is expected to take."""

    stage: str
    items: int
    n_bytes: int
    minutes: float
    peak_bytes: int
    disk_bytes: int
    workers: int


def workers(stage: Stage, items: Sequence[WorkItem], wanted: int, memory: int | None) -> int:
    """How many workers fit the budget; raises `UserError` where not even one does."""
    wanted = 1 if stage.in_process else max(1, min(wanted, len(items)))
    if memory is None:
        return wanted
    largest = max(items, key=lambda item: worker_bytes(stage.name, item), default=None)
    one = worker_bytes(stage.name, largest) if largest else 0
    if memory < one and largest is not None:
        raise UserError(f"--memory {memory >> 20}MiB is too little for {stage.name}: {_need(stage.name, largest, one)}")
    return int(max(1, min(wanted, (memory - WORKER_BYTES) // max(one, 1))))  # the parent holds libraries too


def _need(stage: str, item: WorkItem, one: int) -> str:
    """What one worker needs, and why."""
    need = f"one worker needs {one >> 20}MiB"
    if stage.startswith("ingest:") and item.longest:
        return f"{need}, since {item.label} is read in pieces of {item.longest >> 20}MiB (a page of its text column)"
    if item.longest * _LONG_FACTOR.get(_kind(stage), 0) > item.n_bytes * _ITEM_FACTOR[_kind(stage)]:
        return f"{need}, since a document has {max(item.longest >> 20, 1)}MiB; max_record_bytes refuses such documents"
    return need


def worker_bytes(stage: str, item: WorkItem) -> int:
    """Peak memory of one worker on an item, its parser's process included."""
    kind = _kind(stage)
    if kind == "ingest":
        largest = item.spec.get("options", {}).get("max_record_bytes", ingest.MAX_RECORD_BYTES)
        return int(_reader_bytes(largest) + PARSER_BYTES + max(LEAST_PARSER_BYTES, item.longest))
    held = item.n_bytes if kind in _SIZED else min(item.n_bytes, ITEM_BYTES)
    return int(WORKER_BYTES + max(_ITEM_FACTOR[kind] * held, _LONG_FACTOR.get(kind, 0) * item.longest))


def parser_bytes(memory: int | None, n_workers: int, max_record_bytes: int = ingest.MAX_RECORD_BYTES) -> int | None:
    """Bytes that each worker's parser may use besides what it needs when idle; None where nothing bounds it.

    A record that needs more ends the run with a reason: what comes out never depends on the budget.
    """
    if memory is None:
        return None
    others = _reader_bytes(max_record_bytes) + PARSER_BYTES
    each = (memory - WORKER_BYTES) // n_workers - others
    return max(each if n_workers > 1 and each >= LEAST_PARSER_BYTES else memory - others, LEAST_PARSER_BYTES)


def _reader_bytes(max_record_bytes: int) -> int:
    return int(READER_BYTES + _RECORD_FACTOR * max_record_bytes)


def _kind(stage: str) -> str:
    return stage.partition(":")[0]


def data_bytes(memory: int | None, n_workers: int) -> int | None:
    """Bytes of data that each worker may hold under the budget; with too little for several, what one may.

    One alone runs in the parent, whose libraries count once; half as much again is left for what no model counts.
    """
    if memory is None:
        return None
    each = (memory - WORKER_BYTES) // n_workers - WORKER_BYTES
    return each if n_workers > 1 and each > WORKER_BYTES else memory - WORKER_BYTES * 3 // 2


def estimate(lake: Lake, recipe: Recipe, n_workers: int, memory: int | None) -> list[Estimate]:
    """Every stage of a recipe, before anything ran: text sizes are guessed from the raw files'."""
    rates = load_rates()
    text_bytes = 0.0
    found = []
    for source in recipe.sources:
        stage = stages.plan_ingest(lake, source)
        n_bytes, kind = int(stage.facts["n_bytes"]), str(stage.facts["kind"])
        share = _TEXT_SHARE.get(kind, 1.0)
        text_bytes += n_bytes * share
        rate = rates["html" if kind in _TEXT_SHARE else "text"]
        found.append(_estimate(stage.name, n_bytes, rate, n_bytes * share * 0.35, n_workers, memory))
    signal_bytes = text_bytes * 0.1
    found.append(_estimate("signals", int(text_bytes), rates["signals"], signal_bytes, n_workers, memory))
    for name in stages.names(recipe)[len(recipe.sources) + 1 :]:
        if name in _SHARE:
            rate = rates[name.partition(":")[0]] / _SHARE[name]
            found.append(_estimate(name, int(text_bytes), rate, text_bytes * 0.1, n_workers, memory))
        else:
            found.append(_estimate(name, int(signal_bytes), rates[name], signal_bytes * 0.2, 1, memory))
    return found


def _estimate(name: str, n_bytes: int, rate: float, disk: float, n_workers: int, memory: int | None) -> Estimate:
    size = ingest.ITEM_BYTES if name.startswith("ingest:") else ITEM_BYTES
    n_items = max(1, -(-n_bytes // size))
    one = worker_bytes(name, WorkItem("", "", min(size, n_bytes), {}, min(n_bytes, LONG_DOCUMENT_BYTES)))
    fitting = n_workers if memory is None else max(1, (memory - WORKER_BYTES) // one)
    used = int(min(n_workers, n_items, fitting))
    peak = WORKER_BYTES + used * one if used > 1 else one
    minutes = n_bytes / (rate * 1e6) / used / 60
    return Estimate(name, n_items, n_bytes, minutes, peak, int(disk), used)


def rates_path() -> Path:
    """Where this machine's rates are kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "pomona" / "rates.json"


def load_rates() -> dict[str, float]:
    """MB/s on one core by kind of work: as measured here, else typical ones."""
    try:
        measured = json.loads(rates_path().read_text())
    except (OSError, ValueError):
        return DEFAULT_RATES
    return DEFAULT_RATES | {name: float(rate) for name, rate in measured.items() if name in DEFAULT_RATES}
