"""What the report shows of scores, over a lake whose items were planted."""

from pathlib import Path

import numpy as np
import pytest

import pomona.stages
from corpus.lake import Lake
from pomona.page import boards, charts
from tests.eval_suites.planted import answers, plant


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    lake = Lake(tmp_path / "lake")
    plant(lake, "old", {"x": answers(0, 0.3), "bits": np.full(300, 3.0) + answers(1, 0.5)})
    plant(lake, "new", {"x": answers(2, 0.7), "bits": np.full(300, 2.0) + answers(3, 0.5)})
    plant(lake, "alone", {"z": answers(4, 0.5)}, suite="t")
    return lake


def test_each_suite_has_its_models_and_comparisons(lake: Lake) -> None:
    found = {one.suite: one for one in boards.boards(lake)}
    assert list(found) == ["t", "s"]
    assert [one.name for one in found["s"].standings] == ["new", "old"]
    assert [(one.a, one.b) for one in found["s"].comparisons] == [("old", "new")]
    assert {one.verdict for one in found["s"].comparisons[0].tasks} == {"better"}
    assert {one.task: len(one.rows) for one in found["s"].tasks} == {"x": 2, "bits": 2}
    assert found["t"].comparisons == found["t"].contaminated == []


def test_a_lake_without_scores_has_no_boards(tmp_path: Path) -> None:
    assert boards.boards(Lake(tmp_path / "other")) == []


def test_dots_stand_where_their_scores_are() -> None:
    drawn = charts.dots([("<a>", 0, 0.5, 0.25, 0.75), ("b", 1, 0.25, float("nan"), float("nan"))], 0.25, "acc")
    assert drawn.count("<circle") == 2
    assert drawn.count('stroke-width="2"') == 1  # no interval, no line
    assert "<a>" not in drawn
    assert "&lt;a&gt;" in drawn
    assert "stroke-dasharray" in drawn
