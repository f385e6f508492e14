"""Traces both ways: from a checkpoint to the documents behind it, and from a document to every run that read it.

A run's row says which token shards it read, and how many sequences. The shards know each document's places, so the
answer needs no text, and a document is found by bisection.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus import artifacts
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.shards import packing as packings
from corpus.shards import stages as shard_stages
from corpus.shards.layout import keys
from corpus.shards.stream import Stream
from corpus.tokenizer import steps as tokenizer_steps
from corpus.tokenizer.loading import load as load_tokenizer
from corpus.views import find
from pomona import standing
from pomona.ablation import branches
from pomona.stages import decided
from training import reading, steps
from training.stages import ancestors, in_order
from training.stages import find as find_run
from training.stages import rows as run_rows

_LOOKED_AT = 2000  # tokens of a document that a sentence is looked for in


@dataclass(frozen=True, slots=True)
class Link:
    """A run in the history of a checkpoint."""

    run: str
    name: str
    kind: str  # train, prune, distill or prune+distill
    stage: str
    mixture: str
    shards: str  # key
    tokenizer: str  # key
    tokens: int  # that it read
    groups: list[reading.OfGroup]  # what it read of each group
    held_out_read_before: int  # held-out documents of its mixture that an earlier run of the history has read
    as_teacher: bool  # it is no ancestor, but a teacher's


@dataclass(frozen=True, slots=True)
class CheckpointTrace:
    """What is behind a checkpoint."""

    run: str
    checkpoint: str
    history: list[Link]  # the run and those that it started or learned from, the first one first
    documents: int  # documents of the corpus
    decisions: dict[str, int]  # documents that each deciding stage has dropped
    unknown_teachers: list[str]  # names of runs of the history whose teacher is a folder: nobody knows what it has read
    touched: dict[str, int]  # benchmark items that the mixtures' documents touch, by benchmark


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run has read of a document."""

    run: str
    name: str
    checkpoint: str
    tokens: int  # read by the run itself
    times: int
    first_step: int | None
    last_step: int | None
    tokens_before: int  # read by the runs that it started or learned from


@dataclass(frozen=True, slots=True)
class DocumentTrace:
    """What became of a document."""

    id: str
    uri: str
    source: str
    kept: bool | None  # None if a stage is out of date
    dropped_by: list[str]  # reasons
    mixtures: list[dict[str, Any]]  # mixture, group, split, repeats, tokens
    runs: list[Seen]  # that have read some of it, or continue from one that has
    studies: dict[str, int]  # how many runs of studies have, by the folder of their branch


def trace_run(lake: Lake, name: str) -> CheckpointTrace:
    """Traces a checkpoint, named by its run's name or id or by its folder."""
    rows = rows_of_runs(lake)
    run = find_run(lake, name)
    history: list[Link] = []
    own = set(ancestors(rows, run))
    chain = ancestors(rows, run, teachers=True)[::-1]
    for i, key in enumerate(chain):
        row = rows[key]
        stream, packing = opened(lake, row)
        groups = reading.by_group(stream, packing, row["sequences"])
        before = _held_out_read(lake, stream, [rows[one] for one in chain[:i]])
        history.append(
            Link(key, row["name"], row["kind"], row["stage"], row["mixture"], row["shards"], row["tokenizer"],
                 sum(one.tokens for one in groups), groups, before, key not in own)
        )  # fmt: skip

    dropped = lake.scan("decisions").filter(~pl.col("kept")).group_by("stage").len("n").collect()
    counts = dict(dropped.iter_rows())
    mixtures = [link.mixture for link in history]
    touched = lake.scan("touched").filter(pl.col("mixture").is_in(mixtures)).select("benchmark", "item").unique()

    root = lake.root if lake.is_local else lake.url
    return CheckpointTrace(
        run,
        f"{root}/{rows[run]['checkpoint']}",
        history,
        sum(part.n_rows for part in lake.parts("documents")),
        {stage: counts.get(stage, 0) for stage in decided(lake)},
        [rows[one]["name"] for one in chain if str(rows[one]["teacher"]).startswith(steps.FILES)],
        dict(touched.group_by("benchmark").len("n").sort("benchmark").collect().iter_rows()),
    )


