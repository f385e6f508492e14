"""Parses a page's HTML into a tree."""

import re
from typing import Any, TypeAlias

import lxml.etree

Element: TypeAlias = Any  # lxml.etree._Element, which has no public name

_DECLARATION = re.compile(rb"\A\s*<\?xml[^>]*\?>")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def parse(html: str) -> Element | None:
    """Returns the page's tree, or None if there is nothing to parse. libxml2 bounds the depth and the node sizes."""
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
