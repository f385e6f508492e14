import yaml

from pomona.recipe import Recipe, parse
from pomona.recipe_text import commented, fields


def test_every_field_has_a_meaning_and_the_commented_recipe_holds_them_all() -> None:
    text = commented()
    for path, kind, default, meaning in fields():
        assert meaning, path
        assert kind, path
        assert default, path
        assert meaning in text or "overrides[]" in path, path
    assert parse(text) == Recipe.model_validate(yaml.safe_load(text))
