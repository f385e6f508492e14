"""Sentences beside those of nltk's own Punkt, which is given our short lists in place of the file that it learned."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from eval_suites.instructions import sentences

EXAMPLES = [
    ("Mr. Smith went to the U.S. on Jan. 5. He left at 3 p.m. on Friday.", ["Mr. Smith went to the U.S. on Jan. 5.", "He left at 3 p.m. on Friday."]),
    ('"Stop!" she said. "Why?"', ['"Stop!"', "she said.", '"Why?"']),
    ("(One.) [Two.] Three", ["(One.)", "[Two.]", "Three"]),
    ("What?! No...", ["What?!", "No..."]),
    ("Well... maybe. Well... The end.", ["Well... maybe.", "Well...", "The end."]),
    ("It costs 3.50. See example.com.", ["It costs 3.50.", "See example.com."]),
    ("1. One\n2. two", ["1.", "One\n2. two"]),
    ("We met A. Einstein and C. D. Smith, not A. The end.", ["We met A. Einstein and C. D. Smith, not A.", "The end."]),
    ("**Bold.** Next.", ["**Bold.", "** Next."]),
    ("She works at Apple Inc. now. He was at Apple Inc. The end.", ["She works at Apple Inc. now.", "He was at Apple Inc.", "The end."]),
    ("e.g. this, etc. and", ["e.g.", "this, etc.", "and"]),
    ("one.two three", ["one.two three"]),
    ("Wow!!", ["Wow!", "!"]),
    ("", []),
    ("  ", []),
    ("no mark", ["no mark"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_sentences_end_where_punkt_ends_them(text: str, expected: list[str]) -> None:
    assert sentences.split(text) == expected


def test_a_letter_of_a_list_is_no_initial_of_a_name() -> None:
    assert sentences.split("We met A. Zork") == ["We met A. Zork"]
    assert sentences.split("We met:\nA. Zork") == ["We met:\nA.", "Zork"]


def test_a_word_that_the_text_has_in_small_letters_is_no_name() -> None:
    assert len(sentences.split("We bought Zork Inc. Shares")) == 1
    assert len(sentences.split("We bought Zork Inc. Shares fell, as shares do")) == 2


WORDS = ["the", "The", "cat", "Smith", "Mr.", "Inc.", "U.S.", "e.g.", "etc.", "5.", "3.14", "C.", "A.", "I", "...", "..", "end.", "x-ft.", "ok!", "Why?",
         '"Yes."', "(so.)", "it's", "b.c", "a,", "word,)", "--", "!!", "?!", "*x.*", "”", "“Hi.”", ":", ";", "Who", ".", "«a.»", "_.", "no.:"]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(["", " ", " ", "\n", "  "])), max_size=12))
@example([("!!", " "), ("The", "")])
def test_cuts_are_those_of_nltk_with_the_same_lists(pieces: list[tuple[str, str]]) -> None:
    punkt = pytest.importorskip("nltk.tokenize.punkt")
    text = "".join(word + blank for word, blank in pieces).strip()
    # nltk has no notion of lists, whose letters ours takes for no initials.
    first_words = [line.lstrip(" *#>-").partition(" ")[0] for line in text.split("\n")]
    assume(not any(letter in word for word in first_words for letter in ("A.", "I.", "_.")))

    parameters = punkt.PunktParameters()
    parameters.abbrev_types = set(sentences._ABBREVIATIONS)
    parameters.sent_starters = set(sentences._STARTERS)
    parameters.collocations = {("##number##", word) for word in sentences._AFTER_NUMBER}
    for word in sentences._STARTERS:
        parameters.ortho_context[word] = punkt._ORTHO_MID_LC
    for word in sentences._ORDINARY:
        parameters.ortho_context[word] = punkt._ORTHO_MID_LC | punkt._ORTHO_MID_UC
    assert sentences.split(text) == punkt.PunktSentenceTokenizer(parameters).tokenize(text)


@given(st.text("aB.?! \n\")*,1-'"))
def test_nothing_of_a_text_is_lost(text: str) -> None:
    assert "".join("".join(sentences.split(text)).split()) == "".join(text.split())
