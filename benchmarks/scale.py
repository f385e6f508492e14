"""`python -m benchmarks.scale`: writes docs/scale.md, what 1 TB to 1 PB take, from rates and sizes measured here.

A corpus of made documents goes through every stage on one core. Each stage's rate is taken per byte of text or per
document, whichever it works on, and its tasks, runs and cells are cut by the very functions that cut real work.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from benchmarks import corpora, leaks
from benchmarks.claims import one_core
from benchmarks.pages import texts
from corpus.dedup import shuffle
from corpus.lake import Lake
from corpus.task import ITEM_BYTES
from pomona import runner
from pomona.recipe import wanted

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
_MEASURED = 300_000  # documents
_TEXT_BYTES = 4_000  # of a web page's text, on average
_WORKER = 4 << 30  # bytes that a worker may hold
_LIBRARIES = 400 << 20
_HASH_BYTES = 20  # of a document's hash and id in signals, on disk
_DECISION_ROWS = 1 << 16  # of a row group of decisions
_TOTALS = (1e12, 1e13, 1e14, 1e15)
_CORES = (1, 100, 100_000)
_BY_TEXT = (
    "signals",
    "signatures",
    "minhash:members",
    "paragraphs:passages",
    "paragraphs",
    "decontam:counts",
    "decontam",
)
_READS_DECISIONS = ("minhash:bands", "minhash", "paragraphs:passages", "paragraphs", "decontam:counts", "decontam")
_SERIAL = ("minhash:components", "decontam:totals", "decontam:touched")


@dataclass(frozen=True, slots=True)
class Measured:
    """One stage over the made corpus."""

    stage: str
    seconds: float
    n_bytes: int  # of the tables that it wrote
    n_documents: int
    text_bytes: int

    def seconds_for(self, documents: float, text: float) -> float:
        """Core seconds at another size."""
        ratio = text / self.text_bytes if self.stage in _BY_TEXT else documents / self.n_documents
        return self.seconds * ratio


def measure(source: Any) -> tuple[list[Measured], float]:
    """Every stage after ingest on one core, and the bytes of a decision that later stages read."""
    benchmarks = [f"{leaks.DATA}/{s.partition('=')[2]}" for s in leaks._FILES]
    asked = wanted({"dedup": {"paragraphs": {}}, "decontaminate": {"benchmarks": benchmarks}}, ["made"])
    found = []
    with one_core(), tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        total = corpora.write(lake, source, corpora.planned(_MEASURED))
        for name in asked.names():
            stage = asked.plan(name, lake)
            seconds = runner.run_planned(lake, stage, workers=1).seconds
            size = sum(part.n_bytes for o in stage.outputs for part in lake.parts(o.table, o.slot))
            found.append(Measured(name, seconds, size, _MEASURED, total))
        return found, _place_bytes(lake)


def _place_bytes(lake: Lake) -> float:
    """Bytes on disk of a decision's columns that say where its document stands, and whether it was kept."""
    size = n_rows = 0
    for part in lake.parts("decisions", "exact"):
        metadata = lake.open_part("decisions", part).metadata
        for group in range(metadata.num_row_groups):
            columns = (metadata.row_group(group).column(c) for c in range(metadata.num_columns))
            size += sum(c.total_compressed_size for c in columns if c.path_in_schema in ("kept", "row_group", "row"))
        n_rows += metadata.num_rows
    return size / n_rows


def decisions_read(n: int, documents: float, a_place: float) -> float:
    """Bytes that n tasks read of two earlier stages' decisions: their own rows, a row group too many of each part, footers."""
    filtered, exact = max(1, documents / 1e6), max(1, documents / 4e6)  # parts of decisions
    row_groups = 2 * documents / _DECISION_ROWS
    own = 2 * documents * a_place
    return own + n * exact * _DECISION_ROWS * a_place + n * ((filtered + exact) * 1000 + row_groups * 900)


def tasks(stage: str, documents: float, text: float, a_document: float) -> int:
    """Work items, cut as the stage cuts them for workers of this memory; `a_document`: bytes of its rows."""
    memory = _WORKER - _LIBRARIES
    if stage in _SERIAL:
        return 1
    if stage == "exact":
        return max(1, round(documents / 4e6))
    if stage.startswith("decontam"):
        return min(4096, max(1, round(text / ITEM_BYTES)))
    if stage in ("signals", "signatures"):
        return max(1, round(text / ITEM_BYTES))
    if stage == "minhash":  # partitions of the connected documents, and runs of the others
        decided = int(documents * 100)
        partitions = documents * a_document / shuffle.run_bytes(int(text), memory)
        return max(1, round(partitions + decided / shuffle.run_bytes(decided, memory)))
    total = int(text) if stage == "minhash:members" else int(documents * a_document)
    return max(1, round(total / shuffle.run_bytes(total, memory)))


def rows(measured: list[Measured], a_place: float, text: float) -> Iterator[tuple[str, ...]]:
    """One a stage, for one size of corpus."""
    documents = text / _TEXT_BYTES
    sizes = {m.stage: m.n_bytes / m.n_documents for m in measured}
    carried = {"minhash:edges": "minhash:bands", "minhash": "minhash:members", "paragraphs:repeats": "paragraphs:passages",
               "paragraphs": "paragraphs:passages"}  # fmt: skip
    for m in measured:
        a_document = sizes[carried.get(m.stage, m.stage)]
        n = tasks(m.stage, documents, text, a_document)
        seconds = m.seconds_for(documents, text)
        written = sizes[m.stage] * documents
        again = decisions_read(n, documents, a_place) if m.stage in _READS_DECISIONS else 0.0
        hours = [_hours(seconds / min(cores, n)) for cores in _CORES]
        yield m.stage, f"{n:,}", _bytes(written), _bytes(again) if again else "", *hours


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.0f} h" if hours >= 10 else f"{hours:.1f} h" if hours >= 0.1 else f"{max(seconds, 1):.0f} s"


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB", "PB", "EB"):
        if value < 1000 or unit == "EB":
            return f"{value:.3g} {unit}"
        value /= 1000
    raise AssertionError


