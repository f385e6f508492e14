"""BFCL's averages, worked by hand from the rules of its leaderboard."""

import pytest

from eval_suites.tools.categories import CATEGORIES, Score, averages


def test_averages() -> None:
    scores = {
        "simple_python": Score(0.9, 400), "simple_java": Score(0.6, 100), "simple_javascript": Score(0.3, 50),
        "multiple": Score(0.8, 200), "parallel": Score(0.7, 200), "parallel_multiple": Score(0.5, 200), "irrelevance": Score(0.4, 240),
        "live_simple": Score(0.5, 100), "live_multiple": Score(0.25, 200), "live_parallel": Score(1.0, 10), "live_parallel_multiple": Score(0.0, 40),
        "live_irrelevance": Score(0.6, 884), "live_relevance": Score(0.75, 16),
    }  # fmt: skip
    assert set(scores) == set(CATEGORIES)
    got = averages(scores)
    assert got.simple == pytest.approx(0.6)  # each language counts as one
    assert got.non_live == pytest.approx((0.6 + 0.8 + 0.7 + 0.5) / 4)
    assert got.live == pytest.approx((50 + 50 + 10 + 0) / 350)  # each item counts as one
    assert got.irrelevance == pytest.approx(0.5)
    assert got.relevance == 0.75


def test_an_average_of_which_a_part_is_missing_is_none() -> None:
    got = averages({"simple_python": Score(1.0, 400), "multiple": Score(1.0, 200), "live_simple": Score(1.0, 9)})
    assert (got.simple, got.non_live, got.live, got.irrelevance, got.relevance) == (None, None, None, None, None)
