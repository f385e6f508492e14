"""Confidence sequences: at any time they miss the truth as rarely as they say; ordinary intervals do not."""

from itertools import pairwise

import numpy as np
import pytest

from eval_suites.statistics.intervals import wilson
from eval_suites.statistics.sequential import ConfidenceSequence


@pytest.mark.parametrize("kind", ["even", "rare", "differences"])
def test_the_truth_is_missed_as_rarely_as_stated(kind: str) -> None:
    generator = np.random.default_rng(0)
    missed, rounds, n = 0, 300, 400
    for _ in range(rounds):
        low, truth = 0.0, 0.5
        scores = (generator.random(n) < 0.5).astype(float)
        if kind == "rare":
            scores, truth = (generator.random(n) < 0.03).astype(float), 0.03
        if kind == "differences":
            scores, low, truth = generator.choice([-1.0, 0.0, 1.0], n, p=[0.1, 0.7, 0.2]), -1.0, 0.1
        sequence = ConfidenceSequence(low)
        sequence.add_all(scores)
        lower, upper = sequence.interval  # it only shrinks, so the last one shows all misses
        missed += not lower <= truth <= upper
    assert missed / rounds <= 0.07


def test_an_ordinary_interval_that_is_looked_at_all_the_time_misses_more() -> None:
    generator = np.random.default_rng(1)
    missed = 0
    for _ in range(200):
        sums = np.cumsum(generator.random(400) < 0.5)
        missed += any(not wilson(sums[i], i + 1)[0] <= 0.5 <= wilson(sums[i], i + 1)[1] for i in range(20, 400, 5))
    assert missed / 200 > 0.12


def test_it_settles_a_difference_that_is_there() -> None:
    generator = np.random.default_rng(2)
    taken = []
    for _ in range(30):
        sequence = ConfidenceSequence(-1.0)
        for score in generator.choice([-1.0, 0.0, 1.0], 5000, p=[0.05, 0.75, 0.2]):
            sequence.add(score)
            if sequence.interval[0] > 0:
                break
        taken.append(sequence.n)
    assert np.median(taken) < 500
    assert max(taken) < 2000


def test_intervals_shrink_and_hold_the_mean_in_the_end() -> None:
    sequence = ConfidenceSequence()
    widths = []
    for i in range(2000):
        sequence.add(float(i % 3 == 0))
        widths.append(sequence.interval[1] - sequence.interval[0])
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(widths))
    assert widths[-1] < 0.12
    assert sequence.interval[0] < 1 / 3 < sequence.interval[1]


def test_mistakes() -> None:
    with pytest.raises(ValueError, match=r"score 2.0 is not in \[0.0, 1.0\]"):
        ConfidenceSequence().add(2.0)
    with pytest.raises(ValueError, match="the first must be less"):
        ConfidenceSequence(1.0, 0.0)
    assert ConfidenceSequence(-1.0).interval == (-1.0, 1.0)
