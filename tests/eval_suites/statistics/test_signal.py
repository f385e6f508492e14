"""Signal and noise of planted curves."""

import numpy as np
import pytest

from eval_suites.statistics.signal import CAN_DECIDE, of_models, of_run


def test_a_rising_task_can_decide_and_a_flat_one_cannot() -> None:
    generator = np.random.default_rng(0)
    rising = np.linspace(0.2, 0.6, 12) + generator.normal(0, 0.02, 12)
    flat = 0.25 + generator.normal(0, 0.02, 12)
    assert of_run(rising).ratio > 10
    assert of_run(flat).ratio < CAN_DECIDE < of_run(rising[::-1]).ratio
    assert of_run(np.full(5, 0.3)).ratio == 0.0


def test_noise_around_a_trend_is_what_was_planted() -> None:
    generator = np.random.default_rng(1)
    got = [of_run(np.linspace(0, 1, 40) + generator.normal(0, 0.05, 40)).noise for _ in range(300)]
    assert np.mean(got) == pytest.approx(0.05, rel=0.03)


def test_pure_noise_decides_rarely() -> None:
    generator = np.random.default_rng(2)
    assert np.mean([of_run(generator.normal(0, 1, 12)).ratio > CAN_DECIDE for _ in range(500)]) < 0.05


def test_models_against_checkpoints() -> None:
    got = of_models(np.array([0.3, 0.4, 0.5]), np.array([0.30, 0.32, 0.31]))
    assert (got.signal, got.noise) == pytest.approx((0.2, 0.01))
    with pytest.raises(ValueError, match="two models"):
        of_models(np.array([0.3]), np.array([0.3, 0.4]))
    with pytest.raises(ValueError, match="three checkpoints"):
        of_run(np.array([0.3, 0.4]))
