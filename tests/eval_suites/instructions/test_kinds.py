"""Each of the 25 kinds of instructions: responses that follow it, that nearly do, and that break it.

What is expected follows from the words of the instruction (Zhou et al. 2023, arXiv:2311.07911, table of instructions)
and, where these leave room, from what the published verifier answers: cases marked with `odd`.
"""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.instructions import asked
from eval_suites.instructions.kinds import KINDS

at_least, less_than = "at least", "less than"
ENGLISH = "the sun was warm, and we walked along the river until the evening came"
odd = "odd"

# name, arguments, then (response, whether it follows)
CASES: list[tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = [
    (
        "keywords:existence",
        {"keywords": ["river", "Sun"]},
        [
            ("The sun over the RIVER", True),
            ("sunny riverside", True, odd),
            ("The river", False),
            ("r iver, sun", False),
        ],
    ),
    ("keywords:existence", {"keywords": ["c++", "(a"]}, [("I like C++ (a lot)", True), ("c+ (a", False)]),
    (
        "keywords:frequency",
        {"keyword": "war", "frequency": 3, "relation": at_least},
        [("War, war and WAR.", True), ("warm wars toward", True, odd), ("war war", False)],
    ),
    (
        "keywords:frequency",
        {"keyword": " aa ", "frequency": 2, "relation": less_than},
        [("aaa", True), ("aaaa", False), ("b", True)],
    ),
    (
        "keywords:forbidden_words",
        {"forbidden_words": ["bark", "run"]},
        [("barking runners", True), ("It can Run.", False), ("bark-like", False), ("bark_", True, odd)],
    ),
    (
        "keywords:letter_frequency",
        {"letter": "E", "let_frequency": 3, "let_relation": at_least},
        [("eEe", True), ("three", False), ("ee", False)],
    ),
    (
        "keywords:letter_frequency",
        {"letter": "#", "let_frequency": 2, "let_relation": at_least},
        [("#a #b", True), ("#a, nothing else", False)],
    ),
    (
        "keywords:letter_frequency",
        {"letter": "x", "let_frequency": 0, "let_relation": at_least},
        [("none", True)],
    ),
    (
        "language:response_language",
        {"language": "de"},
        [
            ("Der schnelle braune Fuchs springt über den faulen Hund.", True),
            (ENGLISH, False),
            ("12345 !!!", True, odd),
            ("https://example.com", True, odd),
        ],
    ),
    (
        "language:response_language",
        {"language": "hi"},
        [("तेज भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है।", True), ("चपळ तपकिरी कोल्हा आळशी कुत्र्यावरून उडी मारतो.", False)],
    ),
    (
        "length_constraints:number_sentences",
        {"num_sentences": 3, "relation": at_least},
        [
            ("One. Two! Three?", True),
            ("One. Two!", False),
            ("1. One 2. Two", True, odd),
            ("Dr. Who met Mr. X. He left.", False),
        ],
    ),
    (
        "length_constraints:number_sentences",
        {"num_sentences": 2, "relation": less_than},
        [("Only one", True), ("One. Two.", False)],
    ),
    (
        "length_constraints:number_paragraphs",
        {"num_paragraphs": 2},
        [
            ("one\n***\ntwo", True),
            ("***\none\n***\ntwo\n***", True),
            ("one***two", True),
            ("one\n\ntwo", False),
            ("one\n***\ntwo\n***\nthree", False),
            ("one\n***\n***\ntwo", False),
            ("one\n* * *\ntwo", False),
        ],
    ),
    (
        "length_constraints:number_words",
        {"num_words": 4, "relation": at_least},
        [
            ("one two three four", True),
            ("I don't know", True, odd),
            ("one two three", False),
            ("well-known words here", True, odd),
        ],
    ),
    ("length_constraints:number_words", {"num_words": 3, "relation": less_than}, [("a b", True), ("a b c", False)]),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Weekend"},
        [
            ("one\n\nweekend, at last", True),
            ('one\n\n"Weekend" it is', True),
            ("one\n\nweekend's end", True),
            ("one\n\nweekends are", False),
            ("one\n\nthe weekend", False),
            ("one\nweekend", False),
            ("one\n\nweekend\n\nthree", False),
            ("one\n\n\n\nweekend", False, odd),  # the blank piece is paragraph 2
            ("one\n\n\nweekend", True),
        ],
    ),
    (
        "detectable_content:number_placeholders",
        {"num_placeholders": 2},
        [
            ("Dear [name], from [address]", True),
            ("Dear [name]", False),
            ("[a\nb] [c]", False),
            ("[][]", True, odd),
            ("[a](x) [b](y)", True, odd),
            ("[[a]]", False),
            ("[ [ [", False),
        ],
    ),
    (
        "detectable_content:postscript",
        {"postscript_marker": "P.S."},
        [
            ("Bye\n\nP.S. More", True),
            ("p. s. more", True),
            ("P.S more", False),
            ("PS: more", False),
            ("P.S. first\nBye", True, odd),
        ],
    ),
    (
        "detectable_content:postscript",
        {"postscript_marker": "P.P.S"},
        [("P.P.S more", True), ("p. p. s. more", True), ("P.S. more", False), ("PPS more", False)],
    ),
    (
        "detectable_content:postscript",
        {"postscript_marker": "Nota."},
        [("so\nnota. bene", True), ("so notax", False)],
    ),
    (
        "detectable_format:number_bullet_lists",
        {"num_bullets": 2},
        [
            ("* one\n* two", True),
            ("- one\n  - two", True),
            ("* one\n- two", True),
            ("*one\n*two", True),
            ("* one\n* two\n* three", False),
            ("* one", False),
            ("**one**\n* two", False),
            ("• one\n• two", False),
            ("1. one\n2. two", False),
            ("* one\n---", True, odd),
            ("*\n* one\n* two", True, odd),  # the lone asterisk takes the next line as its text
            ("* one\n*", False, odd),
            ("* one\n* ", True, odd),
        ],
    ),
    (
        "detectable_format:constrained_response",
        {},
        [
            ("My answer is yes.", True),
            ("Well. My answer is maybe. Bye", True, odd),
            ("my answer is yes.", False),
            ("My answer is yes", False),
            ("Yes.", False),
        ],
    ),
    (
        "detectable_format:number_highlighted_sections",
        {"num_highlights": 2},
        [
            ("*one* and *two*", True),
            ("**one** and *two*", True),
            ("*one*", False),
            ("***one***", True, odd),
            ("** ** *  *", False),
            ("*one\ntwo* *three*", False),
            ("_one_ and _two_", False),
        ],
    ),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "SECTION", "num_sections": 2},
        [
            ("SECTION 1\na\nSECTION 2\nb", True),
            ("SECTION1 a SECTION2", True),
            ("SECTION 1\na\nSECTION 2\nb\nSECTION 3", True),
            ("SECTION 1\na", False),
            ("Section 1\nSection 2", False),
            ("SECTION I\nSECTION II", False),
            ("SECTION  1 SECTION  2", False),
        ],
    ),
    (
        "detectable_format:json_format",
        {},
        [
            ('{"a": [1, 2]}', True),
            ('```json\n{"a": 1}\n```', True),
            ('```JSON\n{"a": 1}\n```', True),
            ('```\n"a"\n```', True),
            ("NaN", True, odd),
            ("{'a': 1}", False),
            ('{"a": 1,}', False),
            ('Here: {"a": 1}', False),
            ('```python\n{"a": 1}\n```', False),
        ],
    ),
    (
        "detectable_format:title",
        {},
        [
            ("<<poem of joy>>\nRoses", True),
            ("So: <<a>> and <<b>>", True),
            ("<poem>", False),
            ("<<>>", False),
            ("<< >>", False),
            ("<<a\nb>>", False),
            ("<<>> a <<>>", True, odd),
            (">>a<<", False),
        ],
    ),
    (
        "combination:two_responses",
        {},
        [
            ("one\n******\ntwo", True),
            ("******\none\n******\ntwo\n******", True),
            ("one\n******\none ", False),
            ("one\n***\ntwo", False),
            ("one\n******\ntwo\n******\nthree", False),
            ("one\n******\n******\ntwo", False),
            ("one\n******", False),
        ],
    ),
    (
        "combination:repeat_prompt",
        {"prompt_to_repeat": "Write a poem. "},
        [
            ("Write a poem.\n\nRoses", True),
            (" WRITE A POEM. Roses", True),
            ("Sure: Write a poem.", False),
            ("Write  a poem.", False),
        ],
    ),
    (
        "startend:end_checker",
        {"end_phrase": "Any other questions?"},
        [
            ("So. Any other questions?", True),
            ('"So. any other questions?"\n', True),
            ("Any other questions? Bye", False),
            ("Any other questions", False),
        ],
    ),
    (
        "startend:quotation",
        {},
        [('"So it is."', True), (' "So"\n', True), ('"So', False), ('"', False), ("“So”", False), ("'So'", False)],
    ),
    (
        "change_case:capital_word_frequency",
        {"capital_frequency": 2, "capital_relation": at_least},
        [
            ("NASA and ESA", True),
            ("I am", False),
            ("DON'T stop", True, odd),
            ("Nasa Esa", False),
            ("WELL-KNOWN", False),
        ],
    ),
    (
        "change_case:capital_word_frequency",
        {"capital_frequency": 2, "capital_relation": less_than},
        [("One NASA", True), ("NASA, ESA", False)],
    ),
    (
        "change_case:english_capital",
        {},
        [
            (ENGLISH.upper(), True),
            (ENGLISH.title(), False),
            (ENGLISH, False),
            ("DER SCHNELLE BRAUNE FUCHS SPRINGT ÜBER DEN HUND", False),
            ("123", False),
        ],
    ),
    (
        "change_case:english_lowercase",
        {},
        [(ENGLISH, True), (f"{ENGLISH} I", False), ("der schnelle braune fuchs springt über den hund", False)],
    ),
    ("punctuation:no_comma", {}, [("one; two", True), ("one, two", False), ("1,000", False), ("one، two", True, odd)]),
]
SINGLE = [(name, given, *case[:2]) for name, given, cases in CASES for case in cases]


