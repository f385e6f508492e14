"""Finds out, from the tag and attributes of an element, how a walk over the page must treat it."""

from functools import lru_cache

from corpus.extract import formulas, lists, verbatim
from corpus.extract.names import HIDDEN, is_displayed_as_block, says, verdict

SKIPPED, BLOCK, _INLINE, FORMULA, VERBATIM, UNKNOWN = (1 << bit for bit in range(6))
SUSPECT, UNSEEN, SPECIAL, SIMPLE = (1 << bit for bit in range(6, 10))
TAKEN_WHOLE = FORMULA | SKIPPED | VERBATIM  # elements that may be taken without a walk over their inside
ASKED = SUSPECT | UNSEEN | SPECIAL  # inline elements that need a step of the walk
SPECIAL_BLOCKS = frozenset(("table", "tr", "a", *lists.TAGS))
_ODD = frozenset(("id", "role", "style", "hidden", "aria-hidden", "type"))  # attributes that matter, besides the class
_TAGS = {
    SKIPPED: "script style noscript template iframe svg canvas object embed select option input textarea datalist "
    "head audio video map progress meter rp",
    BLOCK: "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav noframes ol p search "
    "section summary table tbody td tfoot th thead tr ul",
    _INLINE: "a abbr acronym applet area b base basefont bdi bdo bgsound big blink br button cite code col colgroup "
    "command data del dfn em font i img ins kbd keygen label link mark math meta nobr output param picture q rb rt rtc "
    "ruby s samp slot small source spacer span strike strong sub sup time track tt u var wbr",
    FORMULA: " ".join(formulas.TAGS),
    VERBATIM: " ".join(verbatim.TAGS),
}
_KINDS: dict[str, int] = {}
for _kind, _tags in _TAGS.items():
    for _tag in _tags.split():
        _KINDS[_tag] = _KINDS.get(_tag, 0) | _kind
_WITH_A_PART = frozenset(("a", "br", "sub", "sup", "rt", "button"))  # inline elements that mean more than their text


def look(tag: str, attributes: list[tuple[str, str]]) -> int:
    """Returns the bits of an element's kind, from its tag and attributes. SIMPLE is a block without any other bit.

    A page has few different tags and classes, so the result for each pair is cached. Ids and styles differ from element
    to element.
    """
    class_, found, style, is_odd = "", 0, "", False
    for name, value in attributes:
        if name == "class":
            class_ = value
        elif name in _ODD:
            is_odd = True
            if name == "style":
                style = value
            else:
                found |= says(name, value)

    kind, of_class, whole = _by_class(tag, class_)
    if not is_odd:
        return whole

    if style:
        found |= says("style", style)
        kind |= _of_style(tag, style)
    if tag == "script" and formulas.may_be(tag, dict(attributes)):
        kind |= FORMULA
    return _whole(tag, kind, verdict(tag, of_class | found))


@lru_cache(maxsize=1 << 14)
def _by_class(tag: str, class_: str) -> tuple[int, int, int]:
    """Returns (kind, evidence, kind with the evidence's bits) from tag and class alone."""
    kind = _KINDS.get(tag, UNKNOWN)
    if kind & TAKEN_WHOLE:
        facts = {"class": class_}
        if kind & FORMULA and not formulas.may_be(tag, facts):
            kind &= ~FORMULA
        if kind & VERBATIM and not verbatim.may_be(tag, facts):
            kind &= ~VERBATIM

    if tag in _WITH_A_PART:
        kind |= SPECIAL
    found = says("class", class_) if class_ else 0
    return kind, found, _whole(tag, kind, verdict(tag, found))


def _of_style(tag: str, style: str) -> int:
    """Returns the bits that a style adds to an element's kind."""
    facts = {"style": style}
    kind = BLOCK if is_displayed_as_block(facts) else 0
    return kind | (VERBATIM if _KINDS.get(tag, 0) & VERBATIM and verbatim.may_be(tag, facts) else 0)


def _whole(tag: str, kind: int, found: int) -> int:
    if kind & BLOCK and not found and tag not in SPECIAL_BLOCKS:
        kind |= SIMPLE
    return kind | (UNSEEN if found == HIDDEN else SUSPECT if found else 0)


def forget() -> None:
    """Clears the cache of classes, because some classes are long."""
    _by_class.cache_clear()
