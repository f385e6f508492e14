"""Paired comparisons against SciPy and brute force; what pairing sees and an unpaired test does not; coverage."""

import numpy as np
import pytest
from scipy import optimize, stats

from eval_suites.statistics.paired import Difference, difference, holm, mcnemar, paired_bootstrap, tango


def answers(both: int, a_only: int, b_only: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    a = np.array([1.0] * both + [1.0] * a_only + [0.0] * b_only + [0.0] * neither)
    b = np.array([1.0] * both + [0.0] * a_only + [1.0] * b_only + [0.0] * neither)
    return a, b


def test_220_items_that_an_unpaired_test_misses() -> None:
    """Both models answer most items alike. The 32 items on which they differ are 24 against 8."""
    a, b = answers(150, 8, 24, 38)
    unpaired = (b.mean() - a.mean()) / np.sqrt(a.var(ddof=1) / 220 + b.var(ddof=1) / 220)
    assert 2 * stats.norm.sf(unpaired) == pytest.approx(0.076, abs=0.001)
    got = difference(a, b)
    assert got.n == 220
    assert got.method == "McNemar"
    assert got.p == pytest.approx(stats.binomtest(8, 32).pvalue) == pytest.approx(0.007, abs=0.001)
    assert 0 < got.low < got.value < got.high
    assert (got.a_only, got.b_only) == (8, 24)


@pytest.mark.parametrize(("a_only", "b_only"), [(0, 0), (3, 3), (0, 6), (10, 25), (300, 350)])
def test_mcnemar_is_a_binomial_test(a_only: int, b_only: int) -> None:
    expected = stats.binomtest(a_only, a_only + b_only).pvalue if a_only + b_only else 1.0
    assert mcnemar(a_only, b_only) == pytest.approx(expected)


@pytest.mark.parametrize(("b_only", "a_only", "n"), [(7, 2, 40), (0, 1, 44), (0, 0, 30), (30, 12, 220), (5, 5, 10)])
def test_tangos_interval_inverts_the_score_test(b_only: int, a_only: int, n: int) -> None:
    """At both ends, the score statistic is 1.96, with the nuisance share found by maximizing the likelihood."""

    def statistic(delta: float) -> float:
        def minus_likelihood(share: float) -> float:
            cells = [share + delta, share, 1 - 2 * share - delta]
            counts = [b_only, a_only, n - a_only - b_only]
            return -sum(k * np.log(max(p, 1e-300)) for k, p in zip(counts, cells, strict=True) if k)

        bounds = (max(0.0, -delta) + 1e-12, (1 - delta) / 2 - 1e-12)
        share = optimize.minimize_scalar(minus_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-11}).x
        return float((b_only - a_only - n * delta) / np.sqrt(n * (2 * share + delta * (1 - delta))))

    low, high = tango(b_only, a_only, n)
    assert low <= (b_only - a_only) / n <= high
    assert statistic(low) == pytest.approx(1.96, abs=2e-3)
    assert statistic(high) == pytest.approx(-1.96, abs=2e-3)


def test_other_scores_have_the_paired_t_test() -> None:
    generator = np.random.default_rng(0)
    a = generator.normal(0, 1, 50)
    b = a + generator.normal(0.2, 0.5, 50)
    got, peer = difference(a, b), stats.ttest_rel(b, a)
    low, high = peer.confidence_interval(0.95)
    assert (got.value, got.p, got.low, got.high) == pytest.approx((np.mean(b - a), peer.pvalue, low, high))


def test_the_paired_bootstrap_agrees() -> None:
    a, b = answers(400, 60, 90, 250)
    got = difference(a, b)
    assert paired_bootstrap(a, b) == pytest.approx((got.low, got.high), abs=0.004)
    clusters = np.repeat(np.arange(200), 4)
    clustered = difference(a, b, clusters)
    assert clustered.method == "paired t over clusters"
    assert paired_bootstrap(a, b, clusters) == pytest.approx((clustered.low, clustered.high), abs=0.005)


def test_swapping_the_models_turns_the_signs() -> None:
    a, b = answers(30, 5, 12, 20)
    one, other = difference(a, b), difference(b, a)
    assert (one.low, one.high, one.p) == pytest.approx((-other.high, -other.low, other.p))


def test_equal_models_are_not_told_apart() -> None:
    for values in (np.array([1.0, 0.0, 1.0]), np.array([0.3, 0.7, 0.1])):
        got = difference(values, values)
        assert (got.value, got.p) == (0.0, 1.0)
        assert got.low <= 0 <= got.high


def test_too_little_decides_nothing() -> None:
    one = difference(np.array([3.0]), np.array([1.0]))
    assert one.p == 1.0
    assert np.isnan([one.low, one.high]).all()
    two = difference(np.array([0.5, 0.9]), np.array([0.1, 0.5]))  # both by the same amount
    assert two.p == 0.5
    many = difference(np.arange(20.0), np.arange(20.0) - 0.25)
    assert many.p == pytest.approx(2 * 0.5**20)
    binary = difference(np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([0, 0]))
    assert binary.p == 1.0
    assert holm([float("nan"), 0.01]) == [1.0, 0.02]


def test_holm_is_as_in_r() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="3 items of one model and 2 of the other"):
        difference(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="1 of 2 items have no value"):
        difference(np.array([1.0, np.nan]), np.ones(2))


def _coverage(pairs: list[Difference], truth: float) -> float:
    return float(np.mean([one.low <= truth <= one.high for one in pairs]))


@pytest.mark.parametrize("shares", [(0.5, 0.05, 0.1), (0.2, 0.2, 0.2), (0.85, 0.02, 0.06)])
@pytest.mark.parametrize("n", [60, 300])
def test_coverage_of_differences(shares: tuple[float, float, float], n: int) -> None:
    generator = np.random.default_rng(1)
    both, a_only, b_only = shares
    counts = generator.multinomial(n, [both, a_only, b_only, 1 - sum(shares)], size=2000)
    kept = [tango(one[2], one[1], n) for one in np.unique(counts, axis=0)]
    table = {tuple(one): interval for one, interval in zip(np.unique(counts, axis=0).tolist(), kept, strict=True)}
    truth = b_only - a_only
    covered = np.mean([table[tuple(one)][0] <= truth <= table[tuple(one)][1] for one in counts.tolist()])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_coverage_of_differences_in_clusters() -> None:
    generator = np.random.default_rng(2)
    pairs = []
    for _ in range(1500):
        clusters = np.repeat(np.arange(40), generator.integers(1, 7, 40))
        shift = generator.normal(0.1, 0.5, 40)[clusters]
        a = generator.normal(0, 1, len(clusters))
        pairs.append(difference(a, a + shift + generator.normal(0, 0.3, len(clusters)), clusters))
    assert _coverage(pairs, 0.1) == pytest.approx(0.95, abs=0.02)


def test_false_verdicts_of_equal_models_are_as_rare_as_stated() -> None:
    generator = np.random.default_rng(3)
    counts = generator.multinomial(200, [0.6, 0.08, 0.08, 0.24], size=2000)
    wrong = np.mean([mcnemar(int(one[1]), int(one[2])) < 0.05 for one in counts])
    assert wrong <= 0.06
