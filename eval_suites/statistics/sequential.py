"""Intervals that hold at every moment, so that scoring may stop as soon as a comparison is settled.

An ordinary interval that is looked at after each item misses the truth far more often than it says. A confidence
sequence misses it at any time at most as often as it says. For each possible mean m, a gambler bets that the scores are
above m, and another that they are below; if m is true, neither can expect to gain. The interval is the set of all means
against which neither has made 2 / (1 - level) times the stake.

Source: Waudby-Smith and Ramdas 2024, JRSS B 86:1, arXiv:2010.09686, section 4 (hedged capital, plug-in bets).

Shapes: K possible means.
"""

import math

import numpy as np

from eval_suites.statistics.intervals import LEVEL, Floats

_MEANS = 2001  # possible means that are kept
_MOST = 0.5  # of the largest bet that cannot go bankrupt: less is safer against rare scores


class ConfidenceSequence:
    """The interval of the mean of scores in [low, high], after each item. Items come in an order that does not depend
    on their scores."""

    def __init__(self, low: float = 0.0, high: float = 1.0, level: float = LEVEL) -> None:
        if not low < high:
            raise ValueError(f"scores lie between {low} and {high}; the first must be less")
        self.n = 0
        self._low, self._width, self._error = low, high - low, 1 - level
        self._means_K = np.linspace(0.0, 1.0, _MEANS)
        self._up_K, self._down_K = np.zeros(_MEANS), np.zeros(_MEANS)  # log capital of both gamblers
        self._possible_K = np.ones(_MEANS, bool)
        self._sum, self._squares = 0.0, 0.0

    def add(self, score: float) -> None:
        """Takes one more score."""
        x = (score - self._low) / self._width
        if not -1e-9 <= x <= 1 + 1e-9:
            raise ValueError(f"score {score} is not in [{self._low}, {self._low + self._width}]")
        bet = self._bet()
        means_K = self._means_K
        with np.errstate(divide="ignore"):
            up_K = np.minimum(bet, _MOST / np.maximum(means_K, 1e-12))
            down_K = np.minimum(bet, _MOST / np.maximum(1 - means_K, 1e-12))
            self._up_K += np.log1p(up_K * (x - means_K))
            self._down_K += np.log1p(-down_K * (x - means_K))
        self._possible_K &= np.maximum(self._up_K, self._down_K) < math.log(2 / self._error)
        self.n += 1
        self._sum += x
        self._squares += (x - self._mean()) ** 2

    def add_all(self, scores: Floats) -> None:
        """Takes several scores, one after the other."""
        for score in scores:
            self.add(float(score))

    @property
    def interval(self) -> tuple[float, float]:
        """The interval so far: it only shrinks."""
        possible = np.flatnonzero(self._possible_K)
        if not len(possible):  # the scores have drifted: no mean fits all of them
            middle = self._low + self._width * self._sum / max(self.n, 1)
            return middle, middle
        step = 1 / (_MEANS - 1)  # means between two points of the grid are possible if one of them is
        low, high = self._means_K[possible[0]] - step, self._means_K[possible[-1]] + step
        return self._low + self._width * max(low, 0.0), self._low + self._width * min(high, 1.0)

    def _mean(self) -> float:
        return (self._sum + 0.5) / (self.n + 1)

    def _bet(self) -> float:
        """Returns the size of the next bet, from the scores before it."""
        variance = (self._squares + 0.25) / (self.n + 1)
        n = self.n + 1
        return math.sqrt(2 * math.log(2 / self._error) / (variance * n * math.log(n + 1)))
