"""Win rates of a model over judged pairs, with what biases them beside them.

A preference is in [0, 1]: 1 if the model's answer is better, 0 if the other one is, 1/2 for a tie, and anything between
for a judge that is not sure. Each pair should be judged in both orders; what changes with the order is the judge's.

Shapes: N pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from eval_suites.statistics import intervals
from eval_suites.statistics.intervals import LEVEL, Estimate, Floats

_LEAST_CHANCE = 1e-9  # of a verdict, so that its log-odds are finite


@dataclass(frozen=True, slots=True)
class Order:
    """What a judge's verdicts owe to the order of the answers, from pairs that were judged in both."""

    pairs: int
    flips: Estimate  # share of pairs whose winner changes with the order
    first: Estimate  # how often the first answer wins, over both orders; 1/2 without a lean


def win_rate(preferences_N: Floats, level: float = LEVEL) -> Estimate:
    """Returns the mean preference with its interval. Raises ValueError for no pairs, or a preference outside [0, 1]."""
    rate = intervals.mean(_checked(preferences_N), level=level)
    return replace(rate, low=max(rate.low, 0.0), high=min(rate.high, 1.0))


def order(as_first_N: Floats, as_second_N: Floats, level: float = LEVEL) -> Order:
    """Compares a model's preferences where its answer stood first with those where it stood second."""
    as_first_N, as_second_N = _checked(as_first_N), _checked(as_second_N)
    if len(as_first_N) != len(as_second_N):
        raise ValueError(f"{len(as_first_N)} pairs in one order and {len(as_second_N)} in the other: all need both")
    winner_changes = np.sign(as_first_N - 0.5) != np.sign(as_second_N - 0.5)
    first_wins = (as_first_N + 1 - as_second_N) / 2
    flips = intervals.mean(winner_changes.astype(np.float64), level=level)
    return Order(len(as_first_N), flips, intervals.mean(first_wins, level=level))


def outcomes(as_first_N: Floats, as_second_N: Floats) -> npt.NDArray[np.int64]:
    """Returns 1 for each pair that the model wins in both orders, -1 for those that it loses in both, 0 for ties.

    A judge that says how sure it is has a lean to one position, by which all its odds are off. So the lean is taken off
    first: half the median difference of the log-odds of both orders. Verdicts that are only won, lost or tied have no
    odds, and stay as they are.
    """
    as_first_N, as_second_N = _checked(as_first_N), _checked(as_second_N)
    plain = np.isin(np.concatenate([as_first_N, as_second_N]), (0.0, 0.5, 1.0)).all()
    if plain:
        first_N, second_N = as_first_N - 0.5, as_second_N - 0.5
    else:
        first_N, second_N = (special.logit(np.clip(one, _LEAST_CHANCE, 1 - _LEAST_CHANCE))
                             for one in (as_first_N, as_second_N))  # fmt: skip
        lean = float(np.median(first_N - second_N)) / 2
        first_N, second_N = first_N - lean, second_N + lean
    won, lost = (first_N > 0) & (second_N > 0), (first_N < 0) & (second_N < 0)
    return won.astype(np.int64) - lost.astype(np.int64)


def always_longer(lengths_N: Floats, other_lengths_N: Floats, preferences_N: Floats) -> float:
    """Returns how often a judge that always prefers the longer answer would agree with the preferences: what a judge
    has to beat. Ties of either side count half."""
    longer = (np.sign(np.asarray(lengths_N) - np.asarray(other_lengths_N)) + 1) / 2
    won = (np.sign(_checked(preferences_N) - 0.5) + 1) / 2
    return float(np.mean(np.where((longer == 0.5) | (won == 0.5), 0.5, longer == won)))


def matched(ours: Sequence[str], theirs: Sequence[str]) -> list[int]:
    """Returns the place of each of our prompts among theirs. Raises ValueError for a prompt that is there not exactly
    once: a pair that is lost would change a win rate without a word."""
    places: dict[str, list[int]] = {}
    for i, prompt in enumerate(theirs):
        places.setdefault(prompt, []).append(i)
    unmatched = [prompt for prompt in ours if len(places.get(prompt, [])) != 1]
    if unmatched:
        raise ValueError(
            f"{len(unmatched)} of {len(ours)} prompts are not exactly once among the others: {unmatched[0][:60]!r}, ..."
        )
    return [places[prompt][0] for prompt in ours]


def _checked(preferences_N: Floats) -> Floats:
    preferences_N = np.asarray(preferences_N, np.float64)
    if np.isnan(preferences_N).any():
        raise ValueError(f"{int(np.isnan(preferences_N).sum())} of {len(preferences_N)} pairs have no preference")
    if len(preferences_N) and not (preferences_N.min() >= 0 and preferences_N.max() <= 1):
        raise ValueError("a preference is between 0 (the other answer) and 1 (the model's)")
    return preferences_N
