"""Where the spread of scores comes from: seeds, prompt formats, checkpoints, and the rest.

Crossed random effects by Henderson's third method, with any cells missing: what a factor adds to the fit of all other
factors depends on its variance and on that of the rest alone. On a full grid this is the analysis of variance.
Source: Henderson 1953, Biometrics 9:226; Searle, Casella and McCulloch 1992, Variance Components, section 5.5.

Shapes: N scores, F factors.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from eval_suites.statistics.intervals import Floats

REST = "rest"


def variance_components(scores_N: Floats, factors: Mapping[str, Sequence[object]]) -> dict[str, float]:
    """Returns the variance that each factor adds to a score, and that of the rest; never below 0.

    `factors` has the level of each score, such as its seed. Raises ValueError for a factor with fewer than two levels.
    """
    scores_N = np.asarray(scores_N, np.float64)
    members = {name: _members(name, levels) for name, levels in factors.items()}
    constant = np.ones((len(scores_N), 1))

    every = np.hstack([constant, *members.values()])
    freedom = len(scores_N) - int(np.linalg.matrix_rank(every))
    left = float((_residuals(every, scores_N) ** 2).sum())
    rest = left / freedom if freedom else 0.0

    variances = {}
    for name, of_factor in members.items():
        others = np.hstack([constant, *(one for other, one in members.items() if other != name)])
        added = float((_residuals(others, scores_N) ** 2).sum()) - left
        rank = int(np.linalg.matrix_rank(every)) - int(np.linalg.matrix_rank(others))
        times = float((_residuals(others, of_factor) ** 2).sum())  # the factor's variance in that sum
        variances[name] = max((added - rank * rest) / times, 0.0) if rank else 0.0
    return variances | {REST: rest}


def _members(name: str, levels: Sequence[object]) -> Floats:
    """Returns (N, levels): 1 where a score has a level."""
    kinds, codes = np.unique(np.array([str(one) for one in levels]), return_inverse=True)
    if len(kinds) < 2:
        raise ValueError(f"factor {name!r} has {len(kinds)} level; a variance needs two or more")
    return np.eye(len(kinds))[codes]


def _residuals(known: Floats, values: Floats) -> Floats:
    """Returns what the columns of `known` do not explain of some values."""
    solved, *_ = np.linalg.lstsq(known, values, rcond=None)
    return np.asarray(values - known @ solved)
