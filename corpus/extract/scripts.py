"""Writes superscripts, subscripts and ruby as plain text: `10<sup>5</sup>` must not become 105.

They are written as in TeX (`10^5`, `x_{ij}`), except where plain text has its own usage: ordinals (`1st`), chemical
formulas (`H2O`), notes (`[1]`), and readings of ruby in parentheses.
"""

import re

from corpus.extract.markup import Element

_GLUED = frozenset(
    "st nd rd th tm sm r c er re e eme ème ere ère nde de ste o os a as º ª ° ™ ® © mo me lle ie".split()
)
_NOTE = re.compile(r"[\d*†‡§¶,\s–-]{1,12}")
_SIMPLE = re.compile(r"[+\-−]?\d+|[^\W\d_]+")
_CHEMICAL = re.compile(r"(?:^|[^a-zà-ÿ])[A-Z][a-z]?$|[)\]]$")
_BRACKETED = re.compile(r"[\[(].*[\])]", re.DOTALL)


def finish(parts: list[str], begin: int, element: Element) -> None:
    """Replaces parts[begin:], the text of a sub- or superscript or ruby reading that ends here, by its plain text."""
    inner = " ".join("".join(parts[begin:]).split())
    if not inner:
        return

    before = "".join(parts[max(begin - 3, 0) : begin])[-4:]
    after = element.tail[:1] if element.tail else ""
    if element.tag == "rt":
        written = _reading(inner)
    elif element.tag == "sup":
        written = raised(before, inner, after, is_note=_links(element))
    else:
        written = lowered(before, inner, after)
    parts[begin:] = [written]


def raised(before: str, inner: str, after: str = "", *, is_note: bool = False) -> str:
    """Returns the plain text of the superscript `inner` after the text `before`, of which the last characters count."""
    if _BRACKETED.fullmatch(inner):
        return inner
    if _NOTE.fullmatch(inner) and (is_note or (before[-1:] in tuple(".,;:!?\"'”’»") and inner.isdigit())):
        return f"[{inner}]"
    if not _carries(before) or inner.lower() in _GLUED:
        return inner
    return f"^{_braced(inner, after)}"


def lowered(before: str, inner: str, after: str = "") -> str:
    """Returns the plain text of the subscript `inner` after the text `before`, of which the last characters count."""
    if not _carries(before) or (inner.isdigit() and _CHEMICAL.search(before)):
        return inner
    return f"_{_braced(inner, after)}"


def _carries(before: str) -> bool:
    return before[-1:].isalnum() or before[-1:] in tuple(")]}|'′")


def _braced(inner: str, after: str) -> str:
    """Returns the script in braces, or without them if its end is clear."""
    if len(inner) == 1 or (_SIMPLE.fullmatch(inner) and not after.isalnum()):
        return inner
    return f"{{{inner}}}"


def _links(element: Element) -> bool:
    return element.find(".//a") is not None or any(above.tag == "a" for above in element.iterancestors("a"))


def _reading(inner: str) -> str:
    """Returns the reading of a ruby base in parentheses. The page's own parentheses, in `rp`, are skipped."""
    return inner if _BRACKETED.fullmatch(inner) else f"({inner})"
