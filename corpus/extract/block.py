"""A piece of a page between two block elements, and what is known of it."""

import re
from dataclasses import dataclass

from corpus.extract.markup import Element

HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_MIN_GOOD = 20  # words of a block that count as running text
_GOOD_LINKS = 0.4
_SHORT = 8  # words of a paragraph that counts in part
_SHORT_LINKS = 0.1
_PARAGRAPHS = frozenset(("p", "div", "td", "blockquote", "section", "article"))
_SHORT_COUNTS = 0.3
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_UNSPACED_ALPHABETIC = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_CHARACTERS_A_WORD = 2, 4


def count_words(text: str) -> int:
    """Words between blanks; in scripts that are written without blanks, two ideographs or four letters make a word."""
    n_words = len(text.split())
    if text.isascii():
        return n_words
    ideographs, letters = _CHARACTERS_A_WORD
    n_unspaced = len(_UNSPACED.findall(text)) // ideographs + len(_UNSPACED_ALPHABETIC.findall(text)) // letters
    return max(n_words, n_unspaced) if n_unspaced else n_words


@dataclass(slots=True)
class Block:
    """A paragraph, heading, list item, table row, or preformatted piece."""

    parent: Element
    tag: str
    text: str
    n_words: int
    link_density: float  # share of its characters that stand in links
    suspects: tuple[Element, ...] = ()  # elements around it that name themselves boilerplate
    verbatim: bool = False
    has_formula: bool = False
    table: Element | None = None  # the data table whose row it is
    marker: str | None = None  # what a list item begins with; "" further down in an item; None outside of lists
    indent: int = 0  # levels of lists around it, but for the first

    @property
    def running_words(self) -> float:
        """Words of running text, which count in the search for the content; short paragraphs count for less."""
        if self.verbatim or (self.n_words >= _MIN_GOOD and self.link_density <= _GOOD_LINKS):
            return self.n_words
        if self.n_words >= _SHORT and self.tag in _PARAGRAPHS and self.link_density <= _SHORT_LINKS:
            return self.n_words * _SHORT_COUNTS
        return 0

    @property
    def is_line(self) -> bool:
        """Whether it stands on a line of its own, without an empty one before the next such line."""
        return self.tag in ("tr", "li", "dd", "dt") or self.marker is not None
