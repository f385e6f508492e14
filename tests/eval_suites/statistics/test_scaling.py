"""Signs at the next size: foreseen as often as they hold. Laws: planted ones are found again."""

import numpy as np
import pytest

from eval_suites.statistics.scaling import change, holds, law


@pytest.mark.parametrize("walk", [0.0, 0.5, 2.0])
def test_a_sign_holds_as_often_as_foreseen(walk: float) -> None:
    generator = np.random.default_rng(int(walk * 10))
    foreseen, held = [], []
    for _ in range(300):
        errors = np.full((3, 40), 0.3)
        truth = generator.normal(0, 1, 40) + np.cumsum(generator.normal(0, walk, (4, 40)), axis=0)
        measured = truth[:3] + generator.normal(0, 0.3, (3, 40))
        changes = change(measured, errors)
        foreseen.append(holds(measured[-1], errors[-1], changes))
        held.append(np.sign(measured[-1]) == np.sign(truth[3]))
    foreseen_all, held_all = np.concatenate(foreseen), np.concatenate(held)
    assert foreseen_all.mean() == pytest.approx(held_all.mean(), abs=0.04)
    sure = foreseen_all > 0.9
    assert held_all[sure].mean() == pytest.approx(foreseen_all[sure].mean(), abs=0.05)


def test_change_is_what_is_beyond_the_error() -> None:
    generator = np.random.default_rng(1)
    steady = generator.normal(0, 1, 400) + generator.normal(0, 0.5, (2, 400))
    assert change(steady, np.full((2, 400), 0.5)) < 0.25
    walking = np.cumsum(generator.normal(0, 1, (2, 4000)), axis=0)
    assert change(walking, np.zeros((2, 4000))) == pytest.approx(1, abs=0.05)
    assert change(np.ones((1, 5)), np.ones((1, 5))) == 0
    assert holds(np.array([0.0, 1.0, -1.0]), np.zeros(3), 0.0).tolist() == [0.5, 1, 1]


def test_a_planted_law_is_found_and_foresees_larger_models() -> None:
    generator, held = np.random.default_rng(2), 0
    compute = np.repeat(np.array([1e15, 4e15, 1.6e16, 6.4e16]), 3)

    def truth(c: np.ndarray | float) -> np.ndarray | float:
        return 1.2 + 900 * np.asarray(c) ** -0.18

    exact = law(compute, np.asarray(truth(compute)))
    assert (exact.floor, exact.exponent) == pytest.approx((1.2, 0.18), rel=0.05)
    for i in range(16):
        fitted = law(compute, truth(compute) + generator.normal(0, 0.01, 12), seed=i)
        value, low, high = fitted.at(1e18)
        held += low <= truth(1e18) <= high
        assert low <= value <= high or high - low < 0.2
    assert held >= 11  # 95% in large samples; three runs of a size are few


def test_a_law_is_not_below_zero_and_needs_three_sizes() -> None:
    compute = np.array([1e15, 1e16, 1e17])
    steep = law(compute, np.array([5.0, 1.0, 0.2]))
    assert steep.floor >= 0
    assert steep.at(1e20)[0] >= 0
    flat = law(compute, np.array([2.0, 2.0, 2.0]))
    assert flat.at(1e20)[0] == pytest.approx(2)
    with pytest.raises(ValueError, match="3 sizes, not 2"):
        law(np.array([1e15, 1e16, 1e16]), np.ones(3))
