"""The block: a piece of a page between two block elements, with its features."""

import re
from dataclasses import dataclass

from corpus.extract.markup import Element

HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_MIN_GOOD = 20  # words that a block needs to count as running text
_GOOD_LINKS = 0.4  # the largest link density that it may have
_SHORT = 8  # words that a short paragraph needs to count in part
_SHORT_LINKS = 0.1  # the largest link density that it may have
_PARAGRAPHS = frozenset(("p", "div", "td", "blockquote", "section", "article"))
_SHORT_COUNTS = 0.3  # the share of a short paragraph's words that count
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_UNSPACED_ALPHABETIC = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_CHARACTERS_A_WORD = 2, 4  # ideographs, letters


def count_words(text: str) -> int:
    """Returns the number of words, which are separated by white space.

    In scripts that are written without blanks, two ideographs or four letters count as a word.
    """
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
    link_density: float  # share of its characters that are in links
    suspects: tuple[Element, ...] = ()  # elements around it that have a boilerplate name or are hidden
    verbatim: bool = False  # whether it is preformatted
    has_formula: bool = False
    table: Element | None = None  # the data table, if the block is one of its rows
    marker: str | None = None  # "- " or "1. " for an item's first block, "" for its later ones, None outside of items
    indent: int = 0  # number of lists around it, minus one

    @property
    def running_words(self) -> float:
        """Words of running text, which the search for the content counts. Short paragraphs count for less."""
        if self.verbatim or (self.n_words >= _MIN_GOOD and self.link_density <= _GOOD_LINKS):
            return self.n_words
        if self.n_words >= _SHORT and self.tag in _PARAGRAPHS and self.link_density <= _SHORT_LINKS:
            return self.n_words * _SHORT_COUNTS
        return 0

    @property
    def is_line(self) -> bool:
        """Whether the block is one line, with no empty line between it and another such block."""
        return self.tag in ("tr", "li", "dd", "dt") or self.marker is not None
