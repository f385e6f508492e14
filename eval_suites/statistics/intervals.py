"""Intervals of a score that is a mean over items, or a ratio of sums over items.

Items may share a passage. Then they say less than as many independent items, and whole clusters count as drawn. A score
of 0 and 1 gets Wilson's interval, other ones get Student's t.

Sources: Wilson 1927, JASA 22:209; cluster-robust errors: Liang and Zeger 1986, Biometrika 73:13; Wilson's interval with
an effective number of items: Dean and Pagano 2015, J. Surv. Stat. Methodol. 3:484.

Shapes: N items, G clusters.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Clusters = npt.NDArray[np.int64]

LEVEL = 0.95  # of intervals, if nothing else is said
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its interval."""

    value: float
    low: float
    high: float
    standard_error: float
    n: int  # items
    n_clusters: int  # as many as items if these are independent


def mean(values_N: Floats, clusters_N: Clusters | None = None, level: float = LEVEL) -> Estimate:
    """Returns the mean of independent items, or of items in clusters. Raises ValueError for no items, or NaN."""
    values_N = _checked(values_N)
    n, value = len(values_N), float(values_N.mean())
    variance, n_clusters = variance_of_mean(values_N - value, clusters_N)
    if is_binary(values_N):
        low, high = _wilson(value, n, n_clusters, variance, level)
    else:
        margin = quantile(level, n_clusters) * variance**0.5
        low, high = value - margin, value + margin
    return Estimate(value, low, high, variance**0.5, n, n_clusters)


def ratio(sums_N: Floats, weights_N: Floats, clusters_N: Clusters | None = None, level: float = LEVEL) -> Estimate:
    """Returns one sum over another, such as bits per byte, with the delta method's interval."""
    sums_N, weights_N = _checked(sums_N), _checked(weights_N)
    total = float(weights_N.sum())
    if total <= 0:
        raise ValueError(f"the weights add up to {total}; a ratio needs a sum above 0")
    value = float(sums_N.sum()) / total
    residuals_N = (sums_N - value * weights_N) / weights_N.mean()
    variance, n_clusters = variance_of_mean(residuals_N, clusters_N)
    margin = quantile(level, n_clusters) * variance**0.5
    return Estimate(value, value - margin, value + margin, variance**0.5, len(sums_N), n_clusters)


def bootstrap(
    n: int, statistic: Callable[[npt.NDArray[np.int64]], float], clusters_N: Clusters | None = None,
    level: float = LEVEL, seed: int = 0, resamples: int = _RESAMPLES,
) -> Estimate:  # fmt: skip
    """Returns any statistic of n items with its percentile interval. `statistic` takes the numbers of the items that
    were drawn, each as often as it was; whole clusters are drawn. For metrics that are no mean: F1, correlations."""
    generator = np.random.default_rng(seed)
    order, starts = _by_cluster(np.arange(n) if clusters_N is None else clusters_N)
    members = np.split(order, starts[1:])
    drawn = []
    for _ in range(resamples):
        chosen = generator.integers(len(members), size=len(members))
        drawn.append(statistic(np.concatenate([members[i] for i in chosen])))
    finite = np.array([one for one in drawn if np.isfinite(one)])
    value = statistic(np.arange(n))
    if not len(finite):
        return Estimate(value, float("nan"), float("nan"), float("nan"), n, len(members))
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), float(finite.std(ddof=1)), n, len(members))


def average(estimates: "list[Estimate]", level: float = LEVEL) -> Estimate:
    """Returns the plain mean of independent scores, such as those of the tasks of a suite."""
    if not estimates:
        raise ValueError("there are no scores to average")
    value = sum(one.value for one in estimates) / len(estimates)
    error = sum(one.standard_error**2 for one in estimates) ** 0.5 / len(estimates)
    margin = quantile(level, sum(one.n_clusters - 1 for one in estimates) + 1) * error
    n, n_clusters = sum(one.n for one in estimates), sum(one.n_clusters for one in estimates)
    return Estimate(value, value - margin, value + margin, error, n, n_clusters)


def gap(a: Estimate, b: Estimate, level: float = LEVEL) -> Estimate:
    """Returns the score of one group of items minus that of another one, such as touched minus clean (Welch)."""
    parts = (a.standard_error**2, b.standard_error**2)
    variance = sum(parts)
    freedom = sum(part**2 / max(one.n_clusters - 1, 1) for part, one in zip(parts, (a, b), strict=True))
    margin = quantile(level, int(variance**2 / freedom) + 1 if freedom > 0 else a.n + b.n) * variance**0.5
    value = a.value - b.value
    n, n_clusters = a.n + b.n, a.n_clusters + b.n_clusters
    return Estimate(value, value - margin, value + margin, variance**0.5, n, n_clusters)


def wilson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Returns Wilson's interval of a share: successes of n independent trials."""
    return _score_interval(successes / n, n, quantile(level))


def is_binary(values_N: Floats) -> bool:
    """Returns whether all values are 0 or 1."""
    return bool(np.isin(values_N, (0.0, 1.0)).all())


def variance_of_mean(residuals_N: Floats, clusters_N: Clusters | None) -> tuple[float, int]:
    """Returns (variance of the mean whose residuals these are, number of clusters); NaN for a single cluster."""
    n = len(residuals_N)
    sums_G = residuals_N
    if clusters_N is not None:
        order, starts = _by_cluster(clusters_N)
        sums_G = np.add.reduceat(residuals_N[order], starts)
    g = len(sums_G)
    if g < 2:
        return float("nan"), g
    return float((sums_G**2).sum()) / n**2 * g / (g - 1), g


def quantile(level: float, n_clusters: int | None = None) -> float:
    """Returns how many standard errors an interval has on each side: Student's t, or the normal one without a number
    of clusters."""
    from scipy import special

    upper = (1 + level) / 2
    if n_clusters is None:
        return float(special.ndtri(upper))
    return float(special.stdtrit(max(n_clusters - 1, 1), upper))


def _wilson(share: float, n: int, n_clusters: int, variance: float, level: float) -> tuple[float, float]:
    """Wilson's interval with as many items as independent ones would say as much."""
    if n_clusters == n:
        return _score_interval(share, n, quantile(level))
    plain = share * (1 - share) / n
    effective = n_clusters if plain <= 0 or not variance > 0 else min(max(n * plain / variance, 1.0), n)
    return _score_interval(share, effective, quantile(level, n_clusters))


def _score_interval(share: float, n: float, z: float) -> tuple[float, float]:
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return (0.0 if share == 0 else low), (1.0 if share == 1 else high)


def _by_cluster(clusters_N: Clusters) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns (the items in the order of their clusters, where each cluster begins)."""
    order = np.argsort(clusters_N, kind="stable")
    ordered = clusters_N[order]
    return order, np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _checked(values_N: Floats) -> Floats:
    values_N = np.asarray(values_N, np.float64)
    if not len(values_N):
        raise ValueError("a score needs at least one item")
    if np.isnan(values_N).any():
        raise ValueError(f"{int(np.isnan(values_N).sum())} of {len(values_N)} items have no value")
    return values_N
