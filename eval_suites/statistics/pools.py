"""Several models over several tasks: one number for each model, and which ranks the data support.

The headline is the mean of centered scores: 0 is guessing and 1 is perfect. It does not move when another model joins.
Win rates and Bradley-Terry strengths are relative to the pool, and are shown as such. HELM's mean win rate is the share
of other models that a model beats on a task, averaged over tasks; ties count half.

Sources: Liang et al. 2022, arXiv:2211.09110, section 5.2 (mean win rate); Li et al. 2024, arXiv:2406.11794, section 3.5
(centered accuracy); Bradley and Terry 1952, Biometrika 39:324; Hunter 2004, Ann. Stat. 32:384 (the algorithm).

Shapes: M models, T tasks, N items of a task, R resamples. A score that is missing is NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval_suites.statistics.intervals import LEVEL, Floats
from eval_suites.statistics.paired import difference, holm

_RESAMPLES = 2000
_MANY = 2000  # items
_STEPS = 10_000
_EQUAL = 1e-12  # scores that are no further apart are ties


def centered(score: float, baseline: float, best: float = 1.0) -> float:
    """Returns a score on the scale where 0 is guessing and `best` is 1."""
    return (score - baseline) / (best - baseline)


def mean_win_rate(scores_MT: Floats) -> Floats:
    """Returns (M,): HELM's mean win rate. NaN for a model that shares no task with another one."""
    wins_MT = np.full(scores_MT.shape, np.nan)
    for t in range(scores_MT.shape[1]):
        present = np.flatnonzero(~np.isnan(scores_MT[:, t]))
        gaps = scores_MT[present, t][:, None] - scores_MT[present, t][None, :]
        better, equal = gaps > _EQUAL, np.abs(gaps) <= _EQUAL
        if len(present) > 1:
            wins_MT[present, t] = (better.sum(1) + (equal.sum(1) - 1) / 2) / (len(present) - 1)
    return _mean_of_present(wins_MT)


def mean_rank(scores_MT: Floats) -> Floats:
    """Returns (M,): the mean over tasks of each model's rank, from 1 for the best; equal scores share a rank."""
    ranks_MT = np.full(scores_MT.shape, np.nan)
    for t in range(scores_MT.shape[1]):
        present = np.flatnonzero(~np.isnan(scores_MT[:, t]))
        gaps = scores_MT[present, t][None, :] - scores_MT[present, t][:, None]
        ranks_MT[present, t] = 1 + (gaps > _EQUAL).sum(1) + ((np.abs(gaps) <= _EQUAL).sum(1) - 1) / 2
    return _mean_of_present(ranks_MT)


def bradley_terry(wins_MM: Floats, prior: float = 0.5) -> Floats:
    """Returns (M,): log strengths with mean 0, given how often the row's model beat the column's; a tie is half a win
    of each. `prior` ties with an average model keep the strengths finite for a model that won or lost everything."""
    m = len(wins_MM)
    games_MM = wins_MM + wins_MM.T
    strengths_M = np.ones(m)
    for _ in range(_STEPS):
        expected_M = (games_MM / (strengths_M[:, None] + strengths_M[None, :])).sum(1)
        expected_M += 2 * prior / (strengths_M + 1)
        new_M = (wins_MM.sum(1) + prior) / expected_M
        done = np.abs(np.log(new_M / strengths_M)).max() < 1e-12
        strengths_M = new_M
        if done:
            break
    logs_M = np.log(strengths_M)
    return logs_M - logs_M.mean()


