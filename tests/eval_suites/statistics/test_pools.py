"""Numbers over a pool of models: HELM's by brute force, Bradley-Terry by likelihood, ranks by what was planted."""

import numpy as np
import pytest
from scipy import optimize

from eval_suites.statistics import pools

SCORES = np.array([[0.6, 0.5, 0.9], [0.6, 0.4, 0.7], [0.2, 0.8, np.nan], [0.1, 0.1, 0.1]])


def test_mean_win_rate_counts_beaten_models() -> None:
    rates = []
    for i in range(4):
        of_task = []
        for t in range(3):
            others = [SCORES[j, t] for j in range(4) if j != i and not np.isnan(SCORES[j, t])]
            if not np.isnan(SCORES[i, t]):
                of_task.append(np.mean([1.0 if SCORES[i, t] > o else 0.5 if SCORES[i, t] == o else 0 for o in others]))
        rates.append(np.mean(of_task))
    assert pools.mean_win_rate(SCORES) == pytest.approx(np.array(rates))


def test_mean_rank_shares_ranks_of_ties() -> None:
    assert pools.mean_rank(SCORES) == pytest.approx(
        np.array([(1.5 + 2 + 1) / 3, (1.5 + 3 + 2) / 3, (3 + 1) / 2, (4 + 4 + 3) / 3])
    )


def test_a_third_model_moves_win_rates_and_not_the_headline() -> None:
    two = np.array([[0.6, 0.3], [0.5, 0.4]])
    three = np.vstack([two, [0.55, 0.1]])
    assert pools.mean_win_rate(two)[0] == 0.5
    assert pools.mean_win_rate(three)[0] == 0.75
    baselines = {"mmlu": 0.25}
    headlines = [pools.headline(dict(zip(("mmlu", "gsm8k"), row, strict=True)), baselines) for row in three]
    assert headlines[:2] == pytest.approx([((0.6 - 0.25) / 0.75 + 0.3) / 2, ((0.5 - 0.25) / 0.75 + 0.4) / 2])


def test_bradley_terry_maximizes_the_likelihood() -> None:
    wins = np.array([[0, 8, 5.5], [2, 0, 6], [4.5, 4, 0]])

    def minus_likelihood(free: np.ndarray) -> float:
        logs = np.concatenate([free, [-free.sum()]])
        gaps = logs[:, None] - logs[None, :]
        return float((wins * np.log1p(np.exp(-gaps))).sum())

    best = optimize.minimize(minus_likelihood, np.zeros(2), tol=1e-12).x
    got = pools.bradley_terry(wins, prior=0.0)
    assert got == pytest.approx(np.concatenate([best, [-best.sum()]]), abs=1e-5)


def test_bradley_terry_is_finite_for_a_model_that_always_wins() -> None:
    got = pools.bradley_terry(pools.wins(np.array([[0.9, 0.9], [0.1, 0.2]])))
    assert np.isfinite(got).all()
    assert got[0] > 0 > got[1]


def test_wins_count_ties_half_and_leave_out_what_is_missing() -> None:
    assert pools.wins(SCORES)[0].tolist() == [0.0, 2.5, 1.0, 3.0]
    assert pools.wins(SCORES)[2].tolist() == [1.0, 1.0, 0.0, 2.0]


def test_places_say_which_ranks_the_data_support() -> None:
    """Two equal models, and one that is far worse."""
    generator = np.random.default_rng(0)
    items = []
    for _ in range(3):
        difficulty = generator.random(400)
        items.append(np.stack([(generator.random(400) < difficulty * one).astype(float) for one in (1.0, 1.0, 0.4)]))
    got = pools.places(items, ["a", "b", "worse"])
    assert got["worse"] == pools.Place(3, 3, 3, 2)
    assert {got["a"].rank, got["b"].rank} == {1, 2}
    assert got["a"].group == got["b"].group == 1
    assert (got["a"].best, got["a"].worst, got["b"].best, got["b"].worst) == (1, 2, 1, 2)


def test_one_item_supports_no_rank() -> None:
    got = pools.places([np.array([[1.0], [0.0]]), np.array([[1.0] * 300, [0.0] * 300])], ["a", "b"])
    assert [(got[name].rank, got[name].best, got[name].worst) for name in "ab"] == [(1, 1, 2), (2, 1, 2)]
    assert got["b"].group == 1


def test_groups_of_one_task_use_the_paired_test() -> None:
    a = np.array([1.0] * 174 + [0.0] * 46)
    b = np.concatenate([np.ones(150), np.zeros(24), np.ones(8), np.zeros(38)])
    got = pools.places([np.stack([a, b])], ["a", "b"])
    assert (got["a"].group, got["b"].group) == (1, 2)


def test_many_items_take_a_shorter_way_to_the_same_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    difficulty = generator.random(1500)
    items = [np.stack([(generator.random(1500) < difficulty * one).astype(float) for one in (1.0, 0.97, 0.9)])]
    drawn = pools.places(items, ["a", "b", "c"])
    spread = pools._resampled(items[0], np.random.default_rng(0)).std(1)
    monkeypatch.setattr(pools, "_MANY", 100)
    assert pools.places(items, ["a", "b", "c"]) == drawn
    assert pools._resampled(items[0], np.random.default_rng(0)).std(1) == pytest.approx(spread, rel=0.1)


def test_ranks_of_equal_models_cover_the_truth() -> None:
    """Five equal models: the best of them is not claimed to be first for certain."""
    generator = np.random.default_rng(1)
    certain = 0
    for _ in range(40):
        got = pools.places([(generator.random((5, 200)) < 0.5).astype(float)], list("abcde"), seed=1)
        certain += any(one.best == one.worst for one in got.values())
        assert all(one.best <= one.rank <= one.worst for one in got.values())
    assert certain <= 4
