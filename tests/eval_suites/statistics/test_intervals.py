"""Intervals against SciPy, against closed forms, and against what they promise: how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from eval_suites.statistics.intervals import average, bootstrap, mean, quantile, ratio, wilson


@pytest.mark.parametrize(("right", "n"), [(8, 10), (0, 7), (7, 7), (310, 500)])
def test_wilsons_interval_is_scipys(right: int, n: int) -> None:
    values = np.array([1.0] * right + [0.0] * (n - right))
    peer = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    got = mean(values)
    assert (got.low, got.high) == pytest.approx((peer.low, peer.high), abs=1e-12)
    assert wilson(right, n) == pytest.approx((peer.low, peer.high), abs=1e-12)


def test_the_mean_of_other_scores_has_students_interval() -> None:
    values = np.random.default_rng(0).normal(3, 2, 40)
    peer = stats.t.interval(0.9, 39, values.mean(), stats.sem(values))
    got = mean(values, level=0.9)
    assert (got.low, got.high) == pytest.approx(peer)
    assert got.standard_error == pytest.approx(stats.sem(values))


def test_clusters_of_equal_size_are_as_their_means() -> None:
    values = np.random.default_rng(1).normal(0, 1, 60)
    clusters = np.repeat(np.arange(12), 5)[np.random.default_rng(2).permutation(60)]
    means = np.array([values[clusters == c].mean() for c in range(12)])
    got = mean(values, clusters)
    assert got.standard_error == pytest.approx(stats.sem(means))
    assert (got.n, got.n_clusters) == (60, 12)
    assert got.high - got.value == pytest.approx(stats.t.ppf(0.975, 11) * stats.sem(means))


def test_copies_of_items_in_one_cluster_change_nothing() -> None:
    values = (np.random.default_rng(3).random(80) < 0.3).astype(float)
    once = mean(values)
    twice = mean(np.repeat(values, 3), np.repeat(np.arange(80), 3))
    assert twice.standard_error == pytest.approx(once.standard_error * np.sqrt(80 / 79), rel=1e-2)
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high), abs=0.01)


def test_a_ratio_of_equal_weights_is_a_mean() -> None:
    values = np.random.default_rng(4).exponential(1, 50)
    got, plain = ratio(values * 7, np.full(50, 7.0)), mean(values)
    assert (got.value, got.low, got.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_the_bootstrap_of_a_mean_is_near_students_interval() -> None:
    values = np.random.default_rng(5).normal(0, 1, 200)
    got, plain = bootstrap(200, lambda rows: float(values[rows].mean())), mean(values)
    assert (got.low, got.high) == pytest.approx((plain.low, plain.high), abs=0.02)
    clusters = np.repeat(np.arange(20), 10)
    assert bootstrap(200, lambda rows: float(values[rows].mean()), clusters).n_clusters == 20


def test_an_average_of_tasks_adds_their_variances() -> None:
    generator = np.random.default_rng(6)
    scores = [mean(generator.normal(i, 1 + i, 100)) for i in range(4)]
    got = average(scores)
    assert got.value == pytest.approx(np.mean([one.value for one in scores]))
    assert got.standard_error == pytest.approx(np.sqrt(sum(one.standard_error**2 for one in scores)) / 4)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="at least one item"):
        mean(np.array([]))
    with pytest.raises(ValueError, match="1 of 2 items have no value"):
        mean(np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="a ratio needs a sum above 0"):
        ratio(np.ones(2), np.zeros(2))
    assert np.isnan(mean(np.array([0.5])).high)
    assert quantile(0.95) == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize("n", [10, 30, 200])
def test_coverage_of_accuracies(n: int) -> None:
    """Over models of all kinds: for a single share, counts are so coarse that no interval can do it."""
    generator = np.random.default_rng(7)
    share = generator.uniform(0.02, 0.98, 20_000)
    right = generator.binomial(n, share)
    intervals = np.array([wilson(one, n) for one in range(n + 1)])[right]
    covered = ((intervals[:, 0] <= share) & (share <= intervals[:, 1])).mean()
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(("n_clusters", "spread"), [(25, 1.0), (60, 0.5)])
def test_coverage_of_accuracies_in_clusters(n_clusters: int, spread: float) -> None:
    """Passages differ in difficulty, so the items of one are right or wrong together."""
    generator = np.random.default_rng(8)
    truth = float(np.mean(stats.norm.cdf(generator.normal(0.3, spread, 10**6))))
    covered, naive, rounds = 0, 0, 1500
    for _ in range(rounds):
        sizes = generator.integers(2, 9, n_clusters)
        clusters = np.repeat(np.arange(n_clusters), sizes)
        chance = stats.norm.cdf(generator.normal(0.3, spread, n_clusters))[clusters]
        values = (generator.random(len(chance)) < chance).astype(float)
        got, plain = mean(values, clusters), mean(values)
        covered += got.low <= truth <= got.high
        naive += plain.low <= truth <= plain.high
    assert covered / rounds == pytest.approx(0.95, abs=0.02)
    assert naive < covered


def test_coverage_of_bits_per_byte() -> None:
    generator = np.random.default_rng(9)
    covered, rounds = 0, 2000
    for _ in range(rounds):
        sizes = generator.lognormal(6, 0.6, 150)
        bits = sizes * (1.1 + generator.normal(0, 0.2, 150))
        got = ratio(bits, sizes)
        covered += got.low <= 1.1 <= got.high
    assert covered / rounds == pytest.approx(0.95, abs=0.02)
