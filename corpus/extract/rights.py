"""Reads rights signals of a page: statements of its head and its HTTP headers about use for training.

If a field appears several times, all its values count; they are joined.

Sources: Google, "Robots meta tag and X-Robots-Tag specifications"; TDM Reservation Protocol (W3C community group
report, 2024); `noai` as DeviantArt introduced it in 2022, read by several crawlers since.
"""

import re
from collections.abc import Iterable, Mapping

NAMES = {"robots": "robots", "tdm-reservation": "tdm_reservation", "tdm-policy": "tdm_policy"}
HTTP_NAMES = {"x-robots-tag": "x_robots_tag", "tdm-reservation": "tdm_reservation", "tdm-policy": "tdm_policy"}
# Crawlers that pages address by name: `<meta name="gptbot" content="noai">` is read as `robots: gptbot: noai`.
_BOTS = frozenset(
    "googlebot google-extended bingbot gptbot chatgpt-user ccbot applebot applebot-extended anthropic-ai claudebot "
    "bytespider perplexitybot meta-externalagent cohere-ai ai2bot diffbot amazonbot".split()
)
_DIRECTIVES = ("noai", "noindex", "none")
_VALUED = frozenset(
    ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")
)  # directives with a value: their `none` is not the directive `none`
_COLON = re.compile(r"\s*:\s*")
_BETWEEN = re.compile(r"[,;\s]+")


def stated(metas: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Returns the rights fields among a page's (name, content) pairs. Names are in lower case; values are joined."""
    found: dict[str, list[str]] = {}
    for name, content in metas:
        if name in NAMES:
            found.setdefault(NAMES[name], []).append(content)
        elif name in _BOTS:
            found.setdefault("robots", []).append(f"{name}: {content}")
    return {name: ", ".join(value for value in values if value.strip()) for name, values in found.items()}


def merged(header: Mapping[str, str], page: Mapping[str, str]) -> dict[str, str]:
    """Returns the metadata of the HTTP header and of the page together.

    If both have a rights field, the values are joined. If both have another field, the page's value counts.
    """
    both = {name: f"{header[name]}, {page[name]}" for name in NAMES.values() if header.get(name) and page.get(name)}
    return {**header, **page, **both}


def opted_out(facts: Mapping[str, str]) -> str | None:
    """Returns the signal that forbids use for training, or None. It counts for whichever crawler it is meant."""
    for name in ("robots", "x_robots_tag"):
        asked = _directives(facts.get(name, ""))
        for directive in _DIRECTIVES:
            if directive in asked:
                return f"{name}: {directive}"
    if "1" in _BETWEEN.split(facts.get("tdm_reservation", "")):
        return "tdm-reservation: 1"
    return None


def _directives(value: str) -> set[str]:
    """Returns the directives in lower case, without the names of crawlers and without directives that have a value."""
    found = set()
    for token in _BETWEEN.split(_COLON.sub(":", value.lower())):
        *before, last = token.split(":")
        if not _VALUED.intersection(before):
            found.add(last)
    return found
