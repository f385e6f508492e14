"""Reads a page's metadata: title, language, address, date and rights. Source: HTML Living Standard, section 4.2."""

import re

import lxml.html

from corpus.extract import rights
from corpus.extract.markup import Element

_HEAD_END = re.compile(r"</head|<body", re.IGNORECASE)
_HEAD_CHARACTERS = 200_000  # the rest of a longer head is not read
_DATES = ("article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "dcterms.created", "pubdate")
_MAX_VALUE = 500  # characters of one value


def metadata(html: str) -> dict[str, str]:
    """Returns the fields that the page's head states: title, html_language, canonical, date and those of `rights`."""
    end = _HEAD_END.search(html)
    head = html[: min(end.start() if end else len(html), _HEAD_CHARACTERS)]
    if not head.strip():
        return {}
    try:
        tree = lxml.html.document_fromstring(_without_declaration(head))
    except (lxml.etree.ParserError, ValueError):
        return {}

    facts = {"html_language": tree.get("lang") or "", "title": tree.findtext(".//title") or ""}
    for link in tree.iter("link"):
        if (link.get("rel") or "").lower() == "canonical":
            facts.setdefault("canonical", link.get("href") or "")

    metas = [(_name(meta), meta.get("content") or "") for meta in tree.iter("meta")]
    named = dict(reversed(metas))  # the first one of each name
    facts["date"] = next((named[name] for name in _DATES if named.get(name)), "")
    facts |= rights.stated(metas)
    return {name: " ".join(value.split())[:_MAX_VALUE] for name, value in facts.items() if value.strip()}


def _name(meta: Element) -> str:
    return (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").strip().lower()


def _without_declaration(html: str) -> str:
    return html.split("?>", 1)[1] if html.lstrip().startswith("<?xml") and "?>" in html else html
