"""Two ways to train, at several seeds, on the same items: how far apart are they, and how many seeds would settle it?

A trained model differs from the next one by its seed, and an item from the next one by what it asks. Both are drawn:
another study would have other seeds and other items. So the error of a difference has three parts: what seeds have in
common over items, what items have in common over seeds, and the rest. Each is estimated from the table of differences
by seed and item (crossed random effects). A part that few seeds tell of is known badly: seeds and items have each a
margin of their own, by Student's t with its own degrees of freedom, and the squares of the margins add up. The rest
counts with the seeds. Degrees of freedom for all parts together (Satterthwaite) are not on the safe side: with two
seeds, such intervals hold the truth in 87% of cases in place of 95%, and p-values below 0.01 come up to twelve times
too often. These hold it in 94% to 99%, and small p-values are rarer than they say.

Sources: Owen 2007, Ann. Appl. Stat. 1:386 (crossed random effects); Graybill and Wang 1980, JASA 75:869, and Zou and
Donner 2008, Stat. Med. 27:1693 (margins that add up); ratios by the delta method, as in `intervals`.

Shapes: S seeds, N items, G clusters of items.
"""

from dataclasses import dataclass

import numpy as np

from eval_suites.statistics.intervals import LEVEL, Clusters, Floats
from eval_suites.statistics.power import POWER

_ROUNDS = 40  # of halving a p-value
MOST_SEEDS = 1000  # a difference that needs more is not one to wait for


@dataclass(frozen=True, slots=True)
class Spread:
    """The variances of a difference: of a seed, of an item (or cluster), and of both together."""

    seeds: float
    items: float
    rest: float
    n_seeds: int
    n_items: int  # clusters, if items are in clusters

    def error(self, n_seeds: int) -> float:
        """Returns the standard error with as many seeds, over the same items."""
        return float(sum(variance for variance, _ in self._parts(n_seeds)) ** 0.5)

    def margin(self, n_seeds: int, level: float = LEVEL) -> float:
        """Returns how far an interval reaches to each side with as many seeds, over the same items."""
        of_seeds, of_items, rest = (variance for variance, _ in self._parts(n_seeds))
        t_seeds, t_items = _t(level, n_seeds - 1), _t(level, self.n_items - 1)
        # What is left over counts with the seeds: where these seem to differ by less than it alone makes them differ,
        # that is chance, and an interval without it would be far too narrow, most of all at high levels.
        return float((t_seeds**2 * (of_seeds + rest) + t_items**2 * of_items) ** 0.5)

    def _parts(self, n_seeds: int) -> tuple[tuple[float, int], ...]:
        """Returns the variance of the mean that each part makes, with its degrees of freedom."""
        n = self.n_items
        return (
            (self.seeds / n_seeds, n_seeds - 1),
            (self.items / n, n - 1),
            (self.rest / (n_seeds * n), (n_seeds - 1) * (n - 1)),
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the mean of B is above that of A."""

    value: float
    low: float
    high: float
    standard_error: float
    p: float  # of no difference; two-sided
    spread: Spread
    by_seed: tuple[float, ...]


def difference(
    a_SN: Floats, b_SN: Floats, weights_N: Floats | None = None, clusters_N: Clusters | None = None,
    level: float = LEVEL,
) -> Difference:  # fmt: skip
    """Compares two ways to train over seeds and items. With weights, a score is the sum of an item's values over the
    sum of its weights (bits per byte), else the mean. Raises ValueError for fewer than two seeds or items, or NaN."""
    a_SN, b_SN = np.asarray(a_SN, np.float64), np.asarray(b_SN, np.float64)
    if a_SN.shape != b_SN.shape or a_SN.ndim != 2:
        raise ValueError(f"values by seed and item: {a_SN.shape} of one side and {b_SN.shape} of the other")
    change_SN = b_SN - a_SN
    if np.isnan(change_SN).any():
        raise ValueError(f"{int(np.isnan(change_SN).sum())} of {change_SN.size} values are missing")
    value, parts_SG = _contributions(change_SN, weights_N, clusters_N)
    n_seeds, n_items = parts_SG.shape
    if n_seeds < 2 or n_items < 2:
        raise ValueError(f"an error over seeds and items needs two of each: {n_seeds} seeds, {n_items} items")

    spread = _spread(parts_SG)
    margin = spread.margin(n_seeds, level)
    by_seed = tuple(parts_SG.mean(1).tolist())
    p = _p(value, spread)
    return Difference(value, value - margin, value + margin, spread.error(n_seeds), p, spread, by_seed)


def seeds_to_settle(found: Difference, level: float = LEVEL, power: float = POWER) -> int | None:
    """Returns the least number of seeds with which a difference of this size would be found with that chance; None if
    no number up to 1,000 would do, because the items say too little or the difference is none."""
    if found.value == 0 or _least(found.spread, MOST_SEEDS, level, power) > abs(found.value):
        return None
    low, high = 2, MOST_SEEDS
    while low < high:
        middle = (low + high) // 2
        if _least(found.spread, middle, level, power) <= abs(found.value):
            high = middle
        else:
            low = middle + 1
    return low


def _least(spread: Spread, n_seeds: int, level: float, power: float) -> float:
    """Returns the least difference that as many seeds find."""
    return spread.margin(n_seeds, level) + spread.margin(n_seeds, 2 * power - 1)


def _contributions(
    change_SN: Floats, weights_N: Floats | None, clusters_N: Clusters | None
) -> tuple[float, Floats]:  # fmt: skip
    """Returns (the difference, what each seed and item, or cluster, contributes: their mean is the difference)."""
    n = change_SN.shape[1]
    parts_SN: Floats = change_SN
    if weights_N is not None:
        shares_N = np.asarray(weights_N, np.float64) / np.mean(weights_N)
        parts_SN = change_SN / np.mean(weights_N)
        value = float(parts_SN.mean())
        parts_SN = parts_SN - value * (shares_N - 1)  # the delta method: long items are not far off, only long
    value = float(parts_SN.mean())
    if clusters_N is None:
        return value, parts_SN
    _, of = np.unique(clusters_N, return_inverse=True)
    g = int(of.max()) + 1
    sums_SG = np.stack([np.bincount(of, row, g) for row in parts_SN])
    sizes_G = np.bincount(of, minlength=g)
    return value, value + (sums_SG - value * sizes_G) * g / n


def _spread(parts_SG: Floats) -> Spread:
    """Estimates the three variances; none of them is below 0."""
    s, g = parts_SG.shape
    value, rows_S, columns_G = parts_SG.mean(), parts_SG.mean(1), parts_SG.mean(0)
    left_SG = parts_SG - rows_S[:, None] - columns_G[None, :] + value
    rest = float((left_SG**2).sum()) / ((s - 1) * (g - 1))
    seeds = max(float(rows_S.var(ddof=1)) - rest / g, 0.0)
    items = max(float(columns_G.var(ddof=1)) - rest / s, 0.0)
    return Spread(seeds, items, rest, s, g)


def _t(level: float, freedom: float) -> float:
    from scipy import special

    return float(special.stdtrit(freedom, (1 + level) / 2))


def _p(value: float, spread: Spread) -> float:
    """Returns one minus the level at which the interval would just touch 0."""
    if spread.error(spread.n_seeds) == 0:  # all differ by the same: as unlikely as that all have the same sign
        return 1.0 if value == 0 else min(2 * 0.5**spread.n_seeds, 1.0)
    low, high = 0.0, 1.0  # of p: the margin falls as p rises
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if spread.margin(spread.n_seeds, 1 - middle) > abs(value):
            low = middle
        else:
            high = middle
    return high
