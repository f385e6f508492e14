"""How a metric follows from a mixture's weights: a surface over the simplex, with error bars.

Many small runs at random weights, a regression from weights to metric, and a prediction for weights that nobody ran
(RegMix). Four kinds are fitted, and the one that foresees left-out runs best is taken:

  linear       each group has a price:              y = Σ b_g w_g
  diminishing  the more of a group, the less worth: y = c + Σ b_g log(w_g + 0.1)
  quadratic    groups help or harm each other:      y = Σ b_g w_g + Σ b_gh w_g w_h  (Scheffé's mixture polynomial)
  boosted      trees, as in RegMix

Error bars: those of least squares for one more run; of trees, the spread over resampled runs and
that of left-out runs.

Sources: Liu et al. 2024, RegMix, arXiv:2407.01492; Scheffé 1958, JRSS B 20:344; left-out runs in closed form: Allen
1974, Technometrics 16:125.

Shapes: R runs, G groups, P points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from eval_suites.statistics.intervals import LEVEL, Floats, quantile

KINDS = ("linear", "diminishing", "quadratic", "boosted")
_SHARE = 0.1  # of which a group is worth most; with 0.03 to 0.1, left-out runs on Debian's manuals are foreseen alike
_RESAMPLES = 20  # of trees
_TREES = {"n_estimators": 150, "max_depth": 2, "learning_rate": 0.05, "min_samples_leaf": 2}
_CANDIDATES, _TOP = 50_000, 100  # mixtures that are tried for the best one; of which the mean is taken


@dataclass(frozen=True, slots=True)
class Surface:
    """A fitted surface."""

    kind: str
    left_out_error: float  # root mean square, of runs that the fit did not see
    left_out_rank: float  # Spearman's correlation of these with what they came to; NaN if all are alike
    explained: float  # share of the variance of left-out runs that is foreseen; below 0: worse than their mean
    predict: Callable[[Floats], tuple[Floats, Floats]]  # (P, G) to means and half-widths of 95% intervals, (P,)


def fit(weights_RG: Floats, values_R: Floats) -> list[Surface]:
    """Returns the surfaces of all kinds that the runs are enough for, the best one first. Raises ValueError for too few
    runs, or weights that are no shares."""
    weights_RG, values_R = np.asarray(weights_RG, np.float64), np.asarray(values_R, np.float64)
    n, groups = weights_RG.shape
    if (weights_RG < 0).any() or not np.allclose(weights_RG.sum(1), 1, atol=1e-6):
        raise ValueError("weights of a run are shares: 0 or more, and 1 together")
    if n < groups + 3:
        raise ValueError(f"{n} runs are too few for {groups} groups; a surface needs {groups + 3} at least")
    made = [
        _least_squares(kind, weights_RG, values_R)
        for kind, design in _DESIGNS.items()
        if n >= design(weights_RG).shape[1] + 2
    ]
    made.append(_boosted(weights_RG, values_R))
    return sorted(made, key=lambda one: one.left_out_error)


def sample(center_G: Floats, n: int, seed: int = 0) -> Floats:
    """Returns weights (n, G) around a mixture: close to it and far from it, with some groups nearly left out. The first
    one is the mixture itself."""
    generator = np.random.default_rng(seed)
    center_G = np.asarray(center_G, np.float64) / np.sum(center_G)
    strengths = np.geomspace(1.0, 16.0, 5) * len(center_G) / 2  # as in RegMix: of several strengths
    drawn = [generator.dirichlet(np.maximum(center_G * strengths[i % 5], 0.05)) for i in range(n - 1)]
    weights = np.stack([center_G, *drawn])
    weights[weights < 0.005] = 0.0  # less is a handful of documents, which no mixture can have exactly
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float64)


def best(surface: Surface, weights_RG: Floats, *, less_is_better: bool = True, seed: int = 0) -> Floats:
    """Returns the weights (G,) with the best prediction, among mixtures within what was run: the mean of the best of
    many, since a single best one is mostly luck."""
    generator = np.random.default_rng(seed)
    low_G, high_G = weights_RG.min(0), weights_RG.max(0)
    groups = weights_RG.shape[1]
    flat = generator.dirichlet(np.ones(groups), _CANDIDATES // 2)
    near = generator.dirichlet(np.ones(groups) * 0.3, _CANDIDATES // 2)
    every = np.concatenate([flat, near, weights_RG])
    every = every[((every >= low_G - 1e-9) & (every <= high_G + 1e-9)).all(1)]
    means, _ = surface.predict(every)
    order = np.argsort(means if less_is_better else -means, kind="stable")[:_TOP]
    mean_G = every[order].mean(0)
    return np.asarray(mean_G / mean_G.sum(), np.float64)


def _least_squares(kind: str, weights_RG: Floats, values_R: Floats) -> Surface:
    design = _DESIGNS[kind]
    x = design(weights_RG)
    inverse = np.linalg.pinv(x.T @ x)
    solved = inverse @ x.T @ values_R
    residuals = values_R - x @ solved
    leverage = np.einsum("rp,pq,rq->r", x, inverse, x)
    left_out = values_R - residuals / np.maximum(1 - leverage, 1e-6)
    freedom = max(len(values_R) - x.shape[1], 1)
    variance = float((residuals**2).sum()) / freedom
    t = quantile(LEVEL, freedom + 1)

    def predict(points_PG: Floats) -> tuple[Floats, Floats]:
        points = design(np.asarray(points_PG, np.float64))
        spread = np.einsum("pi,ij,pj->p", points, inverse, points)
        return points @ solved, t * np.sqrt(variance * (1 + spread))

    return _surface(kind, values_R, left_out, predict)


def _boosted(weights_RG: Floats, values_R: Floats) -> Surface:
    from sklearn.ensemble import GradientBoostingRegressor

    n = len(values_R)

    def fitted(rows: npt.NDArray[Any], seed: int) -> GradientBoostingRegressor:
        return GradientBoostingRegressor(**_TREES, random_state=seed).fit(weights_RG[rows], values_R[rows])

    folds = np.arange(n) % min(n, 10)
    left_out = np.empty(n)
    for fold in range(folds.max() + 1):
        held = folds == fold
        left_out[held] = fitted(~held, 0).predict(weights_RG[held])
    error = float(np.sqrt(((left_out - values_R) ** 2).mean()))
    t = quantile(LEVEL, n)

    @cache
    def ensemble() -> list[GradientBoostingRegressor]:  # only if these trees are asked
        generator = np.random.default_rng(0)
        return [fitted(generator.integers(n, size=n), i) for i in range(_RESAMPLES)]

    def predict(points_PG: Floats) -> tuple[Floats, Floats]:
        several = np.stack([one.predict(points_PG) for one in ensemble()])
        return several.mean(0), t * np.sqrt(error**2 + several.var(0, ddof=1))

    return _surface("boosted", values_R, left_out, predict)


def _surface(
    kind: str, values_R: Floats, left_out_R: Floats, predict: Callable[[Floats], tuple[Floats, Floats]]
) -> Surface:  # fmt: skip
    from scipy import stats

    error = float(((left_out_R - values_R) ** 2).mean())
    spread = float(values_R.var())
    rank = float(stats.spearmanr(left_out_R, values_R).statistic) if spread > 0 and np.ptp(left_out_R) > 0 else np.nan
    return Surface(kind, error**0.5, rank, 1 - error / spread if spread > 0 else 0.0, predict)


def _linear(weights_RG: Floats) -> Floats:
    return weights_RG


def _diminishing(weights_RG: Floats) -> Floats:
    return np.hstack([np.ones((len(weights_RG), 1)), np.log(weights_RG + _SHARE)])


def _quadratic(weights_RG: Floats) -> Floats:
    first, second = np.triu_indices(weights_RG.shape[1], 1)
    return np.hstack([weights_RG, weights_RG[:, first] * weights_RG[:, second]])


_DESIGNS: dict[str, Callable[[Floats], Floats]] = {
    "linear": _linear, "diminishing": _diminishing, "quadratic": _quadratic,
}  # fmt: skip
