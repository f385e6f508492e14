"""Marks of list items. Truth: the algorithm of the HTML Living Standard, 4.4.5 and 4.4.8, and CSS Counter Styles."""

import pytest

from corpus.extract.lists import label
from tests.corpus.extract.pages import between

LISTS = {
    "start": ('<ol start="3"><li>c<li>d</ol>', "3. c\n4. d"),
    "value": ('<ol><li>a<li value="7">g<li>h</ol>', "1. a\n7. g\n8. h"),
    "reversed": ("<ol reversed><li>x<li>y<li>z</ol>", "3. x\n2. y\n1. z"),
    "reversed from a start": ('<ol reversed start="10"><li>x<li>y</ol>', "10. x\n9. y"),
    "letters": ('<ol type="a"><li>q<li>r</ol>', "a. q\nb. r"),
    "Roman numerals": ('<ol type="I" start="4"><li>q<li>r</ol>', "IV. q\nV. r"),
    "what is no number": ('<ol start="x"><li value="">q<li value="-1">r</ol>', "1. q\n-1. r"),
    "nested": (
        "<ol><li>one<ul><li>inner</li></ul></li><li>two<ol><li>deep</li></ol></li></ol>",
        "1. one\n  - inner\n2. two\n  1. deep",
    ),
    "paragraphs of an item": (
        "<ul><li><p>one paragraph</p><p>second paragraph</p></li><li>two</li></ul>",
        "- one paragraph\n  second paragraph\n- two",
    ),
    "an item that begins with a heading has none": (
        "<ul><li><h3>A card of its own</h3><p>It has some text of its own, as cards do.</p></li></ul>",
        "A card of its own\n\nIt has some text of its own, as cards do.",
    ),
    "a list directly in a list": ("<ul><li>one</li><ul><li>two</li></ul></ul>", "- one\n  - two"),
    "an item outside of any list": ("<li>alone in the page</li>", "alone in the page"),
    "terms": ("<dl><dt>term<dd>meaning<dd>another</dl>", "term\nmeaning\nanother"),
}


@pytest.mark.parametrize(("inside", "wanted"), LISTS.values(), ids=LISTS)
def test_items_have_their_marks(inside: str, wanted: str) -> None:
    assert between(inside) == wanted


def test_letters_and_numerals_are_what_they_count() -> None:
    letters = [label(n, "a") for n in range(1, 800)]
    assert letters[:3] == ["a", "b", "c"]
    assert (letters[25], letters[26], letters[701], letters[702]) == ("z", "aa", "zz", "aaa")
    assert [sum((ord(c) - 96) * 26**i for i, c in enumerate(word[::-1])) for word in letters] == list(range(1, 800))

    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}

    def read(roman: str) -> int:
        numbers = [values[c] for c in roman]
        return sum(n if n >= max(numbers[i:]) else -n for i, n in enumerate(numbers))

    assert [read(label(n, "i")) for n in range(1, 4000)] == list(range(1, 4000))
    assert label(4, "I") == "IV"


@pytest.mark.parametrize("number", [0, -3, 4000])
def test_numbers_without_a_numeral_are_digits(number: int) -> None:
    assert label(number, "i") == str(number)
    assert label(min(number, 0), "A") == str(min(number, 0))
    assert label(number, "?") == str(number)
