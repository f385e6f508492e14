"""The stated number of items finds a difference as often as stated."""

import numpy as np
import pytest

from eval_suites.statistics.paired import mcnemar
from eval_suites.statistics.power import items_needed, minimum_detectable, spread_of_binary


def test_both_directions_agree() -> None:
    n = items_needed(0.4, 0.02)
    assert minimum_detectable(0.4, n) == pytest.approx(0.02, rel=1e-3)
    assert items_needed(0.4, 0.02) == pytest.approx((1.959964 + 0.841621) ** 2 * 400, abs=1)
    with pytest.raises(ValueError, match="no number of items"):
        items_needed(0.4, 0.0)


def test_the_power_is_as_stated() -> None:
    spread = spread_of_binary(0.2, 0.04)
    n = items_needed(spread, 0.04)
    counts = np.random.default_rng(0).multinomial(n, [0.5, 0.08, 0.12, 0.3], size=3000)
    found = np.mean([mcnemar(int(one[1]), int(one[2])) < 0.05 for one in counts])
    assert found == pytest.approx(0.8, abs=0.03)
