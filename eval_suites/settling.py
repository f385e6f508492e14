"""Scores as few items as a question needs: it stops when the answer is settled, and says how many items were saved.

Items come in a random order, some at a time. After each of them, two intervals that hold at every moment
(statistics.sequential) are up to date: that of the model's score, and, against another model, that of the difference
over the same items. A task is settled when the difference excludes 0, when an interval is as narrow as was asked for,
or when all items are taken. The error is shared among the tasks: all verdicts together are wrong in 1 of 20 cases at
most.

What earlier models scored on an item makes the intervals narrower, so that fewer items are needed. A new model finds
hard what others found hard. So what is expected of an item is taken off its score, and its mean over all items, which
is known, is put back: the mean stays, and the spread that was foreseen is gone (a control variate). How much of it is
taken off follows from the items before, so the intervals hold whatever the earlier models were. Items in an order by
their information (Fluid Benchmarking) would need fewer still, but the mean of chosen items is not that of all.

Scores that are no shares (bits per byte) have no such intervals; their tasks are scored whole.

Sources: Angelopoulos et al. 2023, arXiv:2301.09633 (predictions in place of answers); Hofmann et al. 2025,
arXiv:2509.11106 (Fluid Benchmarking).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval_suites.statistics.intervals import LEVEL
from eval_suites.statistics.sequential import ConfidenceSequence

# For some items of each task, the value of each item by the metric that counts; None for a score that is no share.
Ask = Callable[[Mapping[str, Sequence[int]]], Mapping[str, Mapping[int, float] | None]]

HALF_WIDTH = 0.05  # of the interval of a score, if nothing else was asked for
_PRIOR = 1.0  # sum of squares that keeps the first slopes small
_FIRST, _MOST, _GROWTH = 32, 512, 1.5  # items of a round


@dataclass(frozen=True, slots=True)
class Settled:
    """How a task ended."""

    items: tuple[int, ...]  # that were taken, in order
    of: int  # items of the task
    reason: str  # verdict, width or all items
    low: float | None  # always-valid interval of the score; None for a task that was scored whole
    high: float | None
    difference_low: float | None = None  # of the score minus that of the other model
    difference_high: float | None = None
    less_is_better: bool = False

    def turned(self) -> "Settled":
        """Returns the same where less is better: the verdict is the other one, the numbers stay."""
        return replace(self, less_is_better=True)

    @property
    def verdict(self) -> str:
        """better, worse or undecided, against the other model; '' without one."""
        if self.difference_low is None or self.difference_high is None:
            return ""
        if self.difference_low <= 0 <= self.difference_high:
            return "undecided"
        return "better" if (self.difference_low > 0) != self.less_is_better else "worse"


def settle(
    sizes: Mapping[str, int], ask: Ask, *, against: Mapping[str, Mapping[int, float]] | None = None,
    expected: Mapping[str, Mapping[int, float]] | None = None, half_width: float | None = None, seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Settled]:  # fmt: skip
    """Takes items of tasks of these sizes until each is settled. `against` has the other model's values of items,
    `expected` the mean of earlier models', as far as there are some."""
    if half_width is None and against is None:
        half_width = HALF_WIDTH
    own = 1 - (1 - level) / max(len(sizes), 1)
    expected = expected or {}
    tasks = {
        name: _Task(name, size, against, expected.get(name), half_width, own, seed) for name, size in sizes.items()
    }
    size = _FIRST
    while still_open := [one for one in tasks.values() if not one.reason]:
        wanted = {one.name: one.next(size) for one in still_open}
        values = ask(wanted)
        for one in still_open:
            one.take(wanted[one.name], values[one.name])
        size = min(int(size * _GROWTH), _MOST)
    return {name: one.settled() for name, one in tasks.items()}


class _Task:
    """A task with the items that are left."""

    def __init__(
        self, name: str, size: int, against: Mapping[str, Mapping[int, float]] | None,
        expected: Mapping[int, float] | None, half_width: float | None, level: float, seed: int,
    ) -> None:  # fmt: skip
        self.name, self.size, self._half_width = name, size, half_width
        self._others = None if against is None else against.get(name)  # None: scored whole
        possible = (
            np.arange(size) if self._others is None else np.array(sorted(set(self._others) & set(range(size))), int)
        )
        self._left = np.random.default_rng([seed, *name.encode()]).permutation(possible).tolist()
        self._taken: list[int] = []
        known = [expected[int(item)] for item in possible if int(item) in expected] if expected else []
        usual = sum(known) / len(known) if known else 0.0  # of items that no earlier model was asked
        foreseen = {int(item): (expected or {}).get(int(item), usual) for item in possible}
        self._score = _Foreseen(foreseen, 0.0, level)
        others = self._others or {}
        gaps = {item: value - others.get(item, 0.0) for item, value in foreseen.items()} if known else {}
        self._difference = _Foreseen(gaps, -1.0, level)
        self._is_share = True
        self.reason = "" if self._left else "all items"

    def next(self, n: int) -> list[int]:
        """Returns the next items; all of them, if the score is no share."""
        return self._left[:n] if self._is_share else list(self._left)

    def take(self, items: Sequence[int], values: Mapping[int, float] | None) -> None:
        """Takes the values of some items, until the task is settled."""
        self._left = self._left[len(items) :]
        if values is None or not all(0 <= values[item] <= 1 for item in items):
            self._is_share = False
        for item in items:
            self._taken.append(item)
            if self._is_share and values is not None:
                self._score.add(item, values[item])
                if self._others is not None:
                    self._difference.add(item, values[item] - self._others[item])
                if self._is_settled():
                    return
        if not self._left:
            self.reason = "all items"

    def settled(self) -> Settled:
        """Returns how it ended."""
        if not self._is_share:
            return Settled(tuple(self._taken), self.size, self.reason, None, None)
        difference = (None, None) if self._others is None else self._difference.interval
        return Settled(tuple(self._taken), self.size, self.reason, *self._score.interval, *difference)

    def _is_settled(self) -> bool:
        if self._others is not None:
            low, high = self._difference.interval
            if low > 0 or high < 0:
                self.reason = "verdict"
        else:
            low, high = self._score.interval
        if not self.reason and self._half_width is not None and (high - low) / 2 <= self._half_width:
            self.reason = "width"
        return bool(self.reason)


class _Foreseen:
    """The interval of a mean over all items, some of whose spread was foreseen. Scores lie between `low` and 1."""

    def __init__(self, foreseen: Mapping[int, float], low: float, level: float) -> None:
        mean = sum(foreseen.values()) / len(foreseen) if foreseen else 0.0
        self._off = {item: value - mean for item, value in foreseen.items()}
        above, below = max(self._off.values(), default=0.0), min(self._off.values(), default=0.0)
        self._low = low
        self._sequence = ConfidenceSequence(low - max(above, 0.0), 1.0 - min(below, 0.0), level)
        self._n, self._sum, self._products, self._squares = 0, 0.0, 0.0, _PRIOR

    def add(self, item: int, score: float) -> None:
        """Takes the score of an item."""
        off = self._off.get(item, 0.0)
        # The share that is taken off is the slope of the scores before: this one has no say in it.
        share = min(max(self._products / self._squares, 0.0), 1.0)
        self._sequence.add(score - share * off)
        self._n += 1
        self._sum += score
        self._products += (score - self._sum / self._n) * off
        self._squares += off * off

    @property
    def interval(self) -> tuple[float, float]:
        """The interval so far, as far as scores can lie."""
        low, high = self._sequence.interval
        return min(max(low, self._low), 1.0), min(max(high, self._low), 1.0)