@pytest.mark.parametrize(("name", "arguments", "response", "follows"), SINGLE)
def test_what_follows_nearly_follows_and_breaks(
    name: str, arguments: dict[str, Any], response: str, follows: bool
) -> None:
    (instruction,) = asked.read([name], [arguments], "here")
    assert instruction.is_followed(response) is follows


def test_all_25_kinds_are_there_with_responses_that_follow_and_that_do_not() -> None:
    assert len(KINDS) == 25
    assert {(name, follows) for name, _, _, follows in SINGLE} == {
        (name, is_so) for name in KINDS for is_so in (True, False)
    }


@pytest.mark.parametrize(("name", "arguments"), [(name, arguments) for name, arguments, _ in CASES])
@pytest.mark.parametrize("response", ["", "  ", "\n\t\n"])
def test_a_blank_response_follows_nothing(name: str, arguments: dict[str, Any], response: str) -> None:
    (instruction,) = asked.read([name], [arguments], "here")
    assert not instruction.is_followed(response)


def test_the_names_and_arguments_are_those_that_lm_eval_lists() -> None:
    """Its files cannot be imported without data from the network, so they are read as text."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("lm_eval")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "tasks" / "ifeval"
    lines = (folder / "instructions_registry.py").read_text().partition("INSTRUCTION_CONFLICTS")[0]
    groups = dict(re.findall(r'^(_[A-Z_]+) = "(.+:)"$', lines, re.MULTILINE))
    listed = re.findall(r'^    (_[A-Z_]+) \+ "(\w+)": \(?instructions\.(\w+)', lines, re.MULTILINE)
    assert {groups[group] + name for group, name, _ in listed} == set(KINDS)

    code = (folder / "instructions.py").read_text()
    for group, name, checker in listed:
        body = code.partition(f"class {checker}(")[2]
        signature = re.search(r"def build_description\(\s*self,?(.*?)\):", body, re.DOTALL)
        assert signature is not None
        assert set(re.findall(r"(\w+)=None", signature[1])) == set(KINDS[groups[group] + name].arguments)


# The published patterns, which are slow on some texts, as an independent truth.
PATTERNS = {
    "detectable_content:number_placeholders": ({"num_placeholders": 0}, [r"\[.*?\]"]),
    "detectable_format:number_bullet_lists": ({"num_bullets": 0}, [r"^\s*\*[^\*].*$", r"^\s*-.*$"]),
}


@given(st.text("*-[]a \n\t", max_size=24), st.integers(0, 4))
def test_counts_are_those_of_the_plain_patterns(text: str, bound: int) -> None:
    for name, (arguments, patterns) in PATTERNS.items():
        count = sum(len(re.findall(pattern, text, re.MULTILINE)) for pattern in patterns)
        follows = KINDS[name].is_followed(text, **dict.fromkeys(arguments, bound))
        assert follows == (count == bound if "bullet" in name else count >= bound)


@given(st.text("<>a \n", max_size=12))
def test_a_title_is_the_longest_one_of_its_line(text: str) -> None:
    titles = re.findall(r"<<[^\n]+>>", text)
    assert KINDS["detectable_format:title"].is_followed(text) == any(
        one.lstrip("<").rstrip(">").strip() for one in titles
    )


@given(st.text("ab*\n ", max_size=16), st.integers(0, 3))
def test_paragraphs_are_counted_as_by_splitting_at_the_marks(text: str, n: int) -> None:
    pieces = re.split(r"\s?\*\*\*\s?", text)
    middle = pieces[1:-1]
    expected = all(one.strip() for one in middle) and sum(1 for one in pieces if one.strip()) == n
    assert KINDS["length_constraints:number_paragraphs"].is_followed(text, num_paragraphs=n) == expected


NASTY = ["[" * 300_000, "<<" * 150_000, "*" * 300_000, "\n" * 300_000 + "x", '{"a":' * 50_000, "[[" * 100_000 + "]" * 9, "9" * 300_000,
         ". " * 150_000, ".)" * 150_000, "A." * 150_000, "'" * 300_000, "a" * 300_000, "a@" * 150_000, "P. " * 100_000, "\ud800.", "A.\n" * 100_000]  # fmt: skip


@pytest.mark.parametrize("number", range(len(NASTY)))
def test_no_response_hangs_or_breaks_a_verdict(number: int) -> None:
    """A quadratic step on one of these takes minutes, and the limit that every test has ends it."""
    for name, arguments, _ in CASES:
        (instruction,) = asked.read([name], [arguments], "here")
        assert instruction.is_followed(NASTY[number]) in (True, False)
