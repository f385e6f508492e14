"""Turns a page into a list of blocks, in one walk over its tree.

A block element ends the block before it and begins another. Three kinds of element are taken whole: preformatted
elements (`verbatim`), formulas (`formulas`), and the rows of data tables (`tables`). Such a row becomes one line of
cells, whatever elements are in the cells.

The name of an inline element counts only if its block has no other text. In a sentence,
`<span class="date">12 May</span>` is content; alone in its block, it is a date line.
"""

import itertools
import re

import lxml.etree

from corpus.extract import formulas, lists, scripts, tables, verbatim
from corpus.extract.block import HEADINGS, Block, count_words
from corpus.extract.elements import (
    ASKED,
    BLOCK,
    FORMULA,
    SIMPLE,
    SKIPPED,
    SPECIAL_BLOCKS,
    SUSPECT,
    TAKEN_WHOLE,
    UNKNOWN,
    UNSEEN,
    VERBATIM,
    forget,
    look,
)  # fmt: skip
from corpus.extract.markup import Element
from corpus.extract.names import Attributes

_WITH_END = frozenset(("a", "sub", "sup", "rt"))  # inline elements whose end always needs a step
_FORGET = 100  # the cache of attributes is cleared after so many pages, because some attributes are long
_TABLE_PARTS = frozenset(("tr", "thead", "tbody", "tfoot"))
_CELL = "\x1f"  # marks the cells of a table row until the block ends
_BREAK = "\x1e"  # marks a line break until the block ends
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_ZERO_WIDTH = re.compile(r"[\u00ad\u200b\ufeff]")
_LETTER = re.compile(r"\w")
_QUESTION_MARKS = ("?", "？", "؟")


