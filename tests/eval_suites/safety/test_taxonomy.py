"""The categories, and names that are none."""

import pytest

from corpus.errors import UserError
from eval_suites.safety import taxonomy


def test_there_are_twelve_categories_that_say_what_belongs_to_them() -> None:
    every = taxonomy.categories()
    assert len(every) == 12
    assert all(name == one.name and one.title and len(one.about) > 20 for name, one in every.items())
    assert taxonomy.category("fraud") is every["fraud"]


def test_an_unknown_category_is_one_line_with_the_nearest_name() -> None:
    with pytest.raises(
        UserError, match=r"unknown category in f line 3 'frauds'; did you mean 'fraud'\? Allowed: hate,"
    ):
        taxonomy.category("frauds", where="f line 3")
