"""Length control on judges whose taste was planted, and against scikit-learn's fit."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from eval_suites.judges.length_control import Pairs, all_length_controlled, from_coefficients, length_controlled


def judged(
    seed: int, strength: float, taste: float, longer: float, n: int = 800, slope: float = 0.0
) -> tuple[Pairs, float]:
    """Pairs of a model whose answers are `longer` times as long, before a judge with a taste for length; and the rate
    that it would have at equal lengths."""
    generator = np.random.default_rng(seed)
    others = generator.lognormal(7, 0.4, n)
    lengths = others * longer * generator.lognormal(0, 0.3, n)
    gaps = lengths - others
    difficulties = generator.normal(0, 1, n)
    plain = strength + slope * difficulties
    chances = 1 / (1 + np.exp(-(plain + taste * np.tanh(gaps / gaps.std()))))
    pairs = Pairs((generator.random(n) < chances).astype(float), lengths, others, difficulties if slope else None)
    return pairs, float(np.mean(1 / (1 + np.exp(-plain))))


def test_a_taste_for_length_is_taken_out() -> None:
    pairs, truth = judged(0, strength=-0.5, taste=2.0, longer=1.6)
    got = length_controlled(pairs)
    assert pairs.preferences_N.mean() > 0.6
    assert got.value == pytest.approx(truth, abs=0.06)
    assert got.low < truth < got.high
    assert got.length_low > 0
    assert got.converged
    assert 0 < got.explained < 1


def test_without_a_taste_nothing_changes() -> None:
    pairs, truth = judged(1, strength=0.4, taste=0.0, longer=1.5)
    got = length_controlled(pairs)
    assert got.length_low < 0 < got.length_high
    assert got.value == pytest.approx(pairs.preferences_N.mean(), abs=0.05)
    assert got.low < truth < got.high


def test_intervals_cover_the_truth() -> None:
    covered = []
    for seed in range(300):
        pairs, truth = judged(seed, strength=-0.3, taste=1.5, longer=1.2, n=500)
        got = length_controlled(pairs)
        covered.append(got.low <= truth <= got.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_the_fit_is_scikit_learns() -> None:
    pairs, _ = judged(2, strength=0.2, taste=1.0, longer=1.3, slope=0.8)
    gaps = pairs.lengths_N - pairs.other_lengths_N
    design = np.stack([np.ones_like(gaps), np.tanh(gaps / gaps.std()), pairs.difficulties_N], 1)
    peer = LogisticRegression(C=1e4, fit_intercept=False, tol=1e-10, max_iter=1000).fit(design, pairs.preferences_N)
    got = length_controlled(pairs)
    assert got.length == pytest.approx(peer.coef_[0, 1], abs=1e-3)
    expected = from_coefficients(peer.coef_[0, 0], peer.coef_[0, 2], pairs.difficulties_N)
    assert got.value == pytest.approx(expected, abs=1e-4)


def test_models_of_one_judge_help_each_other() -> None:
    """Weak models win so rarely that their own pairs say little of the judge's taste."""
    alone, together, values = [], [], []
    for round_ in range(12):
        several, truths = {}, {}
        for i, strength in enumerate((-3.5, -3.2, -3.0, -1.0, 0.0)):
            several[str(i)], truths[str(i)] = judged(100 * round_ + i, strength, taste=2.0, longer=0.8)
        pooled = all_length_controlled(several)
        alone += [abs(length_controlled(one).length - 2.0) for one in several.values()]
        together += [abs(one.length - 2.0) for one in pooled.values()]
        values += [abs(pooled[name].value - truths[name]) for name in several]
    assert np.mean(together) < 0.7 * np.mean(alone)
    assert np.mean(values) < 0.02


def test_a_model_that_always_wins_has_a_finite_fit() -> None:
    n = 200
    generator = np.random.default_rng(3)
    pairs = Pairs(np.ones(n), generator.lognormal(7, 0.3, n), generator.lognormal(7, 0.3, n))
    got = length_controlled(pairs)
    assert 0.95 < got.value <= 1.0
    assert np.isfinite([got.low, got.high, got.length]).all()
    equal = length_controlled(Pairs(np.array([1.0, 0.0, 0.5, 1.0]), np.full(4, 9.0), np.full(4, 9.0)))
    assert equal.value == pytest.approx(0.625, abs=1e-3)


def test_a_pair_that_is_not_whole_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be fitted"):
        length_controlled(Pairs(np.array([1.0, np.nan]), np.ones(2), np.ones(2)))
    with pytest.raises(ValueError, match="cannot be fitted"):
        length_controlled(Pairs(np.ones(2), np.ones(2), np.ones(2), np.array([0.0, np.nan])))
    mixed = {str(i): judged(i, 0, 1, 1, n=50, slope=0.5 * (i > 0))[0] for i in range(3)}
    with pytest.raises(ValueError, match="either all models have difficulties"):
        all_length_controlled(mixed)
