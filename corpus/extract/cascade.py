"""Block scoring, and trafilatura's opinion where that leaves doubt: about one page in six.

The second opinion says which blocks are content; their text stays ours, so that it tears no sentence and merges no
paragraphs. It is taken only where it finds something, and never on pages with code, formulas or tables.
"""

import re

import trafilatura

from corpus.extract import blocks
from corpus.extract.block import Block
from corpus.extract.names import HIDDEN, evidence_of
from corpus.extract.rendering import render

_WORD = re.compile(r"\w+")
_LONG = 10  # words of a piece of boilerplate that the second opinion may call content
_AGREES = 0.6  # share of a block's trigrams that the second opinion holds
_MIN_SHARE = 0.3  # of the words found first: less is no opinion


def extract(html: str) -> str:
    """Main text of a page."""
    found = blocks.find(html)
    if found.is_sure:
        return found.text
    second = trafilatura.extract(html, fast=True, include_comments=False) or ""
    chosen = agreed(found.blocks, second)
    n_ours, n_second = (sum(block.n_words for block in side) for side in (found.chosen, chosen))
    if n_second and (n_second >= _MIN_SHARE * n_ours):
        return render(chosen)
    return found.text


def agreed(page: list[Block], text: str) -> list[Block]:
    """The blocks whose words stand in a text of the same page."""
    words = _WORD.findall(text)
    if not words:
        return []
    trigrams = set(zip(words, words[1:], words[2:], strict=False))
    whole = f" {' '.join(words)} "
    return [block for block in page if _may(block) and _stands_in(_WORD.findall(block.text), trigrams, whole)]


def _may(block: Block) -> bool:
    """Whether the second opinion counts: not for what nobody sees, nor for short pieces of named boilerplate."""
    if not block.suspects:
        return True
    return block.n_words >= _LONG and not any(evidence_of(suspect) == HIDDEN for suspect in block.suspects)


def _stands_in(words: list[str], trigrams: set[tuple[str, str, str]], whole: str) -> bool:
    if len(words) < 5:
        return bool(words) and f" {' '.join(words)} " in whole
    own = list(zip(words, words[1:], words[2:], strict=False))
    return sum(trigram in trigrams for trigram in own) >= _AGREES * len(own)
