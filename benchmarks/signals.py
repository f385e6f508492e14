"""Signals and decisions against datatrove's four filters on the same texts: speed, agreement, deciding again."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from benchmarks.claims import Claim, best, claim, named, one_core
from benchmarks.pages import texts

RULE_SETS = ("gopher_quality", "gopher_repetition", "c4", "fineweb")
_FAMILIES = ("lengths", "words", "characters", "lines", "repetition", "c4")  # what the four rule sets read
_N_DECIDED = 100_000
_N_COPIES = 100  # of the texts, for two workers: a minute of work


def run(path: Path | None) -> Iterator[Claim]:
    """Throughput, agreement, deciding again, and two workers against one."""
    from filters import signals

    text = texts(path)
    n_bytes = int(pl.Series(text).str.len_bytes().sum())
    with one_core():
        verdicts, seconds = datatrove(text)
        families = signals.families()
        modules = [families[name] for name in _FAMILIES]

        def measure() -> None:
            for batch in signals._batches(text):
                for module in modules:
                    module.measure(batch)

        measure()
        ours = n_bytes / best(measure, 5) / 1e6
        everything = n_bytes / best(lambda: signals.measure(text), 3) / 1e6
        frame = signals_frame(text)
        yield claim("signals.speed", ours, n_bytes / sum(seconds.values()) / 1e6, named("datatrove", "spacy"), "MB/s",
                    100.0, f"signals of the four rule sets; all {len(signals.signals())} at {everything:.1f} MB/s")  # fmt: skip
        yield from agreements(frame, verdicts)
        yield decide_again(frame, len(text) / sum(seconds.values()))
    yield two_workers(text)


def datatrove(text: pa.Array) -> tuple[dict[str, list[tuple[bool, str]]], dict[str, float]]:
    """Each filter's (kept, reason) of every text, and its seconds."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )

    filters = dict(
        zip(
            RULE_SETS,
            (GopherQualityFilter(), GopherRepetitionFilter(), C4QualityFilter(), FineWebQualityFilter()),
            strict=True,
        )
    )
    documents = text.to_pylist()
    verdicts: dict[str, list[tuple[bool, str]]] = {}
    seconds = {}
    for name, step in filters.items():
        step.filter(Document(text=documents[0], id="warm"))
        started = time.perf_counter()
        verdicts[name] = [_verdict(step, Document(text=t, id="x")) for t in documents]
        seconds[name] = time.perf_counter() - started
    return verdicts, seconds


def _verdict(step: Any, document: Any) -> tuple[bool, str]:
    try:
        answer = step.filter(document)
    except ZeroDivisionError:  # a text without words
        return False, "ZeroDivisionError"
    return answer if isinstance(answer, tuple) else (bool(answer), "")


def signals_frame(text: pa.Array) -> pl.DataFrame:
    """Signals with ids and a source, ready to decide on."""
    from filters import signals

    frame = pl.from_arrow(signals.measure(text))
    assert isinstance(frame, pl.DataFrame)
    return frame.select(pl.int_range(pl.len()).cast(pl.String).alias("id"), pl.lit("web").alias("source"), pl.all())


def agreements(frame: pl.DataFrame, verdicts: dict[str, list[tuple[bool, str]]]) -> Iterator[Claim]:
    """Share of documents that both keep or both drop, a rule set each."""
    from filters import unspaced
    from filters.decide import Settings, decide

    own = frame["language"].is_in(list(unspaced.limits()))
    for name in RULE_SETS:
        decided = decide(frame, Settings((name,)))
        differ: Counter[str] = Counter()
        n_own = 0
        rows = zip(decided["kept"], decided["reasons"], verdicts[name], own, strict=True)
        for kept, reasons, (theirs, why), has_own_limits in rows:
            if kept != theirs:
                differ[why if kept else ", ".join(reason.partition(".")[2] for reason in reasons)] += 1
                n_own += has_own_limits
        share = 1 - differ.total() / len(frame)
        note = (
            "rules that decide differently: " + ", ".join(f"{why} {n}" for why, n in differ.most_common(3))
            if differ
            else ""
        )
        note += f"; {n_own} of them in Chinese or Japanese, for which Pomona has separate limits" if n_own else ""
        yield Claim(f"signals.agreement.{name}", share, 1.0, named("datatrove"), "share of documents", share, 0.98,
                    share >= 0.98, note)  # fmt: skip


def decide_again(frame: pl.DataFrame, their_documents_per_second: float) -> Claim:
    """A changed threshold on 100,000 documents: ours decides again, datatrove's filters read the text again."""
    from filters.decide import Settings, decide

    many = pl.concat([frame] * (_N_DECIDED // len(frame) + 1)).head(_N_DECIDED)
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/signals.parquet"
        many.write_parquet(file)
        settings = Settings(RULE_SETS, {"gopher_quality.min_words": 60})
        columns = ["id", "source", *settings.signals]
        seconds = best(
            lambda: decide(pl.read_parquet(file, columns=columns), settings).write_parquet(f"{folder}/out"), 3
        )
    theirs = _N_DECIDED / their_documents_per_second
    done = claim("signals.decide_again", seconds, theirs, f"{named('datatrove')}, scaled", "s for 100,000 documents", 1.0,
                 "target: below 1 s; the peer's number is scaled from its documents per second", less=True)  # fmt: skip
    return Claim(**{**done.as_dict(), "ok": seconds < 1.0})


def two_workers(text: pa.Array) -> Claim:
    """The signals stage over a lake of many copies of the texts, with one worker and with two."""
    from corpus import execution, schema
    from corpus.ingest.steps import document_ids
    from corpus.lake import Lake, Lineage
    from corpus.task import Output, digest
    from pomona.recipe import wanted

    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        arrow = schema.TABLES["documents"].schema
        n = len(text)
        keys = [digest(i) for i in range(_N_COPIES)]
        for key in keys:
            uri = pa.array([f"{key}/{i}" for i in range(n)])
            columns = [document_ids("web", uri, uri), pa.array(["web"] * n), uri, text, pa.nulls(n, pa.string()),
                       pa.array([[]] * n, pa.map_(pa.string(), pa.string()))]  # fmt: skip
            with lake.part_writer("documents", "ingest-web", key, arrow) as writer:
                writer.write(pa.record_batch(columns, schema=arrow))
        lake.commit("documents", {"ingest-web": keys}, Lineage("bench", "ingest-web", "k"), arrow)
        stage = wanted({}).plan("signals", lake)
        items = stage.plan_items()
        speed: dict[int, float] = {}
        for workers, turn in ((1, 0), (2, 0), (1, 1), (2, 1)):
            output = Output("signals", f"signals-{workers}-{turn}", stage.outputs[0].schema)
            with one_core() if workers == 1 else nullcontext():
                started = time.perf_counter()
                execution.run(lake, stage.step, (output,), items, workers=workers)
                seconds = time.perf_counter() - started
            speed[workers] = max(speed.get(workers, 0.0), _N_COPIES * text.nbytes / seconds / 1e6)
    return claim("signals.two_workers", speed[2], speed[1], "Pomona, one worker on one core", "MB/s", 1.8,
                 "whole stage with the start of the workers; best of two runs in turn")  # fmt: skip
