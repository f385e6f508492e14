"""Main text by scoring blocks on the parsed tree, in two passes over it: one for text, one for decisions.

A page is flattened into blocks: a paragraph, heading, list item, table row, or preformatted piece, each with its
text, how much of it is links, and the element it hangs under. What names itself navigation, sharing, comments and
the like is left out on the way. The content is then the element that holds most of the running text; inside it a
block stays unless links or its neighbors speak against it.

Sources: link density and neighborhood rules, Kohlschütter et al. 2010, WSDM, "Boilerplate detection using shallow
text features"; the descent to the densest element, Readability (Arc90, 2009). AFM names both families: Safari's
reader mode and Boilerpipe (arXiv:2407.21075, section 3.1).

Structure that a language model needs survives: `pre` byte for byte, list items, table cells, headings on lines of
their own, TeX from MathML annotations, MathJax scripts and image alternatives.
"""

import re
from dataclasses import dataclass, field

import lxml.etree

from corpus.extract import markup
from corpus.extract.markup import Element
from corpus.extract.names import is_named_content, is_suspect

_SKIPPED = frozenset(
    "script style noscript template iframe svg canvas object embed select option button input textarea "
    "datalist head audio video map progress meter".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html li main menu ol p pre section summary table "
    "tbody tfoot thead tr ul".split()
)
_WITHIN_CONTENT = frozenset(("p", "ul", "ol", "table", "tbody", "blockquote"))
_LINES = frozenset(("tr", "li", "dd", "dt"))  # blocks that stand on lines of their own, without empty ones between
_CELL = "\x1f"  # between the cells of a table row, until it is rendered
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0\u200b]+")
_BREAK = "\x1e"  # a line break, until the block ends
_MIN_GOOD = 20  # words of a block that count as running text
_GOOD_LINKS = 0.4
_FEW_WORDS = 60  # fewer leave doubt
_FRAME_DEPTH = 4  # elements above the content, html among them; fewer leave doubt
_LEAD_BLOCKS = 25  # blocks between a title and its text, at most
_RUNNING = 15  # words of a block that no page ends with by accident
_SCRAP = 3  # words: a date, a counter, a tag
_LEAD = 10  # words of a line that only announces what follows
_CLEARED = 0.15  # share of the running text that clears a suspect
_DESCEND = 0.96  # share of the running text that a child must hold for the search to go down to it
_DESCEND_NAMED = 0.6  # the same for a child that calls itself the article


@dataclass(slots=True)
class Block:
    """A piece of text between two block elements."""

    parent: Element
    tag: str
    text: str
    n_words: int
    link_density: float
    suspects: tuple[Element, ...] = ()  # elements around it that name themselves boilerplate
    verbatim: bool = False

    @property
    def is_running_text(self) -> bool:
        """Whether it counts in the search for the content."""
        return self.verbatim or (self.n_words >= _MIN_GOOD and self.link_density <= _GOOD_LINKS)


@dataclass(slots=True)
class _Open:
    """The block being gathered."""

    parts: list[str] = field(default_factory=list)
    link_characters: int = 0
    suspects: list[Element] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MainText:
    """What the scoring found, and whether it found it without much doubt."""

    text: str
    is_sure: bool


def extract(html: str) -> str:
    """Main text of a page; empty where it has none."""
    return find(html).text


def find(html: str) -> MainText:
    """Main text of a page. Unsure where little was found, or where no element below the page's frame holds it."""
    tree = markup.parse(html)
    if tree is None:
        return MainText("", True)
    body = tree.find("body")
    body = tree if body is None else body
    blocks = without_suspects(flatten(body))
    root = find_root(blocks, body)
    chosen = choose(blocks, root)
    n_words = sum(block.n_words for block in chosen)
    depth = sum(1 for _ in root.iterancestors())
    has_markup = any(block.verbatim or "$" in block.text or block.tag == "tr" for block in chosen)
    return MainText(render(chosen), has_markup or (n_words >= _FEW_WORDS and depth >= _FRAME_DEPTH))


def flatten(body: Element) -> list[Block]:
    """The page's blocks in order."""
    blocks: list[Block] = []
    opened = _Open()
    n_links = 0
    stack: list[Element] = [body]
    passed: set[Element] = set()  # elements whose inside is not walked: only their tail counts
    walk = lxml.etree.iterwalk(body, events=("start", "end", "comment", "pi"))

    for event, element in walk:
        tag = element.tag
        if event == "start":
            formula = markup.tex(element) if tag in markup.FORMULA_TAGS else None
            if formula is not None:
                opened.parts.append(formula)
            elif tag == "pre":
                _close(blocks, opened, stack[-1])
                text = markup.preformatted(element)
                if text.strip():
                    blocks.append(Block(element, "pre", text, len(text.split()), 0.0, tuple(opened.suspects), True))
            elif isinstance(tag, str) and tag not in _SKIPPED:
                if tag in _BLOCKS and element is not body:
                    _close(blocks, opened, stack[-1])
                    stack.append(element)
                if is_suspect(element, tag):
                    opened.suspects.append(element)
                if tag == "a":
                    n_links += 1
                elif tag == "br":
                    opened.parts.append(_BREAK)
                elif tag in ("td", "th") and element.getprevious() is not None:
                    opened.parts.append(_CELL)
                _gather(opened, element.text, n_links)
                continue
            passed.add(element)
            walk.skip_subtree()
            continue

        if element in passed:
            passed.discard(element)
        elif event == "end":
            if tag in _BLOCKS and element is not body:
                _close(blocks, opened, element, tag)
                stack.pop()
            elif tag == "a":
                n_links -= 1
            if opened.suspects and opened.suspects[-1] is element:
                if tag not in _BLOCKS:
                    _close(blocks, opened, stack[-1])
                opened.suspects.pop()

        if element is not body:
            _gather(opened, element.tail, n_links)
    _close(blocks, opened, body)
    return blocks


