"""From small models to larger ones: does a ranking hold at the next size, and what will the loss be?

A difference between two ways to train changes with size. How much it changed between the sizes that were trained,
beyond the error of measuring it, is how much it may change on the way to the next one (a random walk over sizes). So
the chance that its sign holds is that of a normal variable around it, as wide as its error and that change together.

A loss falls with compute as a power: L = E + A · C^-α. For each α, the least squares of E and A are solved with both at
least 0, and the best α is taken. Intervals: runs are drawn again within each size, and the fit is made anew.

Sources: Magnusson et al. 2025, DataDecide, arXiv:2504.11393 (signs at larger sizes); Hoffmann et al. 2022,
arXiv:2203.15556, section 3.3 (the law).

Shapes: K sizes, the smallest first; D differences; R runs.
"""

from dataclasses import dataclass

import numpy as np

from eval_suites.statistics.intervals import LEVEL, Floats

_ALPHAS = np.geomspace(0.01, 1.5, 120)
_RESAMPLES = 200
_SIZES = 3  # that a law needs


def change(differences_KD: Floats, errors_KD: Floats) -> float:
    """Returns how much a difference changes from size to size (a standard deviation), beyond its error; 0 if not more.
    Differences are to be in comparable units."""
    steps = np.diff(np.asarray(differences_KD, np.float64), axis=0)
    errors = np.asarray(errors_KD, np.float64)
    of_error = errors[1:] ** 2 + errors[:-1] ** 2
    return float(max((steps**2 - of_error).mean(), 0.0) ** 0.5) if steps.size else 0.0


def holds(differences_D: Floats, errors_D: Floats, changes: float) -> Floats:
    """Returns the chance (D,) that each difference has the same sign at the next size."""
    from scipy import special

    width = np.sqrt(np.asarray(errors_D, np.float64) ** 2 + changes**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(differences_D) / width
    return np.asarray(np.where(width > 0, special.ndtr(z), np.where(np.asarray(differences_D) == 0, 0.5, 1.0)))


@dataclass(frozen=True, slots=True)
class Law:
    """A loss as it falls with compute."""

    floor: float  # E
    factor: float  # A
    exponent: float  # α
    resampled: tuple[tuple[float, float, float], ...]  # the same of runs that were drawn again

    def at(self, compute: float, level: float = LEVEL) -> tuple[float, float, float]:
        """Returns (loss, low, high) at some FLOPs. No interval says that the law holds beyond what was trained."""
        several = [floor + factor * compute**-exponent for floor, factor, exponent in self.resampled]
        low, high = np.quantile(several, [(1 - level) / 2, (1 + level) / 2])
        return self.floor + self.factor * compute**-self.exponent, float(low), float(high)


def law(compute_R: Floats, losses_R: Floats, seed: int = 0) -> Law:
    """Fits the law to runs of several sizes. Raises ValueError for fewer than three sizes."""
    compute_R, losses_R = np.asarray(compute_R, np.float64), np.asarray(losses_R, np.float64)
    sizes, of = np.unique(compute_R, return_inverse=True)
    if len(sizes) < _SIZES:
        raise ValueError(f"a law needs runs of {_SIZES} sizes, not {len(sizes)}")
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(of == i) for i in range(len(sizes))]
    resampled = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate([generator.choice(one, len(one)) for one in members])
        resampled.append(_fit(compute_R[rows], losses_R[rows]))
    return Law(*_fit(compute_R, losses_R), tuple(resampled))


def _fit(compute_R: Floats, losses_R: Floats) -> tuple[float, float, float]:
    middle = float(np.exp(np.log(compute_R).mean()))  # so that numbers are near 1
    best, found = np.inf, (0.0, 0.0, 0.0)
    mean = losses_R.mean()
    for alpha in _ALPHAS:
        x = (compute_R / middle) ** -alpha
        spread = ((x - x.mean()) ** 2).sum()
        factor = max(float(((x - x.mean()) * (losses_R - mean)).sum() / spread), 0.0) if spread else 0.0
        floor = mean - factor * x.mean()
        if floor < 0:
            factor, floor = float((x * losses_R).sum() / (x * x).sum()), 0.0
        error = float(((losses_R - floor - factor * x) ** 2).sum())
        if error < best:
            best, found = error, (float(floor), factor * middle**alpha, float(alpha))
    return found
