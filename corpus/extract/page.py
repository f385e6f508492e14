"""What a page says of itself: title, language, canonical address, date, and rights signals.

Sources: HTML Living Standard, section 4.2; TDM Reservation Protocol (W3C community group report, 2024), meta
`tdm-reservation`; `noai` as DeviantArt introduced it in 2022, read by several crawlers since.
"""

import re

import lxml.html

_HEAD_END = re.compile(r"</head|<body", re.IGNORECASE)
_HEAD_CHARACTERS = 200_000  # a longer head is not read to its end
_DATES = ("article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "dcterms.created", "pubdate")
_RIGHTS = {"robots": "robots", "tdm-reservation": "tdm_reservation", "tdm-policy": "tdm_policy"}
_MAX_VALUE = 500  # characters of one value


def metadata(html: str) -> dict[str, str]:
    """title, html_language, canonical, date, robots, tdm_reservation, as far as the page's head states them."""
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
    named = {}
    for meta in tree.iter("meta"):
        name = (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower()
        if name and name not in named:
            named[name] = meta.get("content") or ""
    facts["date"] = next((named[name] for name in _DATES if named.get(name)), "")
    facts |= {fact: named.get(name, "") for name, fact in _RIGHTS.items()}
    return {name: " ".join(value.split())[:_MAX_VALUE] for name, value in facts.items() if value.strip()}


def _without_declaration(html: str) -> str:
    return html.split("?>", 1)[1] if html.lstrip().startswith("<?xml") and "?>" in html else html


def opted_out(facts: dict[str, str]) -> str | None:
    """The rights signal that asks not to be used for training, or None. `x_robots_tag` comes from the HTTP header."""
    for name in ("robots", "x_robots_tag"):
        directives = {part.strip().rpartition(":")[2].strip() for part in facts.get(name, "").lower().split(",")}
        for directive in ("noai", "noindex", "none"):
            if directive in directives:
                return f"{name}: {directive}"
    if facts.get("tdm_reservation", "").strip() == "1":
        return "tdm-reservation: 1"
    return None