def wins(scores_MT: Floats) -> Floats:
    """Returns (M, M): on how many tasks the row's model is better than the column's; ties count half."""
    gaps_MMT = scores_MT[:, None, :] - scores_MT[None, :, :]
    both = ~np.isnan(gaps_MMT)
    wins_MM = (gaps_MMT > _EQUAL).sum(2) + 0.5 * ((np.abs(gaps_MMT) <= _EQUAL) & both).sum(2)
    np.fill_diagonal(wins_MM, 0.0)
    return np.asarray(wins_MM, np.float64)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model stands in a pool."""

    rank: int  # by its headline score, from 1
    best: int  # ranks that the data support
    worst: int
    group: int  # models of one group are not told apart from its first one; from 1


def places(items: Sequence[Floats], names: Sequence[str], level: float = LEVEL, seed: int = 0) -> dict[str, Place]:
    """Returns each model's rank by the mean over tasks, with an interval and a group.

    `items` has (M, N) scores of the same items for each task. Ranks come from resampled items; groups from paired tests
    with Holm's correction, each model against the first one of its group.
    """
    generator = np.random.default_rng(seed)
    resampled_MR = np.zeros((len(names), _RESAMPLES))
    headline_M = np.zeros(len(names))
    for scores_MN in items:
        resampled_MR += _resampled(scores_MN, generator) / len(items)
        headline_M += scores_MN.mean(1) / len(items)

    order = np.argsort(-headline_M, kind="stable")
    ranks_MR = (-resampled_MR).argsort(0).argsort(0) + 1
    low_M, high_M = np.quantile(ranks_MR, [(1 - level) / 2, (1 + level) / 2], axis=1, method="nearest")
    if any(scores_MN.shape[1] < 2 for scores_MN in items):  # a single item has no spread, so it supports no rank
        low_M, high_M = np.ones(len(names)), np.full(len(names), len(names))
    groups = _groups([[scores[i] for scores in items] for i in order], level)
    return {names[i]: Place(rank + 1, int(low_M[i]), int(high_M[i]), groups[rank]) for rank, i in enumerate(order)}


def _resampled(scores_MN: Floats, generator: np.random.Generator) -> Floats:
    """Returns (M, R): means over resampled items. Those of many items are normal, which takes no memory per item."""
    n = scores_MN.shape[1]
    if n > _MANY:
        covariance_MM = np.atleast_2d(np.cov(scores_MN)) / n
        return np.asarray(generator.multivariate_normal(scores_MN.mean(1), covariance_MM, size=_RESAMPLES).T)
    times_RN = generator.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES) / n
    return np.asarray(scores_MN @ times_RN.T)


def _groups(ordered: list[list[Floats]], level: float) -> list[int]:
    """Returns the group of each model, the best first: a new one begins where a model is worse than the first one of
    the group that it would belong to."""
    groups: list[int] = []
    first = 0
    while first < len(ordered):
        rest = range(first + 1, len(ordered))
        p_values = holm([_p_of_mean(ordered[first], ordered[i]) for i in rest])
        end = next((i for i, p in zip(rest, p_values, strict=True) if p < 1 - level), len(ordered))
        groups += [1 + (groups[-1] if groups else 0)] * (end - first)
        first = end
    return groups


def _p_of_mean(a: list[Floats], b: list[Floats]) -> float:
    """Returns the p-value of no difference of two models' means over tasks."""
    from scipy import special

    if len(a) == 1:
        return difference(a[0], b[0]).p
    gaps = [difference(one, other) for one, other in zip(a, b, strict=True)]
    error = sum(one.standard_error**2 for one in gaps) ** 0.5
    value = sum(one.value for one in gaps)
    if not error > 0:  # no spread, or single items: nothing but chance can be excluded
        return 1.0 if value == 0 or np.isnan(error) else min(2 * 0.5 ** min(one.n_clusters for one in gaps), 1.0)
    return float(2 * special.ndtr(-abs(value / error)))


def headline(scores: Mapping[str, float], baselines: Mapping[str, float]) -> float:
    """Returns the mean of centered scores over tasks."""
    return sum(centered(value, baselines.get(task, 0.0)) for task, value in scores.items()) / len(scores)


def _mean_of_present(values_MT: Floats) -> Floats:
    counted = (~np.isnan(values_MT)).sum(1)
    sums: npt.NDArray[np.float64] = np.nansum(values_MT, axis=1)
    return np.where(counted > 0, sums / np.maximum(counted, 1), np.nan)
