"""Which blocks are content.

What is named boilerplate goes; the content is the element that holds most of the running text; inside it links and
neighbors decide.

Sources: link density and neighborhood rules, Kohlschütter et al. 2010, WSDM, "Boilerplate detection using shallow
text features"; the descent to the densest element, Readability (Arc90, 2009).
"""

from corpus.extract.block import HEADINGS, Block
from corpus.extract.markup import Element
from corpus.extract.names import HIDDEN, evidence_of, is_named_content, stands_beside

_WITHIN_CONTENT = frozenset(("p", "ul", "ol", "table", "tbody", "blockquote"))
_LINKED_TABLE = 0.8  # share of a table's text in links that makes it a list of links
_LEAD_BLOCKS = 25  # blocks between a title and its text, at most
_RUNNING = 15  # words of a block that no page ends with by accident
_SCRAP = 3  # words: a date, a counter, a tag
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "”", '"', "»", "」")  # a short line that ends so is no scrap
_LEAD = 10  # words of a line that only announces what follows
_CLEARED = 0.15  # share of the running text that clears a suspect
_CLEARED_ASIDE = 0.5  # the same for one that says that it stands beside the content
_CLEARED_HIDDEN = 0.6  # the same for one that is not to be seen
_DESCEND = 0.96  # share of the running text that a child must hold for the search to go down to it
_DESCEND_NAMED = 0.6  # the same for a child that calls itself the article


def without_suspects(blocks: list[Block]) -> list[Block]:
    """The blocks that stand under no suspect; a suspect that holds much of the page's running text is none."""
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
    """Share of the running text that clears a suspect. A page that hides most of its text shows it by a script."""
    if stands_beside(suspect):
        return _CLEARED_ASIDE
    return _CLEARED_HIDDEN if evidence_of(suspect) == HIDDEN else _CLEARED


def find_root(blocks: list[Block], body: Element) -> Element:
    """The deepest element that holds most of the running text."""
    good: dict[Element, float] = {}
    for block in blocks:
        running = block.running_words
        if running:
            element: Element | None = block.parent
            while element is not None:
                good[element] = good.get(element, 0.0) + running
                if element is body:
                    break
                element = element.getparent()
    root = body
    total = good.get(body, 0.0)
    if not total:
        return body
    while True:
        best = max(root, key=lambda child: good.get(child, 0.0), default=None)
        if best is None or best.tag in _WITHIN_CONTENT:
            return root
        share = _DESCEND_NAMED if is_named_content(best) else _DESCEND
        if good.get(best, 0.0) < share * good[root]:
            return root
        root = best


def choose(blocks: list[Block], root: Element) -> list[Block]:
    """The blocks under `root` that are content, by their links and neighbors."""
    inside = _with_lead(blocks, [block for block in blocks if _under(block.parent, root)])
    linked = _linked_tables(inside)
    kept: list[Block] = []
    followed = False  # whether what stands behind was kept: a heading or announcement of nothing goes
    ended = not any(block.n_words >= _RUNNING for block in inside)  # whether running text has been met from the end
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
    """Tables of data that are lists of links: a table stays or goes as a whole, whatever single rows hold."""
    characters, linked = dict[Element, int](), dict[Element, float]()
    for block in blocks:
        if block.table is not None:
            characters[block.table] = characters.get(block.table, 0) + len(block.text)
            linked[block.table] = linked.get(block.table, 0.0) + block.link_density * len(block.text)
    return {table for table, n in characters.items() if linked[table] > _LINKED_TABLE * n}


def _with_lead(blocks: list[Block], inside: list[Block]) -> list[Block]:
    """The content's blocks, and before them the page's last h1 with the running text between it and the content."""
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
