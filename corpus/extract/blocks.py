"""Extracts the main text by scoring blocks of the parsed tree, in two passes: one for text, one for decisions.

A page is flattened into blocks (`flatten`). Elements whose names say navigation, sharing, comments and the like are
dropped. Then the element that holds most of the running text is the content. Inside it a block is kept, unless its
links or its neighbors are evidence against it (`scoring`).

AFM names both families that the rules come from: Safari's reader mode and Boilerpipe (arXiv:2407.21075, section 3.1).
"""

from dataclasses import dataclass

from corpus.extract import markup
from corpus.extract.block import Block
from corpus.extract.flatten import flatten
from corpus.extract.rendering import render
from corpus.extract.scoring import choose, find_root, without_suspects

_FEW_WORDS = 60  # the result is in doubt with fewer words
_ALL = 0.9  # share of the page's words from which on the result is not in doubt
_FRAME_DEPTH = 4  # the result is in doubt with fewer elements above the content, html included


@dataclass(frozen=True, slots=True)
class MainText:
    """The result of the scoring."""

    text: str
    is_sure: bool  # whether the result is not in doubt
    chosen: list[Block]  # the blocks of the main text
    blocks: list[Block]  # all blocks of the page


def extract(html: str) -> str:
    """Returns the main text of a page, '' if it has none."""
    return find(html).text


def find(html: str) -> MainText:
    """Returns the main text of a page, and whether it is sure.

    It is unsure if little text was found. It is also unsure if some text was left out and the content is not an element
    below the page's frame.
    """
    tree = markup.parse(html)
    if tree is None:
        return MainText("", True, [], [])
    body = tree.find("body")
    body = tree if body is None else body

    every = flatten(body)
    blocks = without_suspects(every)
    root = find_root(blocks, body)
    chosen = choose(blocks, root)

    n_words = sum(block.n_words for block in chosen)
    depth = sum(1 for _ in root.iterancestors())
    has_markup = any(block.verbatim or block.has_formula or block.table is not None for block in chosen)
    takes_all = n_words >= _ALL * sum(block.n_words for block in every)
    is_sure = has_markup or (n_words >= _FEW_WORDS and (depth >= _FRAME_DEPTH or takes_all))
    return MainText(render(chosen), is_sure, chosen, every)