def page(measured: list[Measured], a_place: float) -> str:
    """The page."""
    edges = next(m for m in measured if m.stage == "minhash:edges")
    lines = [
        "<!-- Written by python -m benchmarks.scale. Change the script, not this page. -->",
        "",
        "# Scale",
        "",
        "How many tasks, how much disk and how much time 1 TB to 1 PB of text would take, for everybody who plans a large",
        "corpus. All figures are computed, not measured at this size.",
        "",
        f"- {_MEASURED:,} documents were measured on one core of one machine (`python -m benchmarks.scale`).",
        f"- A document is assumed to have {_TEXT_BYTES:,} bytes of text, and a worker {_WORKER >> 30} GiB of memory.",
        "- The hours are products of rates. They leave out the network, slow workers and queues, which make a run slower.",
        "- Ingest is left out, because it depends on the raw format ([benchmarks](benchmarks.md)).",
        "",
        "The columns:",
        "",
        "- **tasks**: work items. More cores than this do not help. They are counted by the functions that cut real work.",
        "- **writes**: what the stage writes to the lake, the shuffle included.",
        "- **decisions read**: what the tasks read of two earlier stages' decisions, to know which documents are left.",
        "- **1 core**, **100 cores**, **100,000 cores**: the time of the stage.",
    ]  # fmt: skip
    for text in _TOTALS:
        lines += [
            "",
            f"## {_bytes(text)} of text, {text / _TEXT_BYTES:,.0f} documents",
            "",
            "| stage | tasks | writes | decisions read | 1 core | 100 cores | 100,000 cores |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        lines += [f"| {' | '.join(row)} |" for row in rows(measured, a_place, text)]
    lines += ["", "## Where it reaches its limits", ""]
    lines += [fill(line, 120, initial_indent="- ", subsequent_indent="  ") for line in bends(measured, a_place, edges)]
    return "\n".join(lines) + "\n"


def bends(measured: list[Measured], a_place: float, edges: Measured) -> Iterator[str]:
    """What stops first, each with the size at which it does."""
    own = {m.stage: m for m in measured}
    for text in _TOTALS:
        documents = text / _TEXT_BYTES
        n = tasks("paragraphs", documents, text, own["paragraphs:passages"].n_bytes / _MEASURED)
        read = decisions_read(n, documents, a_place)
        if read > text / 10:
            yield (
                "**Footers of decisions.** A task reads only the row groups of decisions that concern its documents, because "
                "they are sorted in the order of documents. But it reads the footer of every part. "
                f"At {_bytes(text)}, with {n:,} tasks, that is {_bytes(read)}, {read / text:.0%} of the text. "
                "Parts of twice the size would halve it."
            )
            break
    for text in _TOTALS:
        documents = text / _TEXT_BYTES
        n, read = tasks("exact", documents, text, 0), tasks("exact", documents, text, 0) * documents * _HASH_BYTES
        if read > text / 10:
            yield (
                "**Exact copies** are found by ranges of the text's hash. Each task scans the hash column of all documents. "
                f"At {_bytes(text)}, {n} tasks read {_bytes(read)} in this way, which the hours in the table leave out. "
                "The shuffle that near-duplicates use would read the column twice."
            )
            break
    for text in _TOTALS:
        held = text / _TEXT_BYTES * (4 if text / _TEXT_BYTES < 2**31 else 8)
        if held > 64 << 30:
            yield (
                "**Components are found by one process** (union-find, 4 or 8 bytes per document). "
                f"At {_bytes(text)} it takes {_bytes(held)} of memory, and "
                f"{_hours(own['minhash:components'].seconds_for(text / _TEXT_BYTES, text))} to read "
                f"{_bytes(edges.n_bytes / edges.n_documents * text / _TEXT_BYTES)} of edges, however many cores there are. "
                "A larger corpus needs another method: hash-to-min rounds over partitioned edges."
            )
            break
    for text in _TOTALS:
        total = text / _TEXT_BYTES * own["minhash:bands"].n_bytes / _MEASURED
        memory = _WORKER - _LIBRARIES
        run = shuffle.run_bytes(int(total), memory)
        read = run * run / total
        if read < 64 << 10:
            yield (
                f"**Reads of the shuffle get small.** At {_bytes(text)} a task reads {_bytes(read)} from each of "
                f"{total / run:,.0f} runs with workers of {_WORKER >> 30} GiB. A read of {_bytes(shuffle.READ_BYTES)} needs "
                f"runs of {_bytes((total * shuffle.READ_BYTES) ** 0.5)}. The remedy is larger workers or a second level of "
                "the shuffle."
            )
            break
    yield (
        "**One commit lists every part.** A Delta transaction with 10 million parts is some gigabytes of JSON. With row "
        "groups of 64 MB this is reached at 0.6 PB. The remedy is fewer, larger parts, or a checkpoint directly after the "
        "commit."
    )
    yield (
        "**Part footers are read one by one** during planning, in about 5 ms each on an object store. 100,000 parts take "
        "eight minutes before the first task starts."
    )


def main() -> int:
    """Writes the page."""
    measured, a_place = measure(texts(None))
    for m in measured:
        print(f"{m.stage:24} {m.seconds:8.2f} s  {m.n_bytes / m.n_documents:8.1f} B a document", file=sys.stderr)
    PAGE.write_text(page(measured, a_place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
