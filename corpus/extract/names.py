"""What elements call themselves: their class, id, role and tag as evidence for content or boilerplate."""

import re
from functools import lru_cache

from corpus.extract.markup import Element

_SUSPECT_TAGS = frozenset(("nav", "footer", "aside", "form", "menu", "dialog", "figcaption"))
# What an element that is no content calls itself: a part of a class or id between blanks, hyphens and underscores ...
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
# ... or the whole of one.
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
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLOCK_STYLE = re.compile(r"display\s*:\s*(block|flex|grid|table|list-item)", re.IGNORECASE)
_UNSEEN = frozenset("screen-reader-text sr-only visually-hidden visuallyhidden hidden skip-link skip-links".split())
_WORD = re.compile(r"\w")
_MAX_NAME = 1000  # characters of class, id and role together; longer says nothing


NAMED, HIDDEN = 1, 2  # kinds of evidence against an element


def evidence(element: Element, tag: str) -> int:
    """What speaks against an element: its tag or name (NAMED), or that it is not to be seen (HIDDEN); 0 for nothing."""
    if tag in _SUSPECT_TAGS:
        return NAMED
    attributes = element.items()
    if not attributes or tag in ("body", "html", "article", "main"):
        return 0
    named = ""
    for attribute, value in attributes:
        if attribute in ("class", "id", "role"):
            named = f"{named} {value}"
        elif attribute == "style":
            if _HIDDEN.search(value):
                return HIDDEN
        elif attribute == "hidden" or (attribute == "aria-hidden" and value == "true"):
            return HIDDEN
    return _of_name(named) if named else 0


def is_displayed_as_block(element: Element) -> bool:
    """Whether an inline element is made a block by its style."""
    style = element.get("style")
    return style is not None and _BLOCK_STYLE.search(style) is not None


@lru_cache(maxsize=8192)
def _of_name(name: str) -> int:
    """What class, id and role say; the same few names stand on thousands of elements."""
    if len(name) > _MAX_NAME:
        return 0
    low = name.lower()
    names = low.split()
    if not _UNSEEN.isdisjoint(names):
        return HIDDEN
    words = low.replace("_", " ").replace("-", " ").split()
    suspect = (
        not _SUSPECT_WORDS.isdisjoint(words)
        or not _SUSPECT_NAMES.isdisjoint(names)
        or any(pair in low for pair in _SUSPECT_PAIRS)
        or any(part.startswith("ad-") for part in names)
    )
    return NAMED if suspect and not _POSITIVE.search(name) else 0


def is_named_content(element: Element) -> bool:
    """Whether an element says that it is the article."""
    if element.tag in ("article", "main") or element.get("itemprop") == "articleBody":
        return True
    return any(_POSITIVE.search(name) for name in f"{element.get('class', '')} {element.get('id', '')}".split())
