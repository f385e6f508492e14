import re

import yaml

from corpus.dedup.repeats.settings import Substrings
from corpus.dedup.semantic.settings import Semantic
from pomona.recipe import Recipe, parse
from pomona.recipe.text import commented, fields


def test_every_field_has_a_meaning_and_the_commented_recipe_holds_them_all() -> None:
    text = commented()
    for path, kind, default, meaning in fields():
        assert meaning, path
        assert kind, path
        assert default, path
        assert meaning in text or "overrides[]" in path, path
    assert parse(text) == Recipe.model_validate(yaml.safe_load(text))


def test_what_the_commented_recipe_runs_is_what_a_recipe_of_sources_alone_runs() -> None:
    assert parse(commented()) == Recipe.model_validate({"sources": [{"name": "docs", "path": "./html"}]})


def test_what_is_off_can_be_turned_on_by_taking_the_comment_away() -> None:
    off = re.compile(r"^# ( *(- )?(\w+:|# ).*)$")
    recipe = parse("\n".join(m[1] if (m := off.match(line)) else line for line in commented().splitlines()))
    assert recipe.decontaminate is not None
    assert recipe.dedup is not None
    assert recipe.dedup.semantic == Semantic()
    assert recipe.dedup.substrings == Substrings()
