"""Variance components against the analysis of variance of a full grid, and against planted variances."""

import numpy as np
import pytest

from eval_suites.statistics.components import REST, variance_components


def test_a_full_grid_is_the_analysis_of_variance() -> None:
    generator = np.random.default_rng(0)
    grid = generator.normal(0, 1, (4, 6)) + generator.normal(0, 2, (4, 1)) + generator.normal(0, 3, (1, 6))
    rows, columns = np.indices(grid.shape)
    got = variance_components(grid.ravel(), {"seed": rows.ravel().tolist(), "format": columns.ravel().tolist()})

    of_rows = 6 * ((grid.mean(1) - grid.mean()) ** 2).sum() / 3
    of_columns = 4 * ((grid.mean(0) - grid.mean()) ** 2).sum() / 5
    rest = ((grid - grid.mean(1, keepdims=True) - grid.mean(0) + grid.mean()) ** 2).sum() / 15
    assert got == pytest.approx({"seed": (of_rows - rest) / 6, "format": (of_columns - rest) / 4, REST: rest})


def test_planted_variances_come_out_with_cells_missing() -> None:
    generator = np.random.default_rng(1)
    of_seed, of_format = generator.normal(0, 0.5, 60), generator.normal(0, 1.5, 60)
    seeds, formats = np.nonzero(generator.random((60, 60)) < 0.3)
    scores = of_seed[seeds] + of_format[formats] + generator.normal(0, 0.2, len(seeds))
    got = variance_components(scores, {"seed": seeds.tolist(), "format": formats.tolist()})
    assert got["seed"] == pytest.approx(np.var(of_seed, ddof=1), rel=0.1)
    assert got["format"] == pytest.approx(np.var(of_format, ddof=1), rel=0.1)
    assert got[REST] == pytest.approx(0.04, rel=0.1)


def test_a_factor_of_one_level_is_refused() -> None:
    with pytest.raises(ValueError, match="'seed' has 1 level"):
        variance_components(np.ones(3), {"seed": [1, 1, 1]})