def trace_document(lake: Lake, wanted: str) -> DocumentTrace:
    """Traces a document, named by its id, its URI or a unique part of one."""
    key = find(lake, wanted)
    if key is None:
        branch = branches.of_run(lake, wanted)
        where = f"; a study has trained a run of that name: pomona trace {wanted} --lake {branch.url}" if branch else ""
        raise UserError(
            f"no document has the id or URI {wanted!r}, or a URI that contains it, and no run that name{where}"
        )
    of_document = pl.col("id") == key
    row = lake.scan("documents").filter(of_document).select("id", "uri", "source").head(1).collect().to_dicts()[0]
    reasons = lake.scan("decisions").filter(of_document & ~pl.col("kept")).select("reasons").explode("reasons")
    dropped_by = reasons.collect()["reasons"].to_list()
    columns = ["mixture", "group", "split", "repeats", "tokens"]
    mixtures = lake.scan("mixtures").filter(of_document).select(columns).sort("mixture").collect().to_dicts()
    kept = None if standing.out_of_date(lake) else not dropped_by
    return DocumentTrace(
        **row,
        kept=kept,
        dropped_by=dropped_by,
        mixtures=mixtures,
        runs=list(_seen(lake, key)),
        studies=_in_studies(lake, key),
    )


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence that a run has read, and where it comes from."""

    sentence: str
    position: int  # of the document's first token, in the run's stream
    document: DocumentTrace


def example(lake: Lake, name: str) -> Example | None:
    """Returns a sentence from the middle of what a run has read; None if there is none of a usual length."""
    rows = rows_of_runs(lake)
    run = find_run(lake, name)
    stream, packing = opened(lake, rows[run])
    tokenizer = load_tokenizer(tokenizer_steps.folder(lake, rows[run]["tokenizer"])).tokenizer
    read = packing.of(rows[run]["sequences"] // 2)
    for start, size in read.tolist():
        for position in (start, *stream.starts(start + 1, start + size).tolist()):
            at = stream.document_at(position)
            text = tokenizer.decode(stream.tokens(at.start, min(at.end - 1, at.start + _LOOKED_AT)).tolist())
            sentences = [one.strip() for one in re.findall(r"[A-Z][^.!?]{40,160}[.!?](?=\s)", text)]
            if sentences:
                return Example(" ".join(sentences[0].split()), at.start, trace_document(lake, at.id))
    return None


def is_run(lake: Lake, name: str) -> bool:
    """Whether a name is that of a run or checkpoint of the lake."""
    try:
        find_run(lake, name)
    except UserError:
        return False
    return True


def _in_studies(lake: Lake, document: str) -> dict[str, int]:
    """Returns how many runs of studies have read a document, by the folder of their branch."""
    of = {branch.url: len(list(_seen(branch, document))) for branch in branches.branches(lake) if branch.exists("runs")}
    return {url: n for url, n in of.items() if n}


def _seen(lake: Lake, document: str) -> Any:
    rows = rows_of_runs(lake)
    root = lake.root if lake.is_local else lake.url
    own: dict[str, int] = {}  # tokens that each run has read of it
    for key in in_order(lake):
        if key not in rows:
            continue
        row = rows[key]
        stream, packing = opened(lake, row)
        per_step = row["sequences"] // max(row["steps"], 1)
        read = reading.of_document(stream, packing, row["sequences"], max(per_step, 1), document)
        own[key] = read.tokens
        before = sum(own.get(one, 0) for one in ancestors(rows, key, teachers=True)[1:])
        if before + read.tokens:
            yield Seen(
                key, row["name"], f"{root}/{row['checkpoint']}", read.tokens, read.times, read.first_step,
                read.last_step, before,
            )  # fmt: skip


def rows_of_runs(lake: Lake) -> dict[str, dict[str, Any]]:
    """Returns what the table `runs` says of each run's reading, by its id."""
    columns = ["run", "name", "kind", "stage", "checkpoint", "after", "teacher", "mixture", "shards", "tokenizer",
               "packing", "sequence_length", "sequences", "steps"]  # fmt: skip
    if not lake.exists("runs"):
        return {}
    return {row["run"]: row for row in run_rows(lake).select(columns).collect().to_dicts()}


def opened(lake: Lake, row: dict[str, Any]) -> tuple[Stream, packings.Packing]:
    """Returns the stream that a run read, and its packing."""
    stream = Stream(shard_stages.folder(lake, row["shards"]))
    if not row["packing"]:
        return stream, packings.concatenated(stream, row["sequence_length"])
    folder: Path | None = artifacts.find(lake, steps.PACKING, row["packing"])
    if folder is None:
        return stream, packings.best_fit(stream, row["sequence_length"])
    return stream, packings.load(folder, row["sequence_length"])


def _held_out_read(lake: Lake, stream: Stream, before: list[dict[str, Any]]) -> int:
    """Returns how many held-out documents of a mixture earlier runs have read: these say too little about the loss."""
    held = keys(np.asarray(stream.held_out.ids))
    was_read = np.zeros(len(held), bool)
    for row in before:
        earlier, packing = opened(lake, row)
        counts = reading.tokens_of_documents(earlier, packing, row["sequences"])
        for shard, tokens in zip(earlier.shards, counts, strict=True):
            was_read |= np.isin(held, keys(np.asarray(shard.ids)[tokens > 0]))
    return int(was_read.sum())
