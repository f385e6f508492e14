"""What a person asks of a study: who is better, how sure that is, and what the verdicts owe to the judge's habits."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from eval_suites.judges import rates
from eval_suites.judges.length_control import LengthControlled, Pairs, length_controlled
from eval_suites.judges.rates import Order
from eval_suites.order import oldest_first
from eval_suites.statistics import intervals
from eval_suites.statistics.intervals import LEVEL, Estimate, Floats
from eval_suites.statistics.paired import difference, mcnemar

_SHORT = 8  # digits of an id that a person sees
_LEAST_DECIDED = 6  # prompts with another grade: fewer are no evidence, even if all agree (sign test)
_LEAST_FITTED = 20  # pairs of a length-controlled rate


@dataclass(frozen=True, slots=True)
class Preference:
    """How often the answers of a are better than those of b, over prompts that were judged in both orders."""

    win_rate: Estimate  # of a; ties count half
    wins: int  # pairs that a wins in both orders
    ties: int
    losses: int
    p: float  # of as many wins and losses, if both were equally good: exact sign test
    verdict: str  # better, worse or undecided, of a
    same: int  # ties because the answers are the same
    order: Order  # what verdicts owe to the order of the answers, without answers that are the same
    longer_wins: float  # how often the longer answer wins
    controlled: LengthControlled | None  # None for too few pairs


@dataclass(frozen=True, slots=True)
class Grades:
    """The mean grade of each side, or the share of good and poor summaries."""

    what: str  # grade; of summaries: good, poor, or a dimension
    a: Estimate
    b: Estimate | None
    gap: Estimate | None  # a - b, paired over prompts
    verdict: str  # better, worse or undecided, of a; '' without b


@dataclass(frozen=True, slots=True)
class StudyView:
    """Answers that were judged."""

    study: str  # id
    name: str
    a: str
    b: str  # '' for none
    rater: str
    mode: str
    n: int  # prompts
    unread: int  # prompts with a verdict that could not be read; they count nowhere else
    preference: Preference | None
    grades: list[Grades]
    seconds: float
    manifest: dict[str, Any]


def studies(lake: Lake) -> list[StudyView]:
    """Returns all studies, the oldest first."""
    if not lake.exists("studies"):
        return []
    rows = {row["study"]: row for row in lake.scan("studies").collect().to_dicts()}
    return [_view(lake, rows[key]) for key in oldest_first(lake, "studies", "study") if key in rows]


def study(lake: Lake, wanted: str) -> StudyView:
    """Returns a study by its id, the first digits of it, or its name (the newest); raises `UserError` without one."""
    rows = lake.scan("studies").collect().to_dicts() if lake.exists("studies") else []
    order = oldest_first(lake, "studies", "study")
    rows.sort(key=lambda row: order.index(row["study"]) if row["study"] in order else -1)
    by_id = [
        row for row in rows if row["study"] == wanted or (len(wanted) >= _SHORT and row["study"].startswith(wanted))
    ]
    matches = by_id or [row for row in rows if row["name"] == wanted]
    if not matches:
        raise unknown("study", wanted, sorted({str(row["name"]) for row in rows}))
    return _view(lake, matches[-1])


def _view(lake: Lake, row: dict[str, Any]) -> StudyView:
    rows = lake.scan("judgements").filter(pl.col("study") == row["study"]).collect()
    judged = lake.scan("judged").filter(pl.col("study") == row["study"]).sort("item").collect()
    value = "preference" if row["mode"] == "pairs" else "grade"
    unread = rows.filter(pl.col(value).is_null())["item"].unique()
    rows = rows.filter(~pl.col("item").is_in(unread.implode()))
    if not rows.height:
        raise UserError(f"study {row['name']}: no prompt has verdicts that can be read")
    preference = _preference(rows, judged) if row["mode"] == "pairs" else None
    grades = [] if row["mode"] == "pairs" else _grades(rows, row["mode"])
    return StudyView(
        row["study"], row["name"], row["a"], row["b"], row["rater"], row["mode"], judged.height, len(unread),
        preference, grades, row["seconds"], json.loads(row["manifest"]),
    )  # fmt: skip


def _preference(rows: pl.DataFrame, judged: pl.DataFrame) -> Preference:
    wide = rows.pivot("shown", index="item", values="preference").join(judged, on="item").sort("item")
    first_N, second_N = wide["ab"].to_numpy(), wide["ba"].to_numpy()
    preferences_N = (first_N + second_N) / 2
    a_N, b_N = (wide[name].str.len_chars().to_numpy().astype(np.float64) for name in ("answer_a", "answer_b"))
    same_N = (wide["answer_a"] == wide["answer_b"]).to_numpy()

    rate = rates.win_rate(preferences_N)
    kept = ~same_N if not same_N.all() else np.ones_like(same_N)
    outcomes = rates.outcomes(first_N[kept], second_N[kept])
    wins, losses = int((outcomes > 0).sum()), int((outcomes < 0).sum())
    p = mcnemar(losses, wins)
    verdict = "undecided" if p >= 1 - LEVEL else "better" if wins > losses else "worse"
    controlled = None
    if len(preferences_N) >= _LEAST_FITTED and (a_N - b_N).std() > 0:
        controlled = length_controlled(Pairs(preferences_N, a_N, b_N))
    return Preference(
        rate, wins, len(preferences_N) - wins - losses, losses, p, verdict, int(same_N.sum()),
        rates.order(first_N[kept], second_N[kept]), rates.always_longer(a_N, b_N, preferences_N), controlled,
    )  # fmt: skip


def _grades(rows: pl.DataFrame, mode: str) -> list[Grades]:
    wide = rows.with_columns(side=pl.col("shown")).pivot("side", index=["item", "dimension"], values="grade")
    sides = [name for name in ("a", "b") if name in wide.columns]
    if mode == "grades":
        return [_compared("grade", *(wide.sort("item")[name].to_numpy() for name in sides))]

    # A summary is good if it is good in all dimensions, and poor if it is poor in one.
    levels = wide.with_columns(pl.col(name).round(0) for name in sides)
    by_item = levels.group_by("item").agg(
        *((pl.col(name).min() == 2).cast(pl.Float64).alias(f"good_{name}") for name in sides),
        *((pl.col(name).min() == 0).cast(pl.Float64).alias(f"poor_{name}") for name in sides),
    ).sort("item")  # fmt: skip
    whole = [
        _compared(what, *(by_item[f"{what}_{name}"].to_numpy() for name in sides), less_is_better=what == "poor")
        for what in ("good", "poor")
    ]
    parts = {str(key): part.sort("item") for (key,), part in levels.group_by("dimension", maintain_order=True)}
    return whole + [_compared(name, *(part[side].to_numpy() for side in sides)) for name, part in parts.items()]


def _compared(what: str, a_N: Floats, b_N: Floats | None = None, *, less_is_better: bool = False) -> Grades:
    of_a = intervals.mean(a_N)
    if b_N is None:
        return Grades(what, of_a, None, None, "")
    gap = difference(b_N, a_N)
    estimate = Estimate(gap.value, gap.low, gap.high, float("nan"), len(a_N), len(a_N))
    verdict = _verdict(estimate, 0.0, int((a_N != b_N).sum()))
    if less_is_better and verdict != "undecided":
        verdict = "worse" if verdict == "better" else "better"
    return Grades(what, of_a, intervals.mean(b_N), estimate, verdict)


def _verdict(estimate: Estimate, neutral: float, n_decided: int) -> str:
    if n_decided < _LEAST_DECIDED or not (estimate.low > neutral or estimate.high < neutral):
        return "undecided"
    return "better" if estimate.value > neutral else "worse"
