"""Comparisons and metrics of a study, and what several sizes say: will a ranking hold, and where is it going?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from eval_suites.statistics import scaling
from eval_suites.statistics.intervals import Floats

_FURTHER = 10.0  # times the compute of the largest models, at which a law is asked
_SIZES = 3  # that a law needs


@dataclass(frozen=True, slots=True)
class Comparison:
    """A variant against the baseline, by one metric, of models of one size."""

    variant: str
    baseline: str
    model: str
    metric: str
    difference: float  # of the variant minus the baseline
    low: float
    high: float
    standard_error: float
    p: float  # of no difference
    adjusted_p: float  # over all comparisons of models of this size
    verdict: str  # better, worse or undecided
    seeds_to_settle: int | None  # seeds that would likely decide it; None if it is decided, or if no number would
    can_decide: bool  # whether the metric can tell variants of this study apart at all
    higher_is_better: bool
    seeds: int
    items: int
    by_seed: tuple[float, ...]
    holds: float | None  # chance that the sign is the same at the next size; None if only one size was trained


@dataclass(frozen=True, slots=True)
class Metric:
    """How much a metric tells about models of one size."""

    metric: str
    model: str
    signal: float  # range of the variants' means
    seed_noise: float  # standard deviation of a run over seeds
    checkpoint_noise: float | None  # over the last checkpoints of a run; None if they were not measured
    ratio: float  # signal over the larger noise
    can_decide: bool


@dataclass(frozen=True, slots=True)
class Persistence:
    """How many differences kept their sign from one size to the next, and how many were foreseen to."""

    model: str
    next_model: str
    differences: int
    foreseen: float  # share, from the sizes up to `model`
    kept: float  # share


@dataclass(frozen=True, slots=True)
class LawView:
    """Bits per byte of a variant as they fall with compute, and what they will be at ten times as much."""

    variant: str
    metric: str
    floor: float
    exponent: float
    flops: float  # ten times those of the largest models
    value: float
    low: float
    high: float


Told = dict[tuple[str, str], Metric]  # by size and metric


def with_chances(comparisons: Sequence[Comparison], told: Told) -> list[Comparison]:
    """Returns the comparisons, each with the chance that its sign holds at the next size."""
    models = list(dict.fromkeys(one.model for one in comparisons))
    chances: dict[tuple[str, str, str], float] = {}
    for k in range(1, len(models)):
        several, differences, errors = _table(comparisons, told, models[: k + 1])
        holds = scaling.holds(differences[-1], errors[-1], scaling.change(differences, errors))
        chances |= {(models[k], *pair): float(one) for pair, one in zip(several, holds, strict=True)}
    return [replace(one, holds=chances.get((one.model, one.variant, one.metric))) for one in comparisons]


def persistence(comparisons: Sequence[Comparison], told: Told) -> list[Persistence]:
    """Returns, for each size but the last one, how many signs held at the next size."""
    models = list(dict.fromkeys(one.model for one in comparisons))
    made = []
    for k in range(len(models) - 1):
        _, differences, errors = _table(comparisons, told, models[: k + 2])
        before, errors_before = differences[: k + 1], errors[: k + 1]
        foreseen = scaling.holds(before[-1], errors_before[-1], scaling.change(before, errors_before))
        kept = np.sign(differences[-1]) == np.sign(differences[-2])
        made.append(Persistence(models[k], models[k + 1], len(kept), float(foreseen.mean()), float(kept.mean())))
    return made


def laws(values: pl.DataFrame, names: Sequence[str], metrics: Sequence[str]) -> list[LawView]:
    """Returns a law for each variant and metric of bits per byte, if there are three sizes."""
    ends = values.filter((pl.col("before_end") == 0) & ~pl.col("higher_is_better") & pl.col("variant").is_in(names))
    if ends["model"].n_unique() < _SIZES:
        return []
    further = float(ends["flops"].to_numpy().max()) * _FURTHER
    made = []
    for metric in metrics:
        for name in names:
            of = ends.filter((pl.col("variant") == name) & (pl.col("metric") == metric))
            if not of.height:
                continue
            # Seeds of one size may differ by a few FLOPs: a size is a size.
            flops = of.select(pl.col("flops").mean().over("model")).to_series().to_numpy()
            law = scaling.law(flops, of["value"].to_numpy())
            made.append(LawView(name, metric, law.floor, law.exponent, further, *law.at(further)))
    return made


def _table(
    comparisons: Sequence[Comparison], told: Told, models: Sequence[str]
) -> tuple[list[tuple[str, str]], Floats, Floats]:  # fmt: skip
    """Returns (variant and metric of each difference; differences, errors (sizes, differences)), in units of the
    metric's noise from seed to seed."""
    by_place = {(one.model, one.variant, one.metric): one for one in comparisons}
    pairs = list(dict.fromkeys((one.variant, one.metric) for one in comparisons))
    differences, errors = np.empty((len(models), len(pairs))), np.empty((len(models), len(pairs)))
    for k, model in enumerate(models):
        for i, pair in enumerate(pairs):
            one = by_place[model, *pair]
            unit = max(told[model, one.metric].seed_noise, 1e-12)
            differences[k, i], errors[k, i] = one.difference / unit, one.standard_error / unit
    return pairs, differences, errors
