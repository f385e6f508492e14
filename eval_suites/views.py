"""What a person asks of scores: which there are, and what each came to."""

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus.errors import unknown
from corpus.lake import Lake
from eval_suites.order import oldest_first
from eval_suites.statistics import pools

SHORT = 8  # digits of an id that a person sees


@dataclass(frozen=True, slots=True)
class ScoreView:
    """A score of a model on a task by one metric."""

    task: str
    group: str  # that the task was asked for in; '' for none
    metric: str
    split: str  # items that it is about: all, clean, touched
    value: float
    low: float  # 95% interval
    high: float
    n: int  # items
    n_clusters: int
    is_primary: bool
    higher_is_better: bool
    baseline: float
    shots: int
    unparsed: float | None


@dataclass(frozen=True, slots=True)
class RunOfSuite:
    """A model that was scored on a suite."""

    score: str  # id
    name: str
    model: str
    run: str  # training run; '' for a model from elsewhere
    tokens: int | None  # that it was trained on
    suite: str
    suite_version: int
    headline: float | None  # mean of centered scores of tasks with right answers; None if the suite has no such task
    requests: int
    reused: int
    cut: int
    seconds: float
    scores: list[ScoreView]
    manifest: dict[str, Any]


def runs(lake: Lake) -> list[RunOfSuite]:
    """Returns everything that was scored, the oldest first."""
    rows = {row["score"]: row for row in lake.scan("score_runs").collect().to_dicts()}
    scores = lake.scan("scores").collect()
    by_run = {str(key): part for (key,), part in scores.group_by("score", maintain_order=True)}
    return [_run(rows[key], by_run.get(key)) for key in oldest_first(lake, "score_runs", "score") if key in rows]


def run(lake: Lake, wanted: str) -> RunOfSuite:
    """Returns a score by its id, the first digits of it, or its name (the newest); raises `UserError` without one."""
    every = runs(lake)
    by_id = [one for one in every if one.score == wanted or (len(wanted) >= SHORT and one.score.startswith(wanted))]
    named = [one for one in every if one.name == wanted] or [one for one in every if one.model == wanted]
    if by_id or named:
        return (by_id or named)[-1]
    raise unknown("score", wanted, sorted({one.name for one in every}))


def _run(row: dict[str, Any], scores: pl.DataFrame | None) -> RunOfSuite:
    views = [_score(one) for one in scores.to_dicts()] if scores is not None else []
    guessed = {one.task: one.value for one in views if _counts(one)}
    baselines = {one.task: one.baseline for one in views if _counts(one)}
    return RunOfSuite(
        row["score"], row["name"], row["model"], row["run"], row["tokens"], row["suite"], row["suite_version"],
        pools.headline(guessed, baselines) if guessed else None, row["requests"], row["reused"], row["cut"],
        row["seconds"], views, json.loads(row["manifest"]),
    )  # fmt: skip


def _counts(one: ScoreView) -> bool:
    """Whether a score is a part of the headline: a share of right answers of a task that was asked for by itself."""
    return one.is_primary and one.higher_is_better and not one.group and one.split == "all"


def _score(row: dict[str, Any]) -> ScoreView:
    return ScoreView(**{name: row[name] for name in ScoreView.__dataclass_fields__})
