"""Reads the class, id, role and tag of an element as evidence for content or boilerplate."""

import re
from collections.abc import Mapping
from functools import lru_cache

from corpus.extract.markup import Element

_SUSPECT_TAGS = frozenset(("nav", "footer", "aside", "form", "menu", "dialog", "figcaption"))
# Names of boilerplate. These count as one part of a class or id, between blanks, hyphens and underscores ...
_SUSPECT_WORDS = frozenset(
    "nav navi navbar navigation menu submenu breadcrumb breadcrumbs footer sidebar widget widgets comment "
    "comments commentlist disqus respond replies share shares sharing sharedaddy social socials related "
    "relatedpost relatedposts relatedcontent relatedarticle relatedarticles recommend recommended "
    "recommendation recommendations newsletter subscribe subscription signup login cookie cookies consent gdpr "
    "banner popup modal overlay advert adsense advertisement sponsor sponsored promo promotion pagination "
    "pager byline toolbar outbrain taboola masthead topbar copyright disclaimer rating ratings poll donate "
    "donation feedback".split()
)
_SUSPECT_PAIRS = ("side-bar", "sign-up", "log-in", "infobox-ad")
# ... and these only as a whole class or id.
_SUSPECT_NAMES = frozenset(
    "foot header page-header pageheader site-header siteheader meta metadata tag tags tag-list tag-cloud tag- "
    "links tagcloud categories cat-links catlinks about-author about-the-author print tools skip skip-link "
    "skip-links screen-reader-text sr-only visually-hidden hidden toc legal search rate ad ads reply sticky "
    "calendar archive archives more read-more readmore further paging page-link page-links author date time "
    "caption wp-caption-text".split()
) | {
    f"{what}{dash}{part}"
    for dash in ("", "-")
    for whats, parts in (
        ("post entry article", "meta metadata meta-data tags footer info utility author date nav categories"),
        ("author", "box bio info card"),
    )
    for what in whats.split()
    for part in parts.split()
}
_POSITIVE = re.compile(
    r"article-?(body|text|content|main|copy)|(entry|post|page|story|main|blog|news|single|body|text|node|content)-?"
    r"(content|body|text|main|article|entry|inner)|^(content|article|story|post|main|text|entry|hentry|mw-content-text)$|articlebody|"
    r"storybody|fulltext|bodytext|artikel|beitrag",
    re.IGNORECASE,
)
_BESIDE_TAGS = frozenset(("aside", "footer", "nav"))
_BESIDE = re.compile(r"related|widget|sidebar|recommend|newsletter|comments", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLOCK_STYLE = re.compile(r"display\s*:\s*(block|flex|grid|table|list-item)", re.IGNORECASE)
_UNSEEN = frozenset("screen-reader-text sr-only visually-hidden visuallyhidden hidden skip-link skip-links".split())
_DASHES = str.maketrans("-_", "  ")
_RARE_WORDS = frozenset(pair.partition("-")[0] for pair in (*_SUSPECT_PAIRS, "ad-"))
_NAMING = frozenset(("class", "id", "role"))
_NEVER = frozenset(("body", "html", "article", "main"))
_MAX_NAME = 1000  # characters; a longer class, id or role is ignored


Attributes = Mapping[str, str]
NAMED, HIDDEN, _POSITIVE_NAME = 1, 2, 4  # kinds of evidence; HIDDEN outweighs all others


def evidence(tag: str, attributes: Attributes) -> int:
    """Returns the evidence against an element: NAMED for its tag or name, HIDDEN if it is not visible, or 0."""
    found = 0
    for name, value in attributes.items():
        found |= says(name, value)
    return verdict(tag, found)


def says(name: str, value: str) -> int:
    """Returns the evidence of one attribute, as bits that `verdict` weighs together."""
    if name in _NAMING:
        return _of_name(value) if len(value) <= _MAX_NAME else 0
    if name == "style":
        return HIDDEN if _HIDDEN.search(value) else 0
    return HIDDEN if name == "hidden" or (name == "aria-hidden" and value == "true") else 0


def verdict(tag: str, found: int) -> int:
    """Returns the evidence against an element, from its tag and the bits of all its attributes."""
    if tag in _SUSPECT_TAGS:
        return NAMED
    if tag in _NEVER:
        return 0
    if found & HIDDEN:
        return HIDDEN
    return NAMED if found == NAMED else 0


def evidence_of(element: Element) -> int:
    """Returns the evidence against a parsed element, as `evidence` does."""
    return evidence(element.tag, dict(element.items()))


def is_displayed_as_block(attributes: Attributes) -> bool:
    """Whether an element's style makes it a block."""
    style = attributes.get("style")
    return style is not None and _BLOCK_STYLE.search(style) is not None


@lru_cache(maxsize=1 << 14)
def _of_name(name: str) -> int:
    """Returns the evidence of a class, id or role. It is cached because thousands of elements share a few names."""
    low = name.lower()
    names, words = low.split(), low.translate(_DASHES).split()

    if not _UNSEEN.isdisjoint(names):
        return HIDDEN

    suspect = not _SUSPECT_WORDS.isdisjoint(words) or not _SUSPECT_NAMES.isdisjoint(names)
    if not suspect and not _RARE_WORDS.isdisjoint(words):
        suspect = any(pair in low for pair in _SUSPECT_PAIRS) or any(part.startswith("ad-") for part in names)
    if not suspect:
        return 0
    return NAMED if _POSITIVE.search(low) is None else NAMED | _POSITIVE_NAME


def stands_beside(element: Element) -> bool:
    """Whether an element's name says that it is beside the content, which is more than a boilerplate name says."""
    return element.tag in _BESIDE_TAGS or bool(_BESIDE.search(f"{element.get('class', '')} {element.get('id', '')}"))


def is_named_content(element: Element) -> bool:
    """Whether an element's name says that it is the article."""
    if element.tag in ("article", "main") or element.get("itemprop") == "articleBody":
        return True
    return any(_POSITIVE.search(name) for name in f"{element.get('class', '')} {element.get('id', '')}".split())
