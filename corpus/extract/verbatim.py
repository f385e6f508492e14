"""Extracts preformatted text with its line breaks and indentation: code and other text that a page shows by lines."""

import re

from corpus.extract.markup import Element
from corpus.extract.names import Attributes

_ALWAYS = frozenset(("pre", "listing", "xmp", "plaintext"))
_CODE = frozenset(("code", "samp", "kbd", "tt"))
_BY_TAG = _ALWAYS | _CODE
TAGS = _BY_TAG | frozenset(("div", "table", "ol", "ul", "figure", "p", "span", "td"))
_CONTAINER = frozenset(
    "code codehilite highlight sourcecode source-code code-block codeblock code-snippet syntaxhighlighter prettyprint "
    "crayon-code crayon-pre enlighter enlighterjs hljs linenums dp-highlighter gist blob-wrapper codemirror-code "
    "ace_text-layer view-lines rouge-table geshi programlisting".split()
)
_LANGUAGE = re.compile(r"lang(uage)?-([a-z+#]{4,}.*|c|r|js|ts|py|rb|sh|go|cs|cpp|css|xml|sql|php|html?)")
_GUTTER = frozenset(
    "gutter lineno linenos linenumber linenumbers line-number line-numbers line_number line_numbers line-numbers-rows "
    "blob-num rouge-gutter crayon-nums crayon-num hljs-ln-numbers ln lnt linenodiv gl "
    "react-syntax-highlighter-line-number".split()
)
_LINES = frozenset(("div", "li", "p", "tr", "ol", "ul", "table", "tbody", "section", "dd", "dt", "dl"))
_BETWEEN = frozenset(("table", "tbody", "thead", "tr", "ol", "ul", "dl"))  # white space directly in them is dropped
_PROSE = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "img", "article", "blockquote", "form", "iframe"))
_PRE_STYLE = re.compile(r"white-space\s*:\s*(pre|break-spaces)", re.IGNORECASE)
_BLOCK_STYLE = re.compile(r"display\s*:\s*(block|flex|grid|table-row|list-item)", re.IGNORECASE)
_NUMBERS = re.compile(r"\s*\d+\s*(\n\s*\d+\s*)+")


def may_be(tag: str, attributes: Attributes) -> bool:
    """Whether an element with one of the `TAGS` can be preformatted, judged by its attributes."""
    if tag in _BY_TAG:
        return True
    names, style = attributes.get("class"), attributes.get("style")
    return bool(names and _names_code(names)) or bool(style and _PRE_STYLE.search(style))


def text(element: Element, tag: str, attributes: Attributes) -> str | None:
    """Returns the text of a preformatted element, without the line end that HTML drops after its tag.

    Returns None if the element is not preformatted, and '' if it holds only line numbers.
    """
    if tag in _ALWAYS:
        found = _lines(element, keeps_space=True)
        return "" if _NUMBERS.fullmatch(found) else found
    if tag in _CODE:
        return _code(element)

    # Other elements are preformatted by their style or by their class, and only with several lines.
    if _PRE_STYLE.search(attributes.get("style", "")) and element.find(".//pre") is None:
        found = _lines(element, keeps_space=True)
        return found if "\n" in found else None
    if not _names_code(attributes.get("class", "")) or any(part.tag in _PROSE for part in element.iterdescendants()):
        return None
    found = _lines(element, keeps_space=False)
    return found if "\n" in found else None


def _names_code(names: str) -> bool:
    """Whether the classes of an element say that it holds code."""
    parts = names.lower().split()
    return not _CONTAINER.isdisjoint(parts) or ("lang" in names and any(map(_LANGUAGE.fullmatch, parts)))


def _code(element: Element) -> str | None:
    """Returns the text of a code element with several lines, otherwise None.

    Lines are made by breaks or blocks. Without these, the source needs three lines with text.
    """
    has_lines = any(part.tag == "br" or _is_line(part) for part in element.iterdescendants())
    if has_lines:
        found = _lines(element, keeps_space=False)
        return found if "\n" in found else None

    source = "".join(element.itertext())
    if sum(1 for line in source.split("\n") if line.strip()) >= 3:
        return _lines(element, keeps_space=True)
    return None


def _is_line(element: Element) -> bool:
    if element.tag in _LINES:
        return True
    style = element.get("style") if element.tag in ("span", "code") else None
    return style is not None and _BLOCK_STYLE.search(style) is not None


class _Writer:
    """Collects pieces of text and puts line ends between blocks."""

    def __init__(self, keeps_space: bool) -> None:
        self.pieces: list[str] = []
        self.ends_line = True  # whether the text so far ends with a line end, or is empty
        self.breaks = False  # whether the next text begins a line
        self.keeps_space = keeps_space  # whether white space with line ends is kept: in `pre`, not in markup

    def write(self, text: str | None, *, between: bool = False) -> None:
        if not text:
            return
        text = text.replace("\r\n", "\n").replace("\xa0", " ")
        if text.isspace() and (between or (not self.keeps_space and "\n" in text)):
            return
        if not self.keeps_space:
            text = text.removeprefix("\n") if self.ends_line or self.breaks else text

        if self.breaks:
            if not self.ends_line and not text.startswith("\n"):
                self.pieces.append("\n")
            self.breaks = False

        self.pieces.append(text)
        self.ends_line = text.endswith("\n")

    def line_end(self) -> None:
        if self.breaks and not self.ends_line:
            self.pieces.append("\n")
        self.breaks = False
        self.pieces.append("\n")
        self.ends_line = True


def _lines(element: Element, keeps_space: bool) -> str:
    writer = _Writer(keeps_space)
    _walk(element, writer)
    return "".join(writer.pieces).removeprefix("\n").rstrip()


def _walk(element: Element, writer: _Writer) -> None:
    between = element.tag in _BETWEEN
    writer.write(element.text, between=between)

    for child in element:
        tag = child.tag
        if tag == "br":
            writer.line_end()
        elif isinstance(tag, str) and tag not in ("script", "style", "button") and not _is_gutter(child):
            is_line = _is_line(child)
            if is_line:
                writer.breaks = True
            _walk(child, writer)
            if is_line:
                writer.breaks = True
        writer.write(child.tail, between=between)


def _is_gutter(element: Element) -> bool:
    names = element.get("class")
    return names is not None and not _GUTTER.isdisjoint(names.lower().split())
