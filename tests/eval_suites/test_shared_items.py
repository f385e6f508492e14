"""Groups of tasks: as all their items, or as the mean of their tasks, everywhere alike."""

from pathlib import Path

import numpy as np
import pytest

import pomona.stages
from corpus.lake import Lake
from eval_suites import comparing, shared_items, views
from tests.eval_suites.planted import answers, plant


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    return Lake(tmp_path / "lake")


GROUPS = {"x": "g", "y": "g"}


@pytest.mark.parametrize("of_group", ["items", "tasks"])
def test_a_group_has_one_score_wherever_it_is_shown(lake: Lake, of_group: str) -> None:
    """HELM's MMLU is the mean of its subjects, whatever number of items each has."""
    of_a = {"x": answers(0, 0.3, 300), "y": answers(1, 0.9, 30)}
    of_b = {"x": answers(2, 0.5, 300), "y": answers(3, 0.7, 30)}
    plant(lake, "a", of_a, groups=GROUPS, of_group=of_group)
    plant(lake, "b", of_b, groups=GROUPS, of_group=of_group)

    def mean(parts: dict[str, np.ndarray]) -> float:
        if of_group == "items":
            return float(np.concatenate(list(parts.values())).mean())
        return float(np.mean([one.mean() for one in parts.values()]))

    (score,) = (one for one in views.run(lake, "a").scores if one.task == "g")
    assert score.value == pytest.approx(mean(of_a))
    (compared,) = comparing.compare(lake, "a", "b").tasks
    assert (compared.task, compared.a, compared.b) == ("g", pytest.approx(mean(of_a)), pytest.approx(mean(of_b)))
    assert compared.difference == pytest.approx(mean(of_b) - mean(of_a))
    if of_group == "tasks":
        errors = [part.std(ddof=1) ** 2 / len(part) for part in of_a.values()]
        assert (score.high - score.low) / 2 == pytest.approx(1.97 * np.sqrt(sum(errors)) / 2, rel=0.02)


def test_values_of_items_are_by_task(lake: Lake) -> None:
    plant(lake, "a", {"x": np.array([1.0, 0.0]), "bits": np.array([2.0, 3.0])})
    assert shared_items.values(lake, "a") == {"x": {0: 1.0, 1: 0.0}}


def test_what_others_scored_is_expected_of_an_item(lake: Lake) -> None:
    plant(lake, "a", {"x": np.array([1.0, 0.0]), "bits": np.array([2.0, 3.0])})
    assert shared_items.expected(lake, ["x", "bits"], "") == {}  # one model is no crowd
    plant(lake, "b", {"x": np.array([1.0, 1.0]), "y": np.array([1.0])})
    plant(lake, "c", {"x": np.array([0.0, 0.0])})
    assert shared_items.expected(lake, ["x", "bits", "y"], "c" * 8) == {"x": {0: 1.0, 1: 0.5}}
    assert shared_items.expected(lake, ["x"], "")["x"][0] == pytest.approx(2 / 3)
