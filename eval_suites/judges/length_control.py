"""The win rate that a model would have if its answers were as long as the other's: AlpacaEval 2's.

Judges like long answers. A logistic model of the preference has three terms: the model itself, the difference of
lengths, and the difficulty of the prompt:

    P(win) = sigmoid(model + length * tanh((len - len of other) / their standard deviation) + slope * difficulty)

The length-controlled rate is the mean of that with a length difference of 0. Without difficulties, which are known only
where many models were judged on the same prompts, the third term is missing.

Source: Dubois et al. 2024, arXiv:2404.04475, section 3.

Shapes: N pairs, C coefficients.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval_suites.statistics.intervals import LEVEL, Floats, quantile

_STEPS = 100
_RIDGE = 1e-4  # keeps the fit finite where a model always wins; far below what data say
_POOLED = 3  # models that are enough to know how much they differ
_LEAST_SPREAD = 1e-3  # variance of a term over models


@dataclass(frozen=True, slots=True)
class LengthControlled:
    """A length-controlled win rate, with what tells whether the fit can be believed."""

    value: float  # in [0, 1]
    low: float  # 95% interval, of the fit's coefficients
    high: float
    length: float  # coefficient of the length: above 0 if longer answers win
    length_low: float
    length_high: float
    explained: float  # share of the deviance that the terms explain, in [0, 1]
    converged: bool
    with_difficulty: bool
    n: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """The judged pairs of a model."""

    preferences_N: Floats  # in [0, 1]: 1 if the model's answer is better
    lengths_N: Floats  # characters of its answers
    other_lengths_N: Floats
    difficulties_N: Floats | None = None


def length_controlled(pairs: Pairs, level: float = LEVEL) -> LengthControlled:
    """Fits one model by itself. Raises ValueError for a pair that is not whole."""
    return _result(pairs, *_fitted(_design(pairs), pairs.preferences_N, _Prior.none(pairs)), level)


def all_length_controlled(several: Mapping[str, Pairs], level: float = LEVEL) -> dict[str, LengthControlled]:
    """Fits several models that one judge compared with the same other answers.

    What the judge makes of length and of difficulty is the judge's. So these terms are drawn to their mean over models,
    the more the less a model's own pairs say: empirical Bayes, DerSimonian and Laird 1986, Control. Clin. Trials 7:177.
    """
    if len(several) < _POOLED:
        return {name: length_controlled(pairs, level) for name, pairs in several.items()}
    alone = {name: _fitted(_design(one), one.preferences_N, _Prior.none(one)) for name, one in several.items()}
    n_terms = {len(coefficients) for coefficients, _, _ in alone.values()}
    if len(n_terms) > 1:
        raise ValueError("either all models have difficulties, or none has")
    prior = _Prior.of([(c, v) for c, v, _ in alone.values()])
    return {
        name: _result(one, *_fitted(_design(one), one.preferences_N, prior), level) for name, one in several.items()
    }


def from_coefficients(model: float, slope: float, difficulties_N: Floats) -> float:
    """Returns the length-controlled rate that published coefficients stand for."""
    return float(_sigmoid(model + slope * np.asarray(difficulties_N, np.float64)).mean())


@dataclass(frozen=True, slots=True)
class _Prior:
    """A normal prior of each coefficient."""

    mean_C: Floats
    precision_C: Floats

    @classmethod
    def none(cls, pairs: Pairs) -> "_Prior":
        n_terms = 2 if pairs.difficulties_N is None else 3
        return cls(np.zeros(n_terms), np.full(n_terms, _RIDGE))

    @classmethod
    def of(cls, fits: list[tuple[Floats, Floats]]) -> "_Prior":
        """Returns the spread of the shared terms over models, beyond what chance explains."""
        n_terms = len(fits[0][0])
        mean_C, precision_C = np.zeros(n_terms), np.full(n_terms, _RIDGE)
        for term in range(1, n_terms):
            values = np.array([coefficients[term] for coefficients, _ in fits])
            variances = np.array([covariance[term, term] for _, covariance in fits])
            weights = 1 / variances
            middle = (weights * values).sum() / weights.sum()
            beyond = (weights * (values - middle) ** 2).sum() - (len(values) - 1)
            between = max(beyond / (weights.sum() - (weights**2).sum() / weights.sum()), _LEAST_SPREAD)
            weights = 1 / (variances + between)
            mean_C[term], precision_C[term] = (weights * values).sum() / weights.sum(), 1 / between
        return cls(mean_C, precision_C)


def _design(pairs: Pairs) -> Floats:
    """Returns (N, C): one, the length term, and the difficulty."""
    gaps_N = np.asarray(pairs.lengths_N, np.float64) - np.asarray(pairs.other_lengths_N, np.float64)
    spread = gaps_N.std()
    terms = [np.ones_like(gaps_N), np.tanh(gaps_N / spread) if spread > 0 else np.zeros_like(gaps_N)]
    if pairs.difficulties_N is not None:
        terms.append(np.asarray(pairs.difficulties_N, np.float64))
    design_NC = np.stack(terms, 1)
    if np.isnan(design_NC).any() or np.isnan(pairs.preferences_N).any():
        raise ValueError("a pair without a preference, a length or a difficulty cannot be fitted")
    return design_NC


def _fitted(design_NC: Floats, preferences_N: Floats, prior: _Prior) -> tuple[Floats, Floats, bool]:
    """Returns (coefficients, their covariance, whether Newton's method has converged)."""
    coefficients_C, precision_CC, converged = prior.mean_C.copy(), np.diag(prior.precision_C), False
    for _ in range(_STEPS):
        chances_N = _sigmoid(design_NC @ coefficients_C)
        weights_N = chances_N * (1 - chances_N)
        hessian_CC = design_NC.T @ (weights_N[:, None] * design_NC) + precision_CC
        gradient_C = design_NC.T @ (preferences_N - chances_N) - precision_CC @ (coefficients_C - prior.mean_C)
        step_C = np.linalg.solve(hessian_CC, gradient_C)
        coefficients_C = coefficients_C + step_C
        if np.abs(step_C).max() < 1e-10:
            converged = True
            break
    # The sandwich: right also for preferences that are no coin flips.
    residuals_N = preferences_N - _sigmoid(design_NC @ coefficients_C)
    inverse_CC = np.linalg.inv(hessian_CC)
    meat_CC = design_NC.T @ ((residuals_N**2)[:, None] * design_NC)
    return coefficients_C, inverse_CC @ meat_CC @ inverse_CC, converged


def _result(
    pairs: Pairs, coefficients_C: Floats, covariance_CC: Floats, converged: bool, level: float
) -> LengthControlled:
    design_NC = _design(pairs)
    controlled_NC = design_NC.copy()
    controlled_NC[:, 1] = 0.0
    chances_N = _sigmoid(controlled_NC @ coefficients_C)
    value = float(chances_N.mean())

    z = quantile(level)
    slope_C = ((chances_N * (1 - chances_N))[:, None] * controlled_NC).mean(0)
    error = float(np.sqrt(slope_C @ covariance_CC @ slope_C))
    length, of_length = float(coefficients_C[1]), float(np.sqrt(covariance_CC[1, 1]))
    return LengthControlled(
        value, max(value - z * error, 0.0), min(value + z * error, 1.0), length, length - z * of_length,
        length + z * of_length, _explained(design_NC @ coefficients_C, pairs.preferences_N), converged,
        pairs.difficulties_N is not None, len(pairs.preferences_N),
    )  # fmt: skip


def _explained(logits_N: Floats, preferences_N: Floats) -> float:
    mean = float(np.clip(preferences_N.mean(), 1e-12, 1 - 1e-12))
    alone = _deviance(np.full_like(logits_N, np.log(mean / (1 - mean))), preferences_N)
    best = _deviance(_logit(np.clip(preferences_N, 1e-12, 1 - 1e-12)), preferences_N)
    return float((alone - _deviance(logits_N, preferences_N)) / (alone - best)) if alone > best else 0.0


def _deviance(logits_N: Floats, preferences_N: Floats) -> float:
    return float((np.logaddexp(0, logits_N) - preferences_N * logits_N).sum())


def _logit(shares_N: Floats) -> Floats:
    return np.asarray(np.log(shares_N / (1 - shares_N)))


def _sigmoid(logits_N: npt.NDArray[np.float64]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits_N)))
