"""Comparisons over a lake whose items were planted."""

from pathlib import Path

import numpy as np
import pytest

import pomona.stages
from corpus.errors import UserError
from corpus.lake import Lake
from eval_suites import comparing
from eval_suites.statistics.paired import difference
from tests.eval_suites.planted import answers, plant


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    return Lake(tmp_path / "lake")


def test_a_comparison_is_paired_and_adjusted(lake: Lake) -> None:
    a = np.array([1.0] * 158 + [0.0] * 62)
    b = np.concatenate([np.ones(150), np.zeros(8), np.ones(24), np.zeros(38)])
    plant(lake, "a", {"planted": a, "same": a})
    plant(lake, "b", {"planted": b, "same": a})
    got = comparing.compare(lake, "a", "b")
    by_task = {one.task: one for one in got.tasks}
    expected = difference(a, b)
    planted = by_task["planted"]
    assert (planted.difference, planted.low, planted.high, planted.p) == pytest.approx(
        (expected.value, expected.low, expected.high, expected.p)
    )
    assert planted.adjusted_p == pytest.approx(2 * expected.p)
    assert (planted.verdict, planted.a_only, planted.b_only) == ("better", 8, 24)
    assert by_task["same"].verdict == "undecided"
    assert {one.verdict for one in comparing.compare(lake, "b", "a").tasks} == {"worse", "undecided"}


def test_one_cluster_decides_nothing(lake: Lake) -> None:
    plant(lake, "a", {"x": np.zeros(40)}, clusters=np.full(40, 7))
    plant(lake, "b", {"x": np.ones(40)}, clusters=np.full(40, 7))
    (one,) = comparing.compare(lake, "a", "b").tasks
    assert (one.verdict, one.p, one.n) == ("undecided", 1.0, 40)


def test_less_is_better_for_bits(lake: Lake) -> None:
    generator = np.random.default_rng(0)
    sizes = generator.uniform(100, 2000, 80)
    bits = sizes * generator.normal(1.2, 0.1, 80)
    plant(lake, "a", {"bits": bits}, weights=sizes)
    plant(lake, "b", {"bits": bits - 0.05 * sizes + generator.normal(0, 5, 80)}, weights=sizes)
    (one,) = comparing.compare(lake, "a", "b").tasks
    assert one.verdict == "better"
    assert one.difference == pytest.approx(-0.05, abs=0.005)
    assert one.low < -0.05 < one.high
    assert one.difference == pytest.approx(one.b - one.a)


def test_what_cannot_be_compared_is_said(lake: Lake) -> None:
    plant(lake, "a", {"x": answers(0, 0.5), "only": answers(1, 0.5), "short": answers(2, 0.5)})
    plant(lake, "b", {"x": answers(3, 0.5), "short": answers(2, 0.5, 200)})
    got = comparing.compare(lake, "a", "b")
    assert [one.task for one in got.tasks] == ["x"]
    assert got.left_out == ["only: only a was scored on it", "short: 300 items against 200"]
    plant(lake, "c", {"other": answers(0, 0.5)})
    with pytest.raises(UserError, match="a and c have no task that can be compared: x: only a was scored on it"):
        comparing.compare(lake, "a", "c")
    with pytest.raises(UserError, match="are the same score"):
        comparing.compare(lake, "a", "a")
    with pytest.raises(UserError, match=r"unknown score 'd'. Allowed: a, b, c"):
        comparing.compare(lake, "a", "d")


def test_items_that_changed_have_both_answers(lake: Lake) -> None:
    plant(lake, "a", {"x": np.array([1.0, 0.0, 1.0, 0.5]), "y": np.ones(4)})
    plant(lake, "b", {"x": np.array([1.0, 1.0, 0.0, 0.75]), "y": np.ones(4)})
    got = comparing.changed(lake, "a", "b", 2)
    assert {(one.task, one.item) for one in got} == {("x", 1), ("x", 2)}
    first = next(one for one in got if one.item == 1)
    assert (first.answer_a, first.answer_b, first.a, first.b, first.prompt) == (
        "a says 0",
        "b says 1",
        0.0,
        1.0,
        "prompt 1",
    )
    assert len(comparing.changed(lake, "a", "b", 9)) == 3


def test_other_prompts_are_named(lake: Lake) -> None:
    plant(lake, "a", {"x": answers(0, 0.5)}, prompt_hash="1")
    plant(lake, "b", {"x": answers(1, 0.5)}, prompt_hash="2")
    plant(lake, "c", {"x": answers(2, 0.5)}, prompt_hash="3", chat=True)
    plant(lake, "d", {"x": answers(3, 0.5)}, prompt_hash="1")
    assert comparing.compare(lake, "a", "d").notes == []
    assert comparing.compare(lake, "a", "b").notes[0].startswith("the prompts of x differ")
    assert comparing.compare(lake, "a", "c").notes == ["c was asked through its chat template, a was not"]


def test_only_the_same_items_are_compared(lake: Lake) -> None:
    """As many items are not the same items: another gold column, another file."""
    plant(lake, "a", {"x": answers(0, 0.5), "y": answers(1, 0.5)}, items_hash="1")
    plant(lake, "b", {"x": answers(0, 0.5), "z": answers(1, 0.5)}, items_hash="2")
    with pytest.raises(UserError, match="x: the items, or their right answers, are others"):
        comparing.compare(lake, "a", "b")


def test_a_group_that_lacks_a_task_is_not_compared(lake: Lake) -> None:
    plant(lake, "a", {"x": answers(0, 0.5), "y": answers(1, 0.5)}, groups={"x": "g", "y": "g"})
    plant(lake, "b", {"x": answers(2, 0.5), "w": answers(4, 0.5)}, groups={"x": "g", "w": "g"})
    with pytest.raises(UserError, match="g: the group has other tasks: w, y"):
        comparing.compare(lake, "a", "b")


def test_scores_of_one_name_are_told_apart(lake: Lake) -> None:
    plant(lake, "a", {"x": answers(0, 0.5)}, key="1" * 32)
    plant(lake, "a", {"x": answers(1, 0.5)}, key="2" * 32)
    got = comparing.compare(lake, "1" * 32, "2" * 32)
    assert (got.a, got.b) == ("a 11111111", "a 22222222")
