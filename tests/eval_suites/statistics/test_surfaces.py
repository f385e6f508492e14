"""Surfaces over mixtures: planted prices are found, error bars hold new runs, and the best mixture is near the truth."""

import numpy as np
import pytest

from eval_suites.statistics.surfaces import best, fit, sample

CENTER = np.array([0.4, 0.3, 0.2, 0.1])
PRICES = np.array([2.0, 2.6, 2.3, 4.0])  # the last group is noise


def linear(weights: np.ndarray) -> np.ndarray:
    return np.asarray(weights @ PRICES)


def curved(weights: np.ndarray) -> np.ndarray:
    """The first two groups help each other: best at half of each."""
    return np.asarray(linear(weights) - 2.5 * weights[:, 0] * weights[:, 1])


def test_weights_are_shares_around_the_mixture() -> None:
    weights = sample(CENTER * 7, 200, seed=1)
    assert weights.shape == (200, 4)
    assert weights[0] == pytest.approx(CENTER)
    assert weights.sum(1) == pytest.approx(1)
    assert weights.mean(0) == pytest.approx(CENTER, abs=0.06)
    assert ((weights == 0) | (weights >= 0.004)).all()
    assert (weights.max(0) > 0.5).sum() >= 3  # far from the mixture, too
    assert weights == pytest.approx(sample(CENTER, 200, seed=1))


def diminishing(weights: np.ndarray) -> np.ndarray:
    """The first share of a group is worth most."""
    return np.asarray(2.0 - np.log(weights + 0.1) @ np.array([0.3, 0.2, 0.1, 0.0]))


@pytest.mark.parametrize(("truth", "kind"), [(linear, "linear"), (diminishing, "diminishing"), (curved, "quadratic")])
def test_the_kind_of_the_truth_is_chosen_and_its_error_bars_hold_new_runs(truth, kind: str) -> None:  # type: ignore[no-untyped-def]
    generator, kinds, held, bars, surfaces = np.random.default_rng(0), [], [], [], []
    for round_ in range(20):
        weights = sample(CENTER, 40, seed=round_)
        values = truth(weights) + generator.normal(0, 0.03, 40)
        surface = fit(weights, values)[0]
        kinds.append(surface.kind)
        surfaces.append(surface)
        new = sample(CENTER, 60, seed=1000 + round_)
        mean, half = surface.predict(new)
        held += (np.abs(truth(new) + generator.normal(0, 0.03, 60) - mean) <= half).tolist()
        bars.append(half.mean())
    assert kinds.count(kind) > 0.7 * len(kinds)
    assert 0.9 <= np.mean(held) <= 0.99
    assert np.mean(bars) < 0.12
    assert np.median([one.explained for one in surfaces]) > 0.8
    assert np.median([one.left_out_rank for one in surfaces]) > 0.8
    assert 0.02 < np.median([one.left_out_error for one in surfaces]) < 0.08


def test_the_best_mixture_is_near_the_truth_and_leaves_noise_out() -> None:
    generator = np.random.default_rng(1)
    weights = sample(CENTER, 60)
    surface = fit(weights, curved(weights) + generator.normal(0, 0.02, 60))[0]
    found = best(surface, weights)
    assert found.sum() == pytest.approx(1)
    assert found[3] < 0.03
    grid = np.random.default_rng(2).dirichlet(np.ones(4), 20_000)
    assert curved(found[None])[0] < np.quantile(curved(grid), 0.01)
    worst = best(surface, weights, less_is_better=False)
    assert worst[3] > 0.3


def test_trees_foresee_steps_that_polynomials_do_not() -> None:
    generator = np.random.default_rng(3)
    weights = sample(np.ones(3), 150, seed=2)
    values = np.where(weights[:, 0] > 0.3, 2.0, 3.0) + np.where(weights[:, 1] > 0.4, 0.5, 0.0)
    surfaces = fit(weights, values + generator.normal(0, 0.02, 150))
    assert surfaces[0].kind == "boosted"
    new = sample(np.ones(3), 200, seed=5)
    truth = np.where(new[:, 0] > 0.3, 2.0, 3.0) + np.where(new[:, 1] > 0.4, 0.5, 0.0)
    mean, half = surfaces[0].predict(new)
    assert (np.abs(truth - mean) <= half).mean() > 0.9


def test_nothing_is_foreseen_of_chance() -> None:
    generator = np.random.default_rng(4)
    weights = sample(CENTER, 50)
    assert max(one.explained for one in fit(weights, generator.normal(2, 0.1, 50))) < 0.2


def test_too_few_runs_and_weights_that_are_none() -> None:
    with pytest.raises(ValueError, match="5 runs are too few for 4 groups; a surface needs 7"):
        fit(sample(CENTER, 5), np.zeros(5))
    with pytest.raises(ValueError, match="weights of a run are shares"):
        fit(np.ones((9, 3)), np.zeros(9))
    assert {one.kind for one in fit(sample(CENTER, 8), np.arange(8.0))} == {"linear", "diminishing", "boosted"}
