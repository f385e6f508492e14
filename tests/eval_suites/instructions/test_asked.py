"""Items whose instructions cannot be read are errors of one line that name the item, never a verdict."""

from typing import Any

import pytest

from corpus.errors import UserError
from eval_suites.instructions import asked

WORDS = "length_constraints:number_words"
PLACES = "length_constraints:nth_paragraph_first_word"


def test_nulls_are_arguments_of_other_kinds_and_whole_floats_are_numbers() -> None:
    given = {"relation": "at least", "num_words": 3.0, "keywords": None, "letter": None}
    (one,) = asked.read([WORDS], [given], "item 1")
    assert one.arguments == {"num_words": 3, "relation": "at least"}
    assert one.is_followed("a b c")
    assert not one.is_followed("a b")


def test_a_prompt_may_ask_for_the_same_kind_twice() -> None:
    given = [{"relation": "at least", "num_words": 2}, {"relation": "less than", "num_words": 4}]
    both = asked.read([WORDS, WORDS], given, "item 1")
    assert [one.is_followed("a b c d") for one in both] == [True, False]


@pytest.mark.parametrize(
    ("names", "given", "words"),
    [
        (["length_constraints:number_word"], [{}], r"unknown instruction .*did you mean 'length_constraints:number_words'\?"),
        ([7], [{}], "unknown instruction '7'"),
        ([None], [{}], "unknown instruction"),
        ([["punctuation:no_comma"]], [{}], "unknown instruction"),
        ([], [], "lists of one length with 1 or more entries"),
        ("punctuation:no_comma", [{}], "lists of one length"),
        (["punctuation:no_comma"], [], "lists of one length"),
        (None, None, "lists of one length"),
        (["punctuation:no_comma"], ["{}"], "they must be names with values"),
        (["punctuation:no_comma"], [{"num_words": 1}], "takes no argument 'num_words'. Allowed: none"),
        ([WORDS], [{"relation": "at least"}], "number_words needs the argument 'num_words'"),
        ([WORDS], [{"relation": "at least", "num_words": None}], "needs the argument 'num_words'"),
        ([WORDS], [{"relation": "at most", "num_words": 3}], "'relation' of .* is at most; it must be 'at least' or 'less than'"),
        ([WORDS], [{"relation": "at least", "num_words": -1}], "is -1; it must be a whole number from 0 on"),
        ([WORDS], [{"relation": "at least", "num_words": True}], "whole number"),
        ([WORDS], [{"relation": "at least", "num_words": "3"}], "whole number"),
        ([WORDS], [{"relation": "at least", "num_words": float("nan")}], "whole number"),
        ([PLACES], [{"num_paragraphs": 2, "nth_paragraph": 0, "first_word": "x"}], "whole number from 1 on"),
        ([PLACES], [{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "x"}], "is 3; the last one is 2"),
        (["keywords:existence"], [{"keywords": "one"}], "a list of texts"),
        (["keywords:existence"], [{"keywords": []}], "a list of texts"),
        (["keywords:existence"], [{"keywords": ["a", " "]}], "not blank"),
        (["keywords:letter_frequency"], [{"letter": "ab", "let_frequency": 1, "let_relation": "at least"}], "a single character"),
        (["language:response_language"], [{"language": "german"}], r"did you mean 'ge'|no language that can be detected"),
        (["startend:end_checker"], [{"end_phrase": "x" * 0}], "not blank"),
    ],
)  # fmt: skip
def test_mistakes_name_the_item(names: Any, given: Any, words: str) -> None:
    with pytest.raises(UserError, match=words) as told:
        asked.read(names, given, "item with key 1000")
    assert str(told.value).startswith("item with key 1000: ")
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 1500


def test_a_long_wrong_value_is_cut() -> None:
    with pytest.raises(UserError) as told:
        asked.read(["x" * 100_000], [{}], "item 1")
    assert len(str(told.value)) < 1500