def _gather(opened: _Open, text: str | None, n_links: int) -> None:
    if text:
        opened.parts.append(text)
        if n_links:
            opened.link_characters += len(text.strip())


def _close(blocks: list[Block], opened: _Open, parent: Element, tag: str = "") -> None:
    """Ends the block being gathered, if it holds any text."""
    if opened.parts:
        raw = "".join(opened.parts)
        text = "" if raw.isspace() else _folded(raw, tag or str(parent.tag))
        if text:
            density = min(opened.link_characters / len(text), 1.0)
            n_words = len(text.split())
            blocks.append(Block(parent, tag or str(parent.tag), text, n_words, density, tuple(opened.suspects)))
        opened.parts = []
    opened.link_characters = 0


def _folded(raw: str, tag: str) -> str:
    """White space as one blank, breaks as line ends, the cells of a row with bars between them."""
    text = _SPACE.sub(" ", raw)
    if _CELL in text:
        cells = [cell.strip() for cell in text.split(_CELL)]
        if tag == "tr" and sum(map(bool, cells)) > 1:
            text = " | ".join(cell.replace(_BREAK, " ") for cell in cells)
        else:
            text = " ".join(cell for cell in cells if cell)
    if _BREAK in text:
        text = "\n".join(line for line in map(str.strip, text.split(_BREAK)) if line)
    return text.strip()


def without_suspects(blocks: list[Block]) -> list[Block]:
    """The blocks that stand under no suspect; a suspect that holds much of the page's running text is none."""
    total, held = 0, dict[Element, int]()
    for block in blocks:
        if block.is_running_text:
            total += block.n_words
            for suspect in block.suspects:
                held[suspect] = held.get(suspect, 0) + block.n_words
    cleared = {suspect for suspect, n_words in held.items() if n_words > _CLEARED * total}
    return [block for block in blocks if cleared.issuperset(block.suspects)]


def find_root(blocks: list[Block], body: Element) -> Element:
    """The deepest element that holds most of the running text."""
    good: dict[Element, float] = {}
    for block in blocks:
        if block.is_running_text:
            element: Element | None = block.parent
            while element is not None:
                good[element] = good.get(element, 0.0) + block.n_words
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
    kept: list[Block] = []
    followed = False  # whether what stands behind was kept: a heading or announcement of nothing goes
    ended = not any(block.n_words >= _RUNNING for block in inside)  # whether running text has been met from the end
    for i in range(len(inside) - 1, -1, -1):
        block = inside[i]
        before = inside[i - 1] if i else None
        after = inside[i + 1] if i + 1 < len(inside) else None
        leads = block.tag in _HEADINGS or (block.n_words <= _LEAD and block.text.endswith(":"))
        ended = ended or block.verbatim or block.n_words >= _RUNNING or block.tag in _LINES
        content = block.verbatim or _is_content(block, before, after)
        if content and (followed or not leads) and (ended or block.n_words > _SCRAP):
            kept.append(block)
            followed = True
        elif not content and block.n_words > 2:
            followed = False
    return kept[::-1]


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
    if block.tag in _HEADINGS:
        return block.link_density < 0.34
    if block.n_words < _SCRAP and block.tag in ("div", "section", "article"):
        return False
    if block.n_words < _LEAD and block.link_density > 0.3:
        return False
    if block.n_words >= 8 or before is None or before.link_density <= 0.55:
        return True
    return after is not None and after.link_density <= 0.55


def render(blocks: list[Block]) -> str:
    """Blocks as text: list items and table rows on lines of their own, an empty line between all others."""
    pieces: list[str] = []
    line_before = False
    for block in blocks:
        is_line = block.tag in _LINES
        if pieces:
            pieces.append("\n" if is_line and line_before else "\n\n")
        pieces.append(_bullet(block.parent) + block.text if block.tag == "li" else block.text)
        line_before = is_line
    return "".join(pieces)


def _bullet(item: Element) -> str:
    """What a list item begins with: two blanks a level, then a hyphen or its number."""
    lists = [element.tag for element in item.iterancestors("ul", "ol")]
    indent = "  " * max(len(lists) - 1, 0)
    if not lists or lists[0] == "ul":
        return f"{indent}- "
    number = 1 + sum(1 for _ in item.itersiblings("li", preceding=True))
    return f"{indent}{number}. "
