"""Rights signals of a page: what its head and its HTTP headers say of use for training.

A field that is there twice counts twice: values are joined, the first is never taken for all. Sources: Google,
"Robots meta tag and X-Robots-Tag specifications"; TDM Reservation Protocol (W3C community group
report, 2024); `noai` as DeviantArt introduced it in 2022, read by several crawlers since.
"""

import re
from collections.abc import Iterable, Mapping

NAMES = {"robots": "robots", "tdm-reservation": "tdm_reservation", "tdm-policy": "tdm_policy"}
HTTP_NAMES = {"x-robots-tag": "x_robots_tag", "tdm-reservation": "tdm_reservation", "tdm-policy": "tdm_policy"}
# Crawlers that pages speak to by name: `<meta name="gptbot" content="noai">` is `robots` with `gptbot:` before it.
_BOTS = frozenset(
    "googlebot google-extended bingbot gptbot chatgpt-user ccbot applebot applebot-extended anthropic-ai claudebot "
    "bytespider perplexitybot meta-externalagent cohere-ai ai2bot diffbot amazonbot".split()
)
_DIRECTIVES = ("noai", "noindex", "none")
_VALUED = frozenset(
    ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")
)  # `...: none` is theirs
_COLON = re.compile(r"\s*:\s*")
_BETWEEN = re.compile(r"[,;\s]+")


def stated(metas: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The rights fields among a page's (name, content), names in lower case; values of one name joined."""
    found: dict[str, list[str]] = {}
    for name, content in metas:
        if name in NAMES:
            found.setdefault(NAMES[name], []).append(content)
        elif name in _BOTS:
            found.setdefault("robots", []).append(f"{name}: {content}")
    return {name: ", ".join(value for value in values if value.strip()) for name, values in found.items()}


def merged(header: Mapping[str, str], page: Mapping[str, str]) -> dict[str, str]:
    """Metadata of the HTTP header and of the page; what both state of rights is joined, else the page's counts."""
    both = {name: f"{header[name]}, {page[name]}" for name in NAMES.values() if header.get(name) and page.get(name)}
    return {**header, **page, **both}


def opted_out(facts: Mapping[str, str]) -> str | None:
    """The signal that asks not to be used for training, or None; to whichever crawler it speaks."""
    for name in ("robots", "x_robots_tag"):
        asked = _directives(facts.get(name, ""))
        for directive in _DIRECTIVES:
            if directive in asked:
                return f"{name}: {directive}"
    if "1" in _BETWEEN.split(facts.get("tdm_reservation", "")):
        return "tdm-reservation: 1"
    return None


def _directives(value: str) -> set[str]:
    """The directives in lower case, without the crawlers that they are for and without those that have a value."""
    found = set()
    for token in _BETWEEN.split(_COLON.sub(":", value.lower())):
        *before, last = token.split(":")
        if not _VALUED.intersection(before):
            found.add(last)
    return found
