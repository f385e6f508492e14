"""Parsing a page."""

import re
from typing import Any, TypeAlias

import lxml.etree

Element: TypeAlias = Any  # lxml.etree._Element, which has no public name

_DECLARATION = re.compile(rb"\A\s*<\?xml[^>]*\?>")
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
