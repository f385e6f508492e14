"""Memory, time and disk of a stage: the limits of its workers, and the estimates of `pomona plan`.

Memory is a model: a worker holds its libraries and a multiple of its work item. Tests check the model against the peak
that a run reports. `pomona calibrate`, which `./dev setup` runs, measures the rates of this machine.
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
READER_BYTES = 350 << 20  # a worker that ingests, without the record that it is reading
_RECORD_FACTOR = 4.0  # bytes that this worker holds per byte of that record
PARSER_BYTES = 170 << 20  # the process that parses raw files, when idle; 80 MiB without HTML
LEAST_PARSER_BYTES = 96 << 20  # bytes that the parser needs in addition, to parse anything
_TEXT_SHARE = {"html": 0.12, "warc": 0.12}  # share of the raw bytes that become text, by kind
_ZIPPED = 0.35  # bytes on disk per byte of text
_SIGNALS_SHARE = 0.1  # bytes of signals per byte of text


@dataclass(frozen=True, slots=True)
class Estimate:
    """The expected cost of one stage."""

    stage: str
    items: int  # work items
    n_bytes: int  # of its input
    minutes: float
    peak_bytes: int  # memory of all its processes
    disk_bytes: int  # of its output
    workers: int


def workers(stage: Stage, items: Sequence[WorkItem], wanted: int, memory: int | None) -> int:
    """Returns how many workers fit the budget; raises `UserError` if not even one fits."""
    wanted = 1 if stage.in_process else max(1, min(wanted, len(items)))
    if memory is None:
        return wanted
    largest = max(items, key=lambda item: worker_bytes(stage.name, item), default=None)
    worker_need = worker_bytes(stage.name, largest) if largest else 0
    if memory < worker_need and largest is not None:
        raise UserError(
            f"--memory {memory >> 20}MiB is too little for {stage.name}: {_need(stage.name, largest, worker_need)}"
        )
    return int(max(1, min(wanted, (memory - WORKER_BYTES) // max(worker_need, 1))))  # the parent holds libraries too


def _need(stage: str, item: WorkItem, one: int) -> str:
    """Says how much memory one worker needs, and why."""
    need = f"one worker needs {one >> 20}MiB"
    cost = stages.cost(stage)
    if cost.parses_files and item.longest:
        return f"{need}, since {item.label} is read in pieces of {item.longest >> 20}MiB (a page of its text column)"
    if item.longest * cost.held_per_longest > item.n_bytes * cost.held_per_byte:
        return (
            f"{need}, since a document has {max(item.longest >> 20, 1)}MiB; max_record_bytes can refuse such documents"
        )
    return need


def worker_bytes(stage: str, item: WorkItem) -> int:
    """Returns the peak memory of one worker on an item, with the process of its parser, in bytes."""
    cost = stages.cost(stage)
    if cost.parses_files:
        largest = getattr(item.spec, "options", {}).get("max_record_bytes", MAX_RECORD_BYTES)
        return int(_reader_bytes(largest) + PARSER_BYTES + max(LEAST_PARSER_BYTES, item.longest))
    held = item.n_bytes if cost.sized_to_memory else min(item.n_bytes, ITEM_BYTES)
    return int(WORKER_BYTES + max(cost.held_per_byte * held, cost.held_per_longest * item.longest))


def parser_bytes(memory: int | None, n_workers: int, max_record_bytes: int = MAX_RECORD_BYTES) -> int | None:
    """Returns the bytes that each worker's parser may use in addition to what it needs when idle; None without a limit.

    A record that needs more ends the run with a reason, so that the output never depends on the budget.
    """
    if memory is None:
        return None
    others = _reader_bytes(max_record_bytes) + PARSER_BYTES
    each = (memory - WORKER_BYTES) // n_workers - others
    return max(each if n_workers > 1 and each >= LEAST_PARSER_BYTES else memory - others, LEAST_PARSER_BYTES)


def _reader_bytes(max_record_bytes: int) -> int:
    return int(READER_BYTES + _RECORD_FACTOR * max_record_bytes)


def data_bytes(memory: int | None, n_workers: int) -> int | None:
    """Returns the bytes of data that each worker may hold; if the budget is too small for several, those of one worker.

    A single worker runs in the parent, so libraries count once. Half of their size again is a reserve for memory that
    the model does not count.
    """
    if memory is None:
        return None
    each = (memory - WORKER_BYTES) // n_workers - WORKER_BYTES
    return each if n_workers > 1 and each > WORKER_BYTES else memory - WORKER_BYTES * 3 // 2


def estimate(lake: Lake, wanted: Wanted, n_workers: int, memory: int | None) -> list[Estimate]:
    """Estimates every wanted stage before anything has run; the size of the text follows from that of the raw files."""
    rates = load_rates()
    text_bytes = 0.0
    estimates = []
    for name in wanted.names():
        cost = stages.cost(name)
        if cost.reads == "files":
            facts = wanted.plan(name, lake).facts
            n_bytes, kind = int(facts["n_bytes"]), str(facts["kind"])
            share = _TEXT_SHARE.get(kind, 1.0)
            text_bytes += n_bytes * share
            rate = rates["html" if kind in _TEXT_SHARE else "text"]
            estimates.append(_estimate(name, n_bytes, rate, n_bytes * share * _ZIPPED, n_workers, memory))
            continue

        family = stages.family_of(name)
        rate = rates[cost.work or family.name] / cost.share
        spent = family.spent(name, wanted.settings, text_bytes, rate)
        if spent:
            estimates.append(Estimate(name, 1, spent.n_bytes, spent.minutes, spent.peak_bytes, spent.disk_bytes, 1))
            continue

        n_bytes = int(text_bytes if cost.reads == "text" else text_bytes * _SIGNALS_SHARE)
        most = n_workers if cost.reads == "text" else 1
        estimates.append(_estimate(name, n_bytes, rate, n_bytes * cost.writes, most, memory))
    return estimates


def _estimate(name: str, n_bytes: int, rate: float, disk: float, n_workers: int, memory: int | None) -> Estimate:
    size = FILES_ITEM_BYTES if stages.cost(name).parses_files else ITEM_BYTES
    n_items = max(1, -(-n_bytes // size))
    worker_need = worker_bytes(name, WorkItem("", "", min(size, n_bytes), {}, min(n_bytes, LONG_DOCUMENT_BYTES)))
    fitting = n_workers if memory is None else max(1, (memory - WORKER_BYTES) // worker_need)
    used = int(min(n_workers, n_items, fitting))
    peak = WORKER_BYTES + used * worker_need if used > 1 else worker_need
    minutes = n_bytes / (rate * 1e6) / used / 60
    return Estimate(name, n_items, n_bytes, minutes, peak, int(disk), used)


def rates_path() -> Path:
    """Returns the path of the file with this machine's rates."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "pomona" / "rates.json"


def load_rates() -> dict[str, float]:
    """Returns MB/s on one core by kind of work: those measured on this machine, else typical ones."""
    typical = default_rates()
    try:
        measured = json.loads(rates_path().read_text())
    except (OSError, ValueError):
        return typical
    return typical | {name: float(rate) for name, rate in measured.items() if name in typical}


def default_rates() -> dict[str, float]:
    """Returns MB/s on one core of a typical machine, by kind of work."""
    costs = {entry.cost.work or family.name: entry.cost for family in pipeline.FAMILIES for entry in family.stages}
    stage_rates = {work: cost.mb_per_second for work, cost in costs.items() if not cost.parses_files}
    return {"html": 3.0, "text": 40.0} | stage_rates
