"""Lakes that several tests read, and none writes."""

import pytest

from corpus.lake import Lake
from pomona import runner
from pomona.recipe import load
from tests.pomona.corpora import raw, recipe


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake after a recipe over four sources."""
    root = raw(tmp_path_factory.mktemp("raw"))
    lake = Lake(root / "lake")
    list(runner.run_recipe(lake, load(recipe(root, root / "lake")), workers=1))
    return lake
