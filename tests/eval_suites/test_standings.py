"""Leaderboards over a lake whose items were planted."""

from pathlib import Path

import numpy as np
import pytest

import pomona.stages
from corpus.errors import UserError
from corpus.lake import Lake
from eval_suites import standings
from tests.eval_suites.planted import answers, plant


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    return Lake(tmp_path / "lake")


def test_the_leaderboard_groups_what_it_cannot_tell_apart(lake: Lake) -> None:
    good = answers(0, 0.7)
    almost = good.copy()
    almost[:3] = 1 - almost[:3]
    plant(lake, "good", {"x": good, "y": answers(4, 0.7)})
    plant(lake, "almost", {"x": almost, "y": answers(4, 0.7)})
    plant(lake, "bad", {"x": answers(5, 0.3), "y": answers(6, 0.3)})
    plant(lake, "other", {"z": answers(7, 0.9)}, suite="t")
    got = standings.leaderboard(lake, "s")
    assert {one.name for one in got[:2]} == {"good", "almost"}
    assert [one.rank for one in got] == [1, 2, 3]
    assert got[0].group == got[1].group == 1
    assert got[2].group == 2
    assert (got[2].best, got[2].worst) == (3, 3)
    headline = np.mean([(np.mean(one) - 0.25) / 0.75 for one in (answers(5, 0.3), answers(6, 0.3))])
    assert got[2].headline == pytest.approx(headline)
    assert [one.name for one in standings.leaderboard(lake)] == ["other"]
    with pytest.raises(UserError, match="unknown suite 'u'"):
        standings.leaderboard(lake, "u")


def test_a_third_model_does_not_move_a_headline(lake: Lake) -> None:
    plant(lake, "a", {"x": answers(0, 0.6)})
    plant(lake, "b", {"x": answers(1, 0.5)})
    before = {one.name: (one.headline, one.win_rate) for one in standings.leaderboard(lake)}
    plant(lake, "c", {"x": answers(2, 0.3)})
    after = {one.name: (one.headline, one.win_rate) for one in standings.leaderboard(lake)}
    assert [after[name][0] for name in "ab"] == [before[name][0] for name in "ab"]
    assert (before["b"][1], after["b"][1]) == (0.0, 0.5)  # the win rate does


def test_an_empty_lake_has_an_empty_board(lake: Lake) -> None:
    assert standings.leaderboard(lake) == []


def test_a_board_is_about_the_same_items(lake: Lake) -> None:
    """A quick look at ten items neither takes the place of the whole score nor is ranked beside it."""
    plant(lake, "whole", {"x": answers(0, 0.6)}, items_hash="1")
    plant(lake, "other", {"x": answers(1, 0.5)}, items_hash="1")
    plant(lake, "quick", {"x": np.ones(10)}, items_hash="2")
    plant(lake, "data", {"x": answers(2, 0.9)}, items_hash="3")
    plant(lake, "again", {"x": answers(0, 0.6)}, items_hash="1")
    board = standings.leaderboard(lake)
    assert {one.name for one in board} == {"whole", "other", "again"}
    assert [one.partition(":")[0] for one in standings.left_out(lake)] == ["quick", "data"]


def test_items_of_a_cluster_are_no_independent_evidence(lake: Lake) -> None:
    """Two models that are equally good, over 400 items in 10 clusters whose items are alike."""
    generator, apart = np.random.default_rng(0), 0
    for i in range(12):
        both = np.repeat(generator.random((2, 10)) < 0.5, 40, axis=1).astype(float)
        both[1] = np.where(generator.random(400) < 0.1, 1 - both[1], both[1])
        clusters = np.repeat([f"c{j}" for j in range(10)], 40)
        for name, values in zip(("a", "b"), both, strict=True):
            plant(lake, f"{name}{i}", {"x": values}, suite=f"s{i}", clusters=clusters)
        apart += len({one.group for one in standings.leaderboard(lake, f"s{i}")}) > 1
    assert apart <= 2


def test_one_cluster_supports_no_rank(lake: Lake) -> None:
    for name, share in (("a", 0.9), ("b", 0.1)):
        plant(lake, name, {"x": answers(0, share)}, clusters=np.full(300, 7))
    got = standings.leaderboard(lake, "s")
    assert [(one.name, one.best, one.worst, one.group) for one in got] == [("a", 1, 2, 1), ("b", 1, 2, 1)]
