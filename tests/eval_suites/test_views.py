"""What was scored, over a lake whose items were planted."""

from pathlib import Path

import numpy as np
import pytest

import pomona.stages
from corpus.errors import UserError
from corpus.lake import Lake
from eval_suites import views
from tests.eval_suites.planted import plant


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    return Lake(tmp_path / "lake")


def test_a_score_is_found_by_name_id_and_model_the_newest_first(lake: Lake) -> None:
    plant(lake, "old", {"x": np.ones(4)})
    plant(lake, "new", {"x": np.zeros(4)}, suite="t")
    assert [one.name for one in views.runs(lake)] == ["old", "new"]
    assert views.run(lake, "old").score == views.run(lake, "old" * 8).score
    assert views.run(lake, "oldoldol").name == "old"
    assert views.run(lake, "new").suite == "t"
    with pytest.raises(UserError, match=r"unknown score 'd'. Allowed: new, old"):
        views.run(lake, "d")


def test_an_empty_lake_has_no_scores(lake: Lake) -> None:
    assert views.runs(lake) == []
