"""Parsing a page, and the marks whose text is not their content: preformatted text and mathematics."""

import re
from typing import Any, TypeAlias

import lxml.etree

Element: TypeAlias = Any  # lxml.etree._Element, which has no public name

_DECLARATION = re.compile(rb"\A\s*<\?xml[^>]*\?>")
FORMULA_TAGS = frozenset(("math", "script", "img", "span"))
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def parse(html: str) -> Element | None:
    """The page's tree, or None where there is nothing to parse. Depth and node sizes are bounded by libxml2."""
    try:
        raw = html.encode()
    except UnicodeEncodeError:
        raw = _SURROGATES.sub("", html).encode()
    raw = _DECLARATION.sub(b"", raw.replace(b"\x00", b""), count=1)
    if not raw.strip():
        return None
    parser = lxml.etree.HTMLParser(encoding="utf-8")
    try:
        return lxml.etree.fromstring(raw, parser=parser)
    except lxml.etree.XMLSyntaxError:
        return None


def preformatted(element: Element) -> str:
    """The text of a `pre`, byte for byte, without the line end that HTML drops after its start tag."""
    text = "".join("\n" if piece is None else piece for piece in _pieces(element))
    return text.removeprefix("\n").rstrip()


def _pieces(element: Element) -> list[str | None]:
    pieces: list[str | None] = [element.text or ""]
    for child in element:
        if child.tag == "br":
            pieces.append(None)
        elif isinstance(child.tag, str) and child.tag not in ("script", "style", "button"):
            pieces += _pieces(child)
        pieces.append(child.tail or "")
    return pieces


def tex(element: Element) -> str | None:
    """TeX of a formula element: `$...$`, or `$$...$$` where it is displayed; None where the element is no formula."""
    tag = element.tag
    if tag == "math":
        return _math(element)
    if tag == "script":
        kind = element.get("type", "")
        return _dollars(element.text or "", "mode=display" in kind) if kind.startswith("math/tex") else None
    if tag == "img":
        alt = element.get("alt", "")
        is_formula = "\\" in alt and ("latex" in element.get("class", "") or "math" in element.get("class", ""))
        return _dollars(alt, display=False) if is_formula else None
    if tag == "span" and "katex-html" in element.get("class", ""):
        return ""  # the picture of a formula whose source stands beside it
    return None


def _math(element: Element) -> str:
    display = element.get("display") == "block"
    for annotation in element.iter("annotation"):
        if annotation.get("encoding", "") in ("application/x-tex", "TeX", "LaTeX"):
            return _dollars("".join(annotation.itertext()), display)
    alt = element.get("alttext")
    if alt:
        return _dollars(alt, display)
    return " ".join("".join(element.itertext()).split())


def _dollars(source: str, display: bool) -> str:
    source = source.strip()
    if source.startswith("{\\displaystyle") and source.endswith("}"):
        source = source[len("{\\displaystyle") : -1].strip()
    return (f"$${source}$$" if display else f"${source}$") if source else ""
