"""Strictly and loosely: eight variants of a response, by the words of the paper (section 2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from eval_suites.instructions import asked
from eval_suites.instructions.followed import Followed, check, followed, variants

CASES = [
    ("startend:quotation", {}),
    ("punctuation:no_comma", {}),
    ("detectable_format:title", {}),
    ("combination:two_responses", {}),
    ("detectable_format:number_bullet_lists", {"num_bullets": 1}),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 1}),
    ("length_constraints:number_words", {"num_words": 2, "relation": "less than"}),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}),
]


def test_an_example_of_the_data_set() -> None:
    """Key 1000 of IFEval asks for no commas, three highlights and 300 words."""
    names = ["punctuation:no_comma", "detectable_format:number_highlighted_sections", "length_constraints:number_words"]
    arguments: list[dict[str, object]] = [{}, {"num_highlights": 3}, {"relation": "at least", "num_words": 300}]
    text = "*One* and *two* and *three*. " + "word " * 295
    assert followed("Write a 300+ word summary.", text, names, arguments) == Followed((True,) * 3, (True,) * 3)
    assert followed("Write", f"Sure, here:\n{text}", names, arguments) == Followed((False, True, True), (True,) * 3)
    assert followed("Write", text[:-6], names, arguments).strictly == (True, True, False)


def test_the_first_line_the_last_line_and_asterisks_are_loosely_forgiven() -> None:
    quoted = asked.read(["startend:quotation"], [{}], "here")
    for response, loosely in [
        ('"So it is."', True),
        ('Sure:\n"So it is."', True),
        ('"So it is."\nBye', True),
        ('Sure:\n\n"So it is."\n\nBye', True),
        ('**"So it is."**', True),
        ('Sure:\n*"So it is."*\nBye', True),
        ('Sure:\nhere:\n"So it is."', False),
        ('"So it is."\nBye\nBye', False),
        ('_"So it is."_', False),
    ]:
        assert check(response, quoted) == Followed((response == '"So it is."',), (loosely,)), response


def test_each_instruction_may_be_followed_by_another_variant() -> None:
    both = asked.read(["startend:quotation", "punctuation:no_comma"], [{}, {}], "here")
    assert check('"one, two"\nthree', both) == Followed((False, False), (True, True))


def test_nothing_is_followed_by_a_variant_without_text() -> None:
    fewer = asked.read(["length_constraints:number_words"], [{"num_words": 2, "relation": "less than"}], "here")
    assert check("two words", fewer) == Followed((False,), (False,))
    assert check("***", fewer) == Followed((True,), (True,))
    assert check(" \n ", fewer) == Followed((False,), (False,))


def test_a_wrong_instruction_names_its_prompt() -> None:
    with pytest.raises(UserError, match="prompt 'Write a poem': unknown instruction 'x'"):
        followed("Write a poem", "Roses", ["x"], [{}])


@given(st.text('a", *\n<>[]-.', max_size=30))
def test_loosely_is_never_harder_than_strictly_and_tries_what_the_paper_lists(response: str) -> None:
    lines = response.split("\n")
    kept = {response, "\n".join(lines[1:]).strip(), "\n".join(lines[:-1]).strip(), "\n".join(lines[1:-1]).strip()}
    assert set(variants(response)) == kept | {one.replace("*", "") for one in kept}

    instructions = asked.read([name for name, _ in CASES], [arguments for _, arguments in CASES], "here")
    verdicts = check(response, instructions)
    for i, one in enumerate(instructions):
        assert verdicts.strictly[i] == one.is_followed(response)
        assert verdicts.loosely[i] == any(one.is_followed(text) for text in variants(response))
        assert verdicts.loosely[i] >= verdicts.strictly[i]
