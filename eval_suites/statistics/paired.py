"""Two models on the same items: the difference of their means, with an interval and a p-value.

Pairing is what makes a benchmark able to decide: items that both models answer alike say nothing about the difference,
and an unpaired test counts their spread as noise.

Scores of 0 and 1 on independent items: exact McNemar test, Tango's score interval. Other scores, and items in clusters:
Student's t over the differences of items, or of clusters.

Sources: McNemar 1947, Psychometrika 12:153; Tango 1998, Stat. Med. 17:891; Holm 1979, Scand. J. Stat. 6:65.
"""

from dataclasses import dataclass

import numpy as np

from eval_suites.statistics.intervals import (
    LEVEL,
    Clusters,
    Floats,
    is_binary,
    quantile,
    variance_of_mean,
)

_ROUNDS = 200  # of halving an interval: far below the precision of a float


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of model B minus the mean of model A."""

    value: float
    low: float
    high: float
    standard_error: float
    p: float  # of no difference; two-sided
    n: int  # items
    n_clusters: int
    a_only: int  # items on which A is better
    b_only: int
    method: str


def difference(a_N: Floats, b_N: Floats, clusters_N: Clusters | None = None, level: float = LEVEL) -> Difference:
    """Compares two models on the same items, in the same order. Raises ValueError if their numbers differ."""
    a_N, b_N = np.asarray(a_N, np.float64), np.asarray(b_N, np.float64)
    if len(a_N) != len(b_N):
        raise ValueError(f"{len(a_N)} items of one model and {len(b_N)} of the other: a pair needs both")
    if not len(a_N):
        raise ValueError("a comparison needs at least one item")
    change_N = b_N - a_N
    if np.isnan(change_N).any():
        raise ValueError(f"{int(np.isnan(change_N).sum())} of {len(change_N)} items have no value for a model")
    a_only, b_only, n = int((change_N < 0).sum()), int((change_N > 0).sum()), len(change_N)
    value = float(change_N.mean())
    variance, n_clusters = variance_of_mean(change_N - value, clusters_N)

    if n_clusters == n and is_binary(a_N) and is_binary(b_N):
        low, high = tango(b_only, a_only, n, level)
        return Difference(value, low, high, variance**0.5, mcnemar(a_only, b_only), n, n, a_only, b_only, "McNemar")
    error = variance**0.5
    margin = quantile(level, n_clusters) * error
    method = "paired t" if n_clusters == n else "paired t over clusters"
    p = _t_test(value, error, n_clusters)
    return Difference(value, value - margin, value + margin, error, p, n, n_clusters, a_only, b_only, method)


def mcnemar(a_only: int, b_only: int) -> float:
    """Returns the exact two-sided p-value of as many items that only one of two models has right."""
    from scipy import special

    n, fewer = a_only + b_only, min(a_only, b_only)
    return 1.0 if n == 0 else float(min(2 * special.bdtr(fewer, n, 0.5), 1.0))


def tango(b_only: int, a_only: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Returns the score interval of a difference of two paired shares: (b_only - a_only) / n."""
    z = quantile(level)

    def statistic(delta: float) -> float:
        a, b = 2 * n, (2 * n - b_only + a_only) * delta - b_only - a_only
        c = -a_only * delta * (1 - delta)
        share = (max(b * b - 4 * a * c, 0.0) ** 0.5 - b) / (2 * a)
        variance = n * (2 * share + delta * (1 - delta))
        gap = b_only - a_only - n * delta
        return gap / variance**0.5 if variance > 0 else float("inf") * gap if gap else 0.0

    middle = (b_only - a_only) / n
    return _crossing(statistic, -1.0, middle, z), _crossing(statistic, middle, 1.0, -z)


def paired_bootstrap(
    a_N: Floats, b_N: Floats, clusters_N: Clusters | None = None, level: float = LEVEL, seed: int = 0,
    resamples: int = 10_000,
) -> tuple[float, float]:  # fmt: skip
    """Returns the percentile interval of the difference, resampling items, or clusters, with both answers."""
    change_N = np.asarray(b_N, np.float64) - np.asarray(a_N, np.float64)
    sums_G: Floats = change_N
    sizes_G: Floats = np.ones_like(change_N)
    if clusters_N is not None:
        _, of = np.unique(clusters_N, return_inverse=True)
        sums_G = np.bincount(of, weights=change_N).astype(np.float64)
        sizes_G = np.bincount(of).astype(np.float64)
    generator = np.random.default_rng(seed)
    drawn, g = [], len(sums_G)
    for _ in range(resamples):
        times_G = np.bincount(generator.integers(g, size=g), minlength=g)
        drawn.append(times_G @ sums_G / (times_G @ sizes_G))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def holm(p_values: list[float]) -> list[float]:
    """Returns p-values that hold for all comparisons together: if each one below 0.05 is believed, the chance of a
    single false one is at most 0.05."""
    p_values = [1.0 if np.isnan(p) else p for p in p_values]
    order = np.argsort(p_values, kind="stable")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min((len(p_values) - rank) * p_values[i], 1.0))
        adjusted[i] = largest
    return adjusted


def _t_test(value: float, error: float, n_clusters: int) -> float:
    from scipy import special

    if n_clusters < 2:
        return 1.0  # a single item, or cluster, decides nothing
    if error == 0:  # all differ by the same: as unlikely as that all have the same sign
        return 1.0 if value == 0 else min(2 * 0.5**n_clusters, 1.0)
    return float(2 * special.stdtr(n_clusters - 1, -abs(value / error)))


def _crossing(statistic, low: float, high: float, level: float) -> float:  # type: ignore[no-untyped-def]
    """Returns where a falling function has a value."""
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if statistic(middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2
