"""Win rates and what biases them, on small cases that can be counted."""

import numpy as np
import pytest

from eval_suites.judges import rates


def test_a_win_rate_is_a_mean_with_an_interval() -> None:
    got = rates.win_rate(np.array([1.0, 1.0, 0.5, 0.0]))
    assert got.value == 0.625
    assert got.low < 0.625 < got.high
    for bad in (np.array([1.0, np.nan]), np.array([1.0, 2.0])):
        with pytest.raises(ValueError, match="preference"):
            rates.win_rate(bad)


def test_flips_and_leans_are_counted() -> None:
    """The model wins as first three times of four, as second once: the judge likes what stands first."""
    got = rates.order(np.array([1.0, 1.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0, 0.0]))
    assert got.pairs == 4
    assert got.flips.value == 0.5
    assert got.first.value == pytest.approx((3 + 3) / 8)
    fair = rates.order(np.array([1.0, 0.0, 0.5]), np.array([1.0, 0.0, 0.5]))
    assert (fair.flips.value, fair.first.value) == (0.0, 0.5)
    with pytest.raises(ValueError, match="all need both"):
        rates.order(np.ones(2), np.ones(3))


def test_the_longer_answer_as_a_judge() -> None:
    lengths, others = np.array([10, 5, 7, 7]), np.array([5, 10, 7, 5])
    assert rates.always_longer(lengths, others, np.array([1.0, 0.0, 1.0, 0.0])) == pytest.approx((1 + 1 + 0.5 + 0) / 4)


def test_pairs_are_never_lost() -> None:
    assert rates.matched(["b", "a"], ["a", "b", "c"]) == [1, 0]
    with pytest.raises(ValueError, match="1 of 2 prompts are not exactly once among the others: 'd'"):
        rates.matched(["a", "d"], ["a"])
    with pytest.raises(ValueError, match="not exactly once"):
        rates.matched(["a"], ["a", "a"])


def test_a_lean_to_a_position_is_taken_off_before_pairs_are_won() -> None:
    """Odds that all favor the first answer: what differs between pairs decides, and noise of the order does not."""
    generator = np.random.default_rng(0)
    quality = np.repeat([2.0, -2.0, 0.0], 200)
    noise = generator.normal(0, 0.5, (2, 600))
    first, second = (1 / (1 + np.exp(-(quality + lean + each))) for lean, each in zip((3, -3), noise, strict=True))
    got = rates.outcomes(first, second)
    assert (first > 0.5).mean() > 0.9
    assert got[:200].mean() > 0.97
    assert got[200:400].mean() < -0.97
    assert (got[400:] == 0).mean() > 0.4
    assert abs(got[400:].mean()) < 0.12


def test_verdicts_without_odds_stay_as_they_are() -> None:
    first, second = np.array([1, 1, 0, 0, 0.5, 1]), np.array([1, 0, 1, 0, 0.5, 0.5])
    assert rates.outcomes(first, second).tolist() == [1, 0, 0, -1, 0, 0]
