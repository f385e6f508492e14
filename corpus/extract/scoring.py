"""Chooses the blocks that are content, in three steps.

1. Blocks in elements with a boilerplate name are dropped.
2. The content is the element that holds most of the running text.
3. Inside it, a block's links and its neighbors decide.

Sources: link density and neighborhood rules, Kohlschütter et al. 2010, WSDM, "Boilerplate detection using shallow
text features"; the descent to the densest element, Readability (Arc90, 2009).
"""

from corpus.extract.block import HEADINGS, Block
from corpus.extract.markup import Element
from corpus.extract.names import HIDDEN, evidence_of, is_named_content, stands_beside

_WITHIN_CONTENT = frozenset(("p", "ul", "ol", "table", "tbody", "blockquote"))
_LINKED_TABLE = 0.8  # a table with a larger share of its text in links is a list of links
_LEAD_BLOCKS = 25  # the largest number of blocks between a title and its text
_RUNNING = 15  # a block of so many words is running text, which does not follow the content by accident
_SCRAP = 3  # words; a shorter block is a date, a counter, a tag
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "”", '"', "»", "」")  # a short line with such an end is text
_LEAD = 10  # words; a line up to this length can be an announcement of the next blocks
_CLEARED = 0.15  # a suspect that holds a larger share of the running text is content
_CLEARED_ASIDE = 0.5  # the same for a suspect whose name says that it is beside the content
_CLEARED_HIDDEN = 0.6  # the same for a suspect that is hidden
_DESCEND = 0.96  # share of the running text that a child must hold; then the search continues in the child
_DESCEND_NAMED = 0.6  # the same for a child whose name says that it is the article


def without_suspects(blocks: list[Block]) -> list[Block]:
    """Returns the blocks that are not in a suspect element.

    A suspect that holds much of the page's running text is cleared: its blocks are kept.
    """
    total, held = 0.0, dict[Element, float]()
    for block in blocks:
        running = block.running_words
        if running:
            total += running
            for suspect in block.suspects:
                held[suspect] = held.get(suspect, 0) + running

    cleared = {suspect for suspect, n_words in held.items() if n_words > _share(suspect) * total}
    return [block for block in blocks if cleared.issuperset(block.suspects)]


def _share(suspect: Element) -> float:
    """Returns the share of the running text that clears a suspect.

    A hidden element can be cleared, too: a page that hides most of its text shows it with a script.
    """
    if stands_beside(suspect):
        return _CLEARED_ASIDE
    return _CLEARED_HIDDEN if evidence_of(suspect) == HIDDEN else _CLEARED


def find_root(blocks: list[Block], body: Element) -> Element:
    """Returns the deepest element that holds most of the running text; `body` if there is no running text."""
    # `good` holds the running words in each element, with all elements inside it.
    good: dict[Element, float] = {}
    for block in blocks:
        running = block.running_words
        if running:
            element: Element | None = block.parent
            # A block's words count for every element around it, up to the body.
            while element is not None:
                good[element] = good.get(element, 0.0) + running
                if element is body:
                    break
                element = element.getparent()

    root = body
    total = good.get(body, 0.0)
    if not total:
        return body

    # Go down to the best child as long as it holds nearly all of the text.
    while True:
        best = max(root, key=lambda child: good.get(child, 0.0), default=None)
        if best is None or best.tag in _WITHIN_CONTENT:
            return root
        share = _DESCEND_NAMED if is_named_content(best) else _DESCEND
        if good.get(best, 0.0) < share * good[root]:
            return root
        root = best


def choose(blocks: list[Block], root: Element) -> list[Block]:
    """Returns the blocks under `root` that are content, judged by their links and neighbors.

    The blocks are judged from the last to the first, because a heading or announcement is kept only if the block after
    it is kept. Scraps after the last running text are dropped.
    """
    inside = _with_lead(blocks, [block for block in blocks if _under(block.parent, root)])
    linked = _linked_tables(inside)

    kept: list[Block] = []
    followed = False  # whether the block after this one was kept
    ended = not any(block.n_words >= _RUNNING for block in inside)  # whether running text was met, seen from the end
    for i in range(len(inside) - 1, -1, -1):
        block = inside[i]
        before = inside[i - 1] if i else None
        after = inside[i + 1] if i + 1 < len(inside) else None

        leads = block.tag in HEADINGS or (block.n_words <= _LEAD and block.text.endswith(":"))
        ended = ended or block.verbatim or block.n_words >= _RUNNING or block.is_line
        if block.table is not None:
            content = block.table not in linked
        else:
            content = block.verbatim or _is_content(block, before, after)

        if content and (followed or not leads) and (ended or block.n_words > _SCRAP):
            kept.append(block)
            followed = True
        elif not content and block.n_words > 2:
            followed = False
    return kept[::-1]


def _linked_tables(blocks: list[Block]) -> set[Element]:
    """Returns the data tables that are lists of links. A table is kept or dropped as a whole."""
    characters, linked = dict[Element, int](), dict[Element, float]()
    for block in blocks:
        if block.table is not None:
            characters[block.table] = characters.get(block.table, 0) + len(block.text)
            linked[block.table] = linked.get(block.table, 0.0) + block.link_density * len(block.text)
    return {table for table, n in characters.items() if linked[table] > _LINKED_TABLE * n}


def _with_lead(blocks: list[Block], inside: list[Block]) -> list[Block]:
    """Returns the content's blocks, with the title in front if the content has none.

    The title is the last h1 before the content. The running text between the two is returned, too.
    """
    if not inside or any(block.tag == "h1" for block in inside):
        return inside

    first = next(i for i, block in enumerate(blocks) if block is inside[0])
    title = next((i for i in range(first - 1, max(first - _LEAD_BLOCKS, 0) - 1, -1) if blocks[i].tag == "h1"), None)
    if title is None:
        return inside
    between = [block for block in blocks[title + 1 : first] if block.n_words >= _RUNNING and block.link_density < 0.3]
    return [blocks[title], *between, *inside]


def _under(element: Element | None, root: Element) -> bool:
    while element is not None:
        if element is root:
            return True
        element = element.getparent()
    return False


def _is_content(block: Block, before: Block | None, after: Block | None) -> bool:
    if block.link_density > 0.5:
        return block.n_words > 40 and block.link_density < 0.8
    if block.tag in HEADINGS:
        return block.link_density < 0.34
    if block.n_words < _SCRAP and block.tag in ("div", "section", "article"):
        return block.text.endswith(_SENTENCE_ENDS)
    if block.n_words < _LEAD and block.link_density > 0.3:
        return False
    if block.n_words >= 8 or before is None or before.link_density <= 0.55:
        return True
    return after is not None and after.link_density <= 0.55
