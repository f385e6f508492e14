"""Settings of the filter by their names, or from a recipe."""

from pathlib import Path

import pytest

from corpus.errors import UserError
from pomona.recipe.rules import settings


def test_settings_come_from_a_recipe_too(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("sources: [{name: a, path: b}]\nfilter: {rules: [c4]}\n")
    assert settings(str(path)).rule_sets == ("c4",)
    path.write_text("sources: [{name: a, path: b}]\nfilter: null\n")
    with pytest.raises(UserError, match="has no filter"):
        settings(str(path))
