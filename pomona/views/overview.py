"""Counts of the documents by stage, by source and by reason, and samples of them."""

import math
from dataclasses import dataclass

import polars as pl

from corpus.lake import Lake
from corpus.views import passed_over
from pomona import stages

N_SAMPLES = 20
_SAMPLE_CHARACTERS = 700
_TITLE_CHARACTERS = 90


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel: the documents or records that were left after it."""

    name: str
    count: int
    share: float  # of the first step


@dataclass(frozen=True, slots=True)
class Source:
    """Counts of the documents of one source."""

    source: str
    documents: int
    rejects: int
    dropped: dict[str, int]  # documents by the stage that dropped them
    kept: int
    words: int  # of the kept documents


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for which documents were dropped."""

    reason: str
    documents: int
    alone: int  # documents that were dropped only for this reason
    share: float  # relative to the documents of the most frequent reason
    doc: str  # its meaning, with the limit in force


@dataclass(frozen=True, slots=True)
class Measure:
    """Why a document was dropped: the rule, the value and the broken limit; None if they are not numbers."""

    rule: str
    value: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A document for a person to read."""

    id: str
    source: str
    uri: str
    title: str
    text: str  # its beginning
    measured: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of all documents."""

    documents: int
    kept: int
    words: int | None  # of all documents; None if they were not measured
    words_kept: int | None
    decided: tuple[str, ...]  # families that decided, in order
    funnel: tuple[Step, ...]
    sources: tuple[Source, ...]
    reasons: tuple[Reason, ...]


def verdicts_of(lake: Lake) -> pl.DataFrame:
    """Returns id, source, n_words, `kept`, and one boolean per deciding family, null if it did not see the document."""
    columns = ["id", "source"]
    if lake.exists("signals"):
        frame = lake.scan("signals").select(*columns, "n_words")
    else:
        frame = lake.scan("documents").select(*columns).with_columns(n_words=pl.lit(None, pl.Int64))
    slots = stages.decided(lake)
    for slot in slots:
        decided = lake.scan("decisions", slot=slot).select("id", pl.col("kept").alias(slot))
        frame = frame.join(decided, on="id", how="left")
    kept = pl.all_horizontal([pl.col(slot).fill_null(False) for slot in slots]) if slots else pl.lit(True)
    return frame.with_columns(kept=kept).collect(engine="streaming")


def overview(lake: Lake, verdicts: pl.DataFrame | None = None) -> Overview:
    """Counts all documents; `verdicts` are those of `verdicts_of`, if they are known already."""
    verdicts = verdicts_of(lake) if verdicts is None else verdicts
    kept = verdicts.filter("kept")
    measured = lake.exists("signals")
    return Overview(
        documents=verdicts.height,
        kept=kept.height,
        words=int(verdicts["n_words"].sum()) if measured else None,
        words_kept=int(kept["n_words"].sum()) if measured else None,
        decided=tuple(stages.decided(lake)),
        funnel=funnel(lake, verdicts),
        sources=by_source(lake, verdicts),
        reasons=by_reason(lake),
    )


def funnel(lake: Lake, verdicts: pl.DataFrame) -> tuple[Step, ...]:
    """Counts raw records, documents, and the documents that were left after each family."""
    n_rejects = sum(part.n_rows for part in lake.parts("rejects"))
    n_passed = sum(one.records for one in passed_over(lake))
    steps = [("raw records", verdicts.height + n_rejects + n_passed)] if n_passed else []
    steps += [("records that qualify", verdicts.height + n_rejects), ("documents", verdicts.height)]
    steps += [(f"kept by {slot}", int(verdicts[slot].fill_null(False).sum())) for slot in stages.decided(lake)]
    top = max(steps[0][1], 1)
    return tuple(Step(name, count, count / top) for name, count in steps)


def by_source(lake: Lake, verdicts: pl.DataFrame) -> tuple[Source, ...]:
    """Counts the documents of each source."""
    slots = stages.decided(lake)
    per_source = verdicts.group_by("source").agg(
        pl.len().alias("documents"),
        *((~pl.col(slot)).fill_null(False).sum().alias(slot) for slot in slots),
        pl.col("kept").sum(),
        pl.col("n_words").filter("kept").sum().alias("words"),
    )
    rejects = lake.scan("rejects").group_by("source").len("rejects").collect()
    joined = per_source.join(rejects, on="source", how="full", coalesce=True).fill_null(0).sort("source")
    return tuple(
        Source(
            row["source"], row["documents"], row["rejects"], {slot: row[slot] for slot in slots}, row["kept"],
            row["words"],
        )
        for row in joined.to_dicts()
    )  # fmt: skip


def by_reason(lake: Lake) -> tuple[Reason, ...]:
    """Counts for each reason the documents that were dropped for it, and those that were dropped only for it."""
    reasons = pl.col("reasons")
    dropped = lake.scan("decisions").filter(~pl.col("kept")).select(reasons, n=reasons.list.len())
    counted = dropped.explode("reasons", empty_as_null=False).group_by("reasons")
    counts = counted.agg(documents=pl.len(), alone=(pl.col("n") == 1).sum())
    rows = counts.sort("documents", "reasons", descending=[True, False]).collect()
    top, meanings = max(rows["documents"].to_list(), default=1), stages.meanings(lake)
    return tuple(Reason(name, n, alone, n / top, meanings.get(name, "")) for name, n, alone in rows.iter_rows())


def samples(lake: Lake, verdicts: pl.DataFrame, *, kept: bool) -> tuple[Sample, ...]:
    """Returns `N_SAMPLES` documents from all sources: the first by id, which is a hash, so that they stay the same."""
    side = verdicts.filter(pl.col("kept") == kept).select("id", "source").sort("id")
    n_each = math.ceil(N_SAMPLES / max(side["source"].n_unique(), 1))
    per_source = side.group_by("source", maintain_order=True).head(n_each)
    first = pl.concat([per_source.select("id", "source"), side]).unique("id", maintain_order=True).head(N_SAMPLES)
    chosen = first.select("id").lazy()

    texts = lake.scan("documents").join(chosen, on="id", how="semi")
    texts = texts.select("id", "source", "uri", "metadata", pl.col("text").str.slice(0, _SAMPLE_CHARACTERS + 1))
    broken = lake.scan("decisions").filter(~pl.col("kept")).join(chosen, on="id", how="semi").select("id", "measured")
    rows = texts.join(broken, on="id", how="left").sort("source", "id").collect()
    return tuple(_sample(**row) for row in rows.to_dicts())


def _sample(id: str, source: str, uri: str, metadata: list, text: str, measured: list | None) -> Sample:  # type: ignore[type-arg]
    shown = text[:_SAMPLE_CHARACTERS] + (" …" if len(text) > _SAMPLE_CHARACTERS else "")
    title = dict(metadata).get("title") or next((line for line in text.split("\n") if line.strip()), "")
    title = " ".join(title.split())
    title = title if len(title) <= _TITLE_CHARACTERS else f"{title[:_TITLE_CHARACTERS]}…"
    return Sample(id, source, uri, title, shown, tuple(Measure(**one) for one in measured or ()))
