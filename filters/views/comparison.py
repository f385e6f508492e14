"""Compares two settings, and sweeps one limit. Signals are read, and texts only for the samples that are shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from corpus.errors import UserError
from corpus.lake import Lake
from filters.decide import Settings, decide
from filters.rules import RULE_SETS, Limit, Rule, find, rules
from filters.spec import parse
from filters.views.in_force import limits

_SAMPLE_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Moved:
    """A document that only one of two settings keeps."""

    id: str
    uri: str
    rules: tuple[str, ...]  # by which the other setting drops it
    text: str  # beginning of the text


@dataclass(frozen=True, slots=True)
class Comparison:
    """The decisions of two settings, a and b, on the same documents."""

    documents: int
    counts: dict[str, int]  # documents by the two verdicts: kept_kept, kept_dropped (kept by a only), ...
    words: dict[str, int]  # words that each setting keeps, by setting: a, b
    kept_only_by_a: tuple[Moved, ...]  # samples
    kept_only_by_b: tuple[Moved, ...]
    reasons_only_in_b: dict[str, int]  # documents by rule, by which b drops documents that a keeps
    reasons_only_in_a: dict[str, int]


@dataclass(frozen=True, slots=True)
class Point:
    """The documents and words that stay at one limit."""

    limit: float
    documents: int
    words: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """The documents and words that stay at each of several limits of one rule."""

    rule: str
    signal: str
    bound: str
    limit: Limit  # in force in the lake
    documents: int  # to which the rule is applied
    words: int
    points: tuple[Point, ...]


def compare(lake: Lake, a: Settings, b: Settings, samples: int = 5) -> Comparison:
    """Returns the documents that only one of two settings keeps, and the rules that make the difference."""
    frame = _signals(lake, sorted({"n_words", *a.signals, *b.signals}))
    first, second = decide(frame, a), decide(frame, b)
    both = frame.select("id", "source", "n_words").with_columns(
        a=first["kept"], b=second["kept"], a_reasons=first["reasons"], b_reasons=second["reasons"]
    )

    counts = {
        f"{x}_{y}": both.filter((pl.col("a") == (x == "kept")) & (pl.col("b") == (y == "kept"))).height
        for x in ("kept", "dropped")
        for y in ("kept", "dropped")
    }

    gained = both.filter(~pl.col("a") & pl.col("b"))
    lost = both.filter(pl.col("a") & ~pl.col("b"))
    return Comparison(
        documents=both.height,
        counts=counts,
        words={side: int(both.filter(side)["n_words"].sum()) for side in ("a", "b")},
        kept_only_by_a=_samples(lake, lost, "b_reasons", samples),
        kept_only_by_b=_samples(lake, gained, "a_reasons", samples),
        reasons_only_in_b=_reasons(lost, "b_reasons"),
        reasons_only_in_a=_reasons(gained, "a_reasons"),
    )


def sweep(lake: Lake, name: str, others: Settings | None = None, points: int = 15, at: Sequence[float] = ()) -> Sweep:
    """Returns the documents and words that stay at some limits of a rule.

    The limits are `at`, or `points` quantiles of the rule's signal. `others` are further rules in force; the swept rule
    does not count among them.
    """
    if points < 2 or not all(map(math.isfinite, at)):
        raise UserError("a sweep takes 2 or more points, or finite limits")
    if "." not in name:
        find(name, rules())  # says what is missing
    set_name = name.split(".")[0]
    if "." in name and set_name not in RULE_SETS and others is None:
        raise UserError(f"{set_name!r} is not a published rule set; name your own file with --rules FILE")
    base = others or parse(set_name)
    swept = base.rule(name)
    if swept.bound == "one_of":
        raise UserError(f"{name} has a list as its limit; only numbers can be swept")
    if name in base.rules:
        base = replace(base, limits={**base.limits, name: None})

    frame = _signals(lake, sorted({"n_words", *swept.signals, *base.signals}))
    if others:
        frame = frame.filter(decide(frame, base)["kept"])
    numbers = frame.with_columns(pl.col(swept.signals).cast(pl.Float64))
    in_force = limits(lake).get(name, swept.limit)
    tried = set(at) or _quantiles(numbers, swept, points)
    if isinstance(in_force, (int, float)) and not at:
        tried.add(float(in_force))

    rows = []
    for limit in sorted(tried):
        kept = frame.filter(~numbers.select(breaks=swept.breaks(pl.lit(limit)))["breaks"])
        rows.append(Point(limit, kept.height, int(kept["n_words"].sum())))
    return Sweep(name, swept.signal, swept.bound, in_force, frame.height, int(frame["n_words"].sum()), tuple(rows))


def _quantiles(numbers: pl.DataFrame, swept: Rule, points: int) -> set[float]:
    """Returns values of the rule's signal, spread evenly over the documents."""
    values = numbers.select(value=swept.value)["value"].cast(pl.Float64).drop_nulls()
    quantiles = (values.quantile(i / (points - 1), "nearest") for i in range(points))
    return {value for value in quantiles if value is not None}


def _samples(lake: Lake, rows: pl.DataFrame, reasons: str, n: int) -> tuple[Moved, ...]:
    """Returns the first `n` rows by id. An id is a hash, so this is a sample, and it is the same every time."""
    chosen = rows.sort("id").head(n).select("id", rules=reasons)
    texts = lake.scan("documents").select("id", "uri", pl.col("text").str.slice(0, _SAMPLE_CHARACTERS))
    with_texts = chosen.lazy().join(texts, on="id", how="inner").sort("id").collect()
    return tuple(
        Moved(row["id"], row["uri"], tuple(row["rules"]), " ".join(row["text"].split()))
        for row in with_texts.to_dicts()
    )


def _reasons(rows: pl.DataFrame, column: str) -> dict[str, int]:
    """Returns the number of documents with each reason, the most frequent reason first."""
    counted = rows[column].explode(empty_as_null=False).value_counts().sort("count", column, descending=[True, False])
    return dict(zip(counted[column].to_list(), counted["count"].to_list(), strict=True))


def _signals(lake: Lake, columns: list[str]) -> pl.DataFrame:
    if not lake.exists("signals"):
        raise UserError(f"lake {lake.url} has no signals yet; run `pomona signals` first")
    return lake.scan("signals").select("id", "source", *columns).collect()
