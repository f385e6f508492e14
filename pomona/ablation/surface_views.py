"""What a person asks of a search: how metrics follow from weights, and which weights are foreseen to be best."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from eval_suites.statistics.intervals import Floats
from eval_suites.statistics.surfaces import Surface, best
from pomona.ablation.search import Point, matrix, surface
from pomona.ablation.settings import BITS_PER_BYTE

_STEPS = 25  # of a profile


@dataclass(frozen=True, slots=True)
class SurfaceView:
    """How well a metric is foreseen by one kind of surface, judged by runs that it did not see."""

    metric: str
    kind: str
    left_out_error: float
    left_out_rank: float  # Spearman's correlation
    explained: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Weights with what is foreseen for one run of them."""

    weights: dict[str, float]
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What is foreseen if one group's weight changes, and the others keep their proportions."""

    metric: str
    group: str
    points: list[tuple[float, float, float, float]]  # weight, mean, low, high
    runs: list[tuple[float, float]]  # weight and value of the runs themselves


@dataclass(frozen=True, slots=True)
class SearchView:
    """A search."""

    runs: int
    target: str  # the mean over groups
    surfaces: list[SurfaceView]
    baseline: Foreseen
    best: Foreseen
    profiles: list[Profile]


def search(
    row: dict[str, Any], values: pl.DataFrame, baseline: dict[str, float], model: str,
    found: dict[str, float] | None = None,
) -> SearchView | None:  # fmt: skip
    """Returns the search of a study; None without one. `baseline` has the baseline's weights, `found` those that the
    search found and trained, on half of the documents."""
    points = [Point(**one) for one in json.loads(row["points"])]
    if not points:
        return None
    groups = list(baseline)
    names = [one.name for one in points]
    ends = values.filter((pl.col("before_end") == 0) & (pl.col("model") == model) & pl.col("variant").is_in(names))
    by_metric = {
        str(metric): _in_order(part, names) for (metric,), part in ends.group_by("metric", maintain_order=True)
    }
    by_metric = dict(sorted(by_metric.items()))
    target = np.mean(list(by_metric.values()), axis=0)
    fitted = {metric: surface(points, groups, of) for metric, of in {BITS_PER_BYTE: target, **by_metric}.items()}

    weights = matrix(points, groups)
    chosen = best(fitted[BITS_PER_BYTE][0], weights)
    if found is not None:
        chosen = np.array([found.get(group, 0.0) for group in groups], np.float64)
        chosen /= chosen.sum()
    shares = np.array([baseline[group] for group in groups], np.float64)
    shares /= shares.sum()
    listed = [
        SurfaceView(metric, one.kind, one.left_out_error, one.left_out_rank, one.explained, i == 0)
        for metric, kinds in fitted.items()
        for i, one in enumerate(kinds)
    ]
    profiles = [
        _profile(metric, fitted[metric][0], weights, of, shares, groups, g)
        for metric, of in {BITS_PER_BYTE: target, **by_metric}.items()
        for g in range(len(groups))
    ]
    return SearchView(
        len(points), BITS_PER_BYTE, listed, _foreseen(fitted[BITS_PER_BYTE][0], groups, shares),
        _foreseen(fitted[BITS_PER_BYTE][0], groups, chosen), profiles,
    )  # fmt: skip


def _in_order(part: pl.DataFrame, names: list[str]) -> Floats:
    of = dict(part.select("variant", "value").iter_rows())
    return np.array([of[name] for name in names], np.float64)


def _foreseen(fitted: Surface, groups: list[str], weights_G: Floats) -> Foreseen:
    mean, half = (float(one[0]) for one in fitted.predict(weights_G[None]))
    return Foreseen(
        {group: float(one) for group, one in zip(groups, weights_G, strict=True)}, mean, mean - half, mean + half
    )


def _profile(
    metric: str, fitted: Surface, weights_RG: Floats, values_R: Floats, shares_G: Floats, groups: list[str], g: int
) -> Profile:  # fmt: skip
    """The others keep the baseline's proportions."""
    others = shares_G.copy()
    others[g] = 0.0
    others /= others.sum()
    at = np.linspace(weights_RG[:, g].min(), weights_RG[:, g].max(), _STEPS)
    rows = (1 - at)[:, None] * others[None]
    rows[:, g] = at
    mean, half = fitted.predict(rows)
    points = [(float(x), float(m), float(m - h), float(m + h)) for x, m, h in zip(at, mean, half, strict=True)]
    return Profile(
        metric, groups[g], points, [(float(x), float(y)) for x, y in zip(weights_RG[:, g], values_R, strict=True)]
    )
