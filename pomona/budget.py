"""How much memory, time and disk a stage takes: the budget it keeps, and what `pomona plan` says before a run.

Memory is a model, checked by tests against the peak that a run reports: a worker holds its libraries, and a multiple
of its work item. Rates are measured on this machine by `pomona calibrate`, which `./dev setup` runs.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import UserError
from corpus.ingest.steps import ITEM_BYTES as FILES_ITEM_BYTES
from corpus.lake import Lake
from corpus.limits import MAX_RECORD_BYTES
from corpus.parts import LONG_DOCUMENT_BYTES
from corpus.stage import Stage
from corpus.task import ITEM_BYTES, WorkItem
from pomona import pipeline, stages
from pomona.stages import Wanted

WORKER_BYTES = 480 << 20  # a worker's libraries, kernels and tables of characters
READER_BYTES = 350 << 20  # a worker that ingests, without the record that it has in hand
_RECORD_FACTOR = 4.0  # bytes that it holds for each byte of that record
PARSER_BYTES = 170 << 20  # the process in which raw files are parsed, when idle; 80 MiB without HTML
LEAST_PARSER_BYTES = 96 << 20  # that it must have besides, to parse anything
_TEXT_SHARE = {"html": 0.12, "warc": 0.12}  # of raw bytes that become text
_ZIPPED = 0.35  # bytes on disk of a byte of text
_SIGNALS_SHARE = 0.1  # bytes of signals of a byte of text


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
    cost = stages.cost(stage)
    if cost.parses_files and item.longest:
        return f"{need}, since {item.label} is read in pieces of {item.longest >> 20}MiB (a page of its text column)"
    if item.longest * cost.held_per_longest > item.n_bytes * cost.held_per_byte:
        return f"{need}, since a document has {max(item.longest >> 20, 1)}MiB; max_record_bytes refuses such documents"
    return need


def worker_bytes(stage: str, item: WorkItem) -> int:
    """Peak memory of one worker on an item, its parser's process included."""
    cost = stages.cost(stage)
    if cost.parses_files:
        largest = getattr(item.spec, "options", {}).get("max_record_bytes", MAX_RECORD_BYTES)
        return int(_reader_bytes(largest) + PARSER_BYTES + max(LEAST_PARSER_BYTES, item.longest))
    held = item.n_bytes if cost.sized_to_memory else min(item.n_bytes, ITEM_BYTES)
    return int(WORKER_BYTES + max(cost.held_per_byte * held, cost.held_per_longest * item.longest))


def parser_bytes(memory: int | None, n_workers: int, max_record_bytes: int = MAX_RECORD_BYTES) -> int | None:
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


def data_bytes(memory: int | None, n_workers: int) -> int | None:
    """Bytes of data that each worker may hold under the budget; with too little for several, what one may.

    One alone runs in the parent, whose libraries count once; half as much again is left for what no model counts.
    """
    if memory is None:
        return None
    each = (memory - WORKER_BYTES) // n_workers - WORKER_BYTES
    return each if n_workers > 1 and each > WORKER_BYTES else memory - WORKER_BYTES * 3 // 2


def estimate(lake: Lake, wanted: Wanted, n_workers: int, memory: int | None) -> list[Estimate]:
    """Every stage that is wanted, before anything ran: text sizes are estimated from those of the raw files."""
    rates = load_rates()
    text_bytes = 0.0
    found = []
    for name in wanted.names():
        cost = stages.cost(name)
        if cost.reads == "files":
            facts = wanted.plan(name, lake).facts
            n_bytes, kind = int(facts["n_bytes"]), str(facts["kind"])
            share = _TEXT_SHARE.get(kind, 1.0)
            text_bytes += n_bytes * share
            rate = rates["html" if kind in _TEXT_SHARE else "text"]
            found.append(_estimate(name, n_bytes, rate, n_bytes * share * _ZIPPED, n_workers, memory))
            continue

        n_bytes = int(text_bytes if cost.reads == "text" else text_bytes * _SIGNALS_SHARE)
        most = n_workers if cost.reads == "text" else 1
        rate = rates[cost.work or stages.family_of(name).name] / cost.share
        found.append(_estimate(name, n_bytes, rate, n_bytes * cost.writes, most, memory))
    return found


def _estimate(name: str, n_bytes: int, rate: float, disk: float, n_workers: int, memory: int | None) -> Estimate:
    size = FILES_ITEM_BYTES if stages.cost(name).parses_files else ITEM_BYTES
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
    typical = default_rates()
    try:
        measured = json.loads(rates_path().read_text())
    except (OSError, ValueError):
        return typical
    return typical | {name: float(rate) for name, rate in measured.items() if name in typical}


def default_rates() -> dict[str, float]:
    """MB/s on one core of a typical machine, by kind of work."""
    costs = {entry.cost.work or family.name: entry.cost for family in pipeline.FAMILIES for entry in family.stages}
    own = {work: cost.mb_per_second for work, cost in costs.items() if not cost.parses_files}
    return {"html": 3.0, "text": 40.0} | own
