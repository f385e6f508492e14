"""Items with the answers of all models."""

from pathlib import Path

import numpy as np
import pytest

import pomona.stages
from corpus.lake import Lake
from eval_suites import browsing, views
from tests.eval_suites.planted import plant


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    return Lake(tmp_path / "lake")


def test_every_item_has_an_answer_and_a_value_of_each_model(lake: Lake) -> None:
    weights = np.array([2.0, 4.0, 8.0])
    for name, factor in (("a", 1.0), ("b", 2.0), ("c", 1.0)):
        plant(lake, name, {"bits": factor * weights, "x": np.array([1.0, 0.0, factor - 1])}, weights=weights)
    got = browsing.items(lake, views.runs(lake), 100)
    assert got.total == len(got.rows) == 6
    bits = [one for one in got.rows if one.task == "bits"]
    assert [one.values for one in bits] == [[1.0, 2.0, 1.0]] * 3  # of a ratio, the item's own
    assert got.rows[-1].answers[1].startswith("b says")
    assert all(one.touched is None for one in got.rows)


def test_scores_without_common_items_have_none(lake: Lake) -> None:
    plant(lake, "a", {"x": np.ones(3)})
    plant(lake, "b", {"y": np.ones(3)})
    assert browsing.items(lake, views.runs(lake), 10) == browsing.Items(0, [])
