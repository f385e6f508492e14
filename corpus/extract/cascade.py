"""Extracts the main text by block scoring, with trafilatura as a second opinion on about one page in six.

trafilatura runs if the block scoring is in doubt. It only decides which blocks are content. Their text is still the
text of our blocks, so sentences are not torn and paragraphs not merged. The second opinion is used only if it finds
enough text, and never on pages with code, formulas or tables.
"""

import re

import trafilatura

from corpus.extract import blocks
from corpus.extract.block import Block
from corpus.extract.names import HIDDEN, evidence_of
from corpus.extract.rendering import render

_WORD = re.compile(r"\w+")
_LONG = 10  # words that a block with a boilerplate name needs, so that the second opinion can make it content
_AGREES = 0.6  # share of a block's trigrams that must be in the second opinion
_MIN_SHARE = 0.3  # a second opinion with a smaller share of the words that were found first is ignored


def extract(html: str) -> str:
    """Returns the main text of a page, '' if it has none."""
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
    """Returns the blocks whose words are in `text`, which is another extractor's text of the same page."""
    words = _WORD.findall(text)
    if not words:
        return []

    trigrams = set(zip(words, words[1:], words[2:], strict=False))
    whole = f" {' '.join(words)} "
    return [block for block in page if _may(block) and _stands_in(_WORD.findall(block.text), trigrams, whole)]


def _may(block: Block) -> bool:
    """Whether the second opinion counts. It does not count for hidden blocks, or short ones with a boilerplate name."""
    if not block.suspects:
        return True
    return block.n_words >= _LONG and not any(evidence_of(suspect) == HIDDEN for suspect in block.suspects)


def _stands_in(words: list[str], trigrams: set[tuple[str, str, str]], whole: str) -> bool:
    if len(words) < 5:
        return bool(words) and f" {' '.join(words)} " in whole
    own = list(zip(words, words[1:], words[2:], strict=False))
    return sum(trigram in trigrams for trigram in own) >= _AGREES * len(own)