class _Open:
    """The current block, which is not yet complete."""

    __slots__ = ("has_formula", "hidden", "link_characters", "named", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.hidden: list[str] = []  # text that a reader of the page does not see
        self.named: dict[int, Element] | None = None  # part's index -> the inline element with a suspect name around it
        self.link_characters = 0
        self.has_formula = False


_pages = itertools.count()


def flatten(body: Element) -> list[Block]:
    """Returns the page's blocks in order."""
    if next(_pages) % _FORGET == 0:
        forget()
    walk = _Walk(body)
    walk.run()
    return walk.blocks


class _Walk:
    """The state of the walk: the finished blocks, the current block, and the elements around the current place."""

    def __init__(self, body: Element) -> None:
        self.body = body
        self.blocks: list[Block] = []
        self.opened = _Open()

        # Elements around the current place, the outermost first.
        self.stack: list[Element] = [body]  # block elements
        self.suspects: list[Element] = []  # block elements that have a boilerplate name or are hidden
        self.named: list[Element] = []  # inline elements with a boilerplate name
        self.hidden: list[Element] = []  # inline elements that are hidden
        self.n_links = 0  # links
        self.lists = lists.Lists()
        self.tables: list[tuple[Element, bool]] = []  # tables, and whether each holds data
        self.row: Element | None = None  # the row of a data table: no block ends inside it
        self.raised: list[tuple[Element, _Open, int]] = []  # sub- and superscripts, their blocks and first parts

    def run(self) -> None:
        """Walks the tree once."""
        walk = lxml.etree.iterwalk(self.body, events=("start", "end", "comment", "pi"))
        whole: set[Element] = set()  # elements whose inside is not walked: only their tail counts
        stack = self.stack
        for event, element in walk:
            if event == "start":
                # An element begins. `text` is its text before its first child.
                tag = element.tag
                kind = look(tag, element.items())
                if kind & TAKEN_WHOLE and self._take(element, tag, kind):
                    whole.add(element)
                    walk.skip_subtree()
                    continue

                if kind & SIMPLE and self.row is None and element is not self.body:
                    if self.opened.parts or self.opened.hidden:
                        self._close(stack[-1])
                    stack.append(element)
                elif kind & BLOCK or (kind & UNKNOWN and _stands_alone(element)):
                    self._begin_block(element, tag, kind)
                elif kind & ASKED:
                    self._begin_inline(element, tag, kind)
                text = element.text
            else:
                # An element, a comment or a processing instruction ends. `text` is the text after it.
                if whole and element in whole:
                    whole.discard(element)
                elif event == "end":
                    if element is stack[-1]:
                        self._end_block(element)
                    elif element.tag in _WITH_END or self.hidden or self.named:
                        self._end_inline(element, element.tag)
                text = element.tail if element is not self.body else None

            if text:
                if not text.isspace():
                    self._gather(text)
                elif self.opened.parts:  # white space before the first word of a block is dropped
                    self.opened.parts.append(" ")

        self._close(self.body)

    def _take(self, element: Element, tag: str, kind: int) -> bool:
        """Takes a formula or a preformatted element whole, or skips an element without text.

        Returns False if the element must be walked instead.
        """
        attributes = dict(element.items())
        if kind & FORMULA:
            formula = formulas.tex(element, tag, attributes)
            if formula is not None:
                if formula:
                    self._gather(formula)
                    self.opened.has_formula = True
                return True

        if kind & SKIPPED:
            return True
        return kind & VERBATIM > 0 and self.row is None and self._verbatim(element, tag, attributes)

    def _verbatim(self, element: Element, tag: str, attributes: Attributes) -> bool:
        """Takes a preformatted element as one block. Returns False if the element is not preformatted."""
        text = verbatim.text(element, tag, attributes)
        if text is None:
            return False

        self._close(self.stack[-1])
        if text.strip():
            around = (*self.suspects, *self.named, *self.hidden)
            self.blocks.append(Block(element, "pre", text, count_words(text), 0.0, around, verbatim=True))
        return True

    def _begin_block(self, element: Element, tag: str, kind: int) -> None:
        if element is self.body:
            return
        if self.row is not None:
            self._begin_in_row(element, tag, kind)
            return

        self._close(self.stack[-1])
        self.stack.append(element)
        if tag == "table":
            self.tables.append((element, tables.holds_data(element)))
        elif tag == "tr":
            self.row = element if self.tables and self.tables[-1][1] else None
        elif tag in lists.TAGS:
            self.lists.begin(element, tag)
        elif tag == "a":  # shown as a block
            self.n_links += 1

        if kind & UNSEEN or (kind & SUSPECT and not self._is_data(tag)):
            self.suspects.append(element)

    def _is_data(self, tag: str) -> bool:
        """Whether an element is a part of a data table. Its name describes the data, so it is not evidence."""
        return tag in _TABLE_PARTS and bool(self.tables) and self.tables[-1][1]

    def _begin_in_row(self, element: Element, tag: str, kind: int) -> None:
        """Begins a block element inside a row of data. Names are ignored there, and a space separates blocks."""
        self.stack.append(element)
        if tag in ("td", "th") and element.getparent() is self.row:
            self.opened.parts.append(_CELL)
        else:
            self.opened.parts.append(" ")
        if kind & UNSEEN:
            self.hidden.append(element)

    def _begin_inline(self, element: Element, tag: str, kind: int) -> None:
        if tag == "a":
            self.n_links += 1
        elif tag == "br":
            self.opened.parts.append(_BREAK)
        elif tag in ("sub", "sup", "rt"):
            self.raised.append((element, self.opened, len(self.opened.parts)))

        if tag == "button" and not self._is_question(element):
            kind |= SUSPECT
        if kind & UNSEEN:
            self.hidden.append(element)
        elif kind & SUSPECT and self.row is None and self.stack[-1].tag not in HEADINGS:
            self.named.append(element)

    def _is_question(self, button: Element) -> bool:
        """Whether a button is a heading: it opens the text below it."""
        if self.stack[-1].tag in (*HEADINGS, "summary", "dt") or any(child.tag in HEADINGS for child in button.iter()):
            return True
        return "".join(button.itertext()).rstrip().endswith(_QUESTION_MARKS)

    def _end_inline(self, element: Element, tag: str) -> None:
        if tag == "a":
            self.n_links -= 1
        elif self.raised and self.raised[-1][0] is element:
            _, opened, begin = self.raised.pop()
            if opened is self.opened:
                scripts.finish(opened.parts, begin, element)

        for around in (self.hidden, self.named):
            if around and around[-1] is element:
                around.pop()

    def _end_block(self, element: Element) -> None:
        if element is self.body:
            return
        self.stack.pop()
        tag = element.tag

        # Inside a row of a data table, the row's block continues.
        if self.row is not None and element is not self.row:
            self.opened.parts.append(" ")
            if self.hidden and self.hidden[-1] is element:
                self.hidden.pop()
            return

        if self.opened.parts or self.opened.hidden:
            self._close(element, tag)
        if self.suspects and self.suspects[-1] is element:
            self.suspects.pop()

        if tag not in SPECIAL_BLOCKS:
            return
        if tag == "table":
            self.tables.pop()
        elif tag == "tr":
            self.row = None
        elif tag in lists.TAGS:
            self.lists.end(element, tag)
        elif tag == "a":
            self.n_links -= 1

    def _gather(self, text: str) -> None:
        """Adds text to the current block."""
        opened = self.opened
        if self.hidden:
            opened.hidden.append(text)
            return

        if self.named:
            opened.named = opened.named or {}
            opened.named[len(opened.parts)] = self.named[-1]
        opened.parts.append(text)
        if self.n_links:
            opened.link_characters += len(text.strip())

    def _close(self, parent: Element, tag: str = "") -> None:
        """Ends the current block and keeps it if it has any text."""
        opened = self.opened
        if not opened.parts and not opened.hidden:
            return
        self.opened = _Open()
        tag = tag or str(parent.tag)

        # Hidden text is the block's text only if no other text is there; then the block is a suspect. Names of inline
        # elements count only if the block has no text outside of them.
        around = tuple(self.suspects)
        text = _folded("".join(opened.parts)) if opened.parts else ""
        if not text and opened.hidden:
            text = _folded("".join(opened.hidden))
            around += (*self.hidden, parent)
        elif opened.named and not _says_more(opened.parts, opened.named):
            around += tuple(dict.fromkeys(opened.named.values()))
        if not text:
            return

        density = min(opened.link_characters / len(text), 1.0)
        table = self.tables[-1][0] if tag == "tr" and self.tables and self.tables[-1][1] else None
        marker, indent = (None, 0) if table is not None else self.lists.place(tag)
        self.blocks.append(
            Block(parent, tag, text, count_words(text), density, around, has_formula=opened.has_formula,
                  table=table, marker=marker, indent=indent)
        )  # fmt: skip


def _says_more(parts: list[str], named: dict[int, Element]) -> bool:
    """Whether a block has text outside of inline elements with suspect names."""
    return any(i not in named and _LETTER.search(part) for i, part in enumerate(parts))


def _stands_alone(element: Element) -> bool:
    """Whether an element of unknown name has no text directly before or after it. Then it is treated as a block."""
    previous = element.getprevious()
    before = element.getparent().text if previous is None else previous.tail
    return not (before and before.strip()) and not (element.tail and element.tail.strip())


def _folded(raw: str) -> str:
    """Returns the text with each run of white space as one blank, breaks as line ends, and bars between cells."""
    if raw.isascii():
        if _CELL not in raw and _BREAK not in raw:
            return " ".join(raw.split())
        text = _SPACE.sub(" ", raw)
    else:
        text = _ZERO_WIDTH.sub("", _SPACE.sub(" ", raw))

    if _CELL in text:
        first, *cells = [" ".join(cell.replace(_BREAK, " ").split()) for cell in text.split(_CELL)]
        cells = [first, *cells] if first else cells
        return " | ".join(cells) if any(cells) else ""
    if _BREAK in text:
        text = "\n".join(line for line in map(str.strip, text.split(_BREAK)) if line)
    return text.strip()
