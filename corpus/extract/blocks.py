"""Main text by scoring blocks on the parsed tree, in two passes over it: one for text, one for decisions.

A page is flattened into blocks (`flatten`). What names itself navigation, sharing, comments and the like is left out;
the content is then the element that holds most of the running text, and inside it a block stays unless links or its
neighbors speak against it (`scoring`).

AFM names both families that the rules come from: Safari's reader mode and Boilerpipe (arXiv:2407.21075, section 3.1).
"""

from dataclasses import dataclass

from corpus.extract import markup
from corpus.extract.block import Block
from corpus.extract.flatten import flatten
from corpus.extract.rendering import render
from corpus.extract.scoring import choose, find_root, without_suspects

_FEW_WORDS = 60  # fewer leave doubt
_ALL = 0.9  # share of the page's words that leaves nothing to ask about
_FRAME_DEPTH = 4  # elements above the content, html among them; fewer leave doubt


@dataclass(frozen=True, slots=True)
class MainText:
    """What the scoring found, and whether it found it without much doubt."""

    text: str
    is_sure: bool
    chosen: list[Block]
    blocks: list[Block]  # all of the page


def extract(html: str) -> str:
    """Main text of a page; empty where it has none."""
    return find(html).text


def find(html: str) -> MainText:
    """Main text of a page.

    Unsure where little was found, or where no element below the page's frame holds it and something was left out.
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
