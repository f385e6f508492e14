"""Extracts formulas as TeX between dollar signs. Their sources in pages are annotations, scripts, images and MathML."""

from corpus.extract.markup import Element
from corpus.extract.names import Attributes

TAGS = frozenset(("math", "script", "img", "span", "mjx-container"))
_FUNCTIONS = frozenset(
    "sin cos tan log ln exp lim max min sup inf det dim ker arg gcd sinh cosh tanh cot sec csc".split()
)
_RELATIONS = frozenset("= + - − < > ≤ ≥ ≠ ≈ ≡ ∈ ∉ ⊂ ⊆ → ← ↔ ⇒ ⇔ ± × · ∪ ∩ ∧ ∨".split())
_ACCENTS = {
    "˙": "dot", "¨": "ddot", "¯": "bar", "‾": "overline", "_": "underline", "^": "hat", "ˆ": "hat", "~": "tilde",
    "˜": "tilde", "→": "vec", "⏞": "overbrace", "⏟": "underbrace", "´": "acute", "`": "grave", "ˇ": "check",
}  # fmt: skip
_INVISIBLE = frozenset(("", "\u2061", "\u2062", "\u2063", "\u2064"))  # function application, times, separator, plus
_TYPESET = ("MathJax", "mjx-chtml", "MJXc-display")
_TEX = ("application/x-tex", "TeX", "LaTeX", "text/x-tex", "application/x-latex")


def may_be(tag: str, attributes: Attributes) -> bool:
    """Whether an element with one of the `TAGS` can be a formula, judged by its attributes."""
    if tag in ("math", "mjx-container", "img"):
        return True
    if tag == "script":
        return attributes.get("type", "").startswith("math/tex")
    return attributes.get("class", "").startswith(_TYPESET) or "katex-html" in attributes.get("class", "")


def tex(element: Element, tag: str, attributes: Attributes) -> str | None:
    """Returns the TeX of a formula element: `$$...$$` if it is displayed, otherwise `$...$`.

    Returns None if the element is not a formula, and '' if the formula's source is elsewhere in the page.
    """
    if tag == "math":
        return _math(element)
    if tag == "script":
        kind = attributes.get("type", "")
        return _dollars(element.text or "", "mode=display" in kind) if kind.startswith("math/tex") else None
    if tag == "img":
        alt, names = attributes.get("alt", ""), attributes.get("class", "")
        is_formula = "\\" in alt and ("latex" in names or "math" in names)
        return _dollars(alt, display=False) if is_formula else None

    names = attributes.get("class", "")
    if tag == "span" and "katex-html" in names:
        return ""  # the drawing of a formula whose source is next to it
    if tag == "mjx-container" or (tag == "span" and names.startswith(_TYPESET)):
        return _typeset(element)
    return None


def _typeset(element: Element) -> str | None:
    """Returns the TeX of a formula that MathJax has drawn.

    Its source is in a script after the element, then the result is '', or inside it as MathML. Returns None without
    a source.
    """
    following = element.getnext()
    if following is not None and following.tag == "script" and following.get("type", "").startswith("math/tex"):
        return ""
    math = element.find(".//math")
    if math is not None:
        return _math(math)
    return "" if element.get("class", "").startswith("MathJax_Preview") else None


def _math(element: Element) -> str:
    display = element.get("display") == "block"
    for annotation in element.iter("annotation"):
        if annotation.get("encoding", "") in _TEX:
            return _dollars("".join(annotation.itertext()), display)
    alt = element.get("alttext")
    return _dollars(alt or presented(element), display)


def presented(element: Element) -> str:
    """Returns the TeX of presentation MathML. Source: MathML Core. An element that is not known here gives its text."""
    tag = element.tag
    if not isinstance(tag, str) or tag in ("annotation", "annotation-xml"):
        return ""
    children = [child for child in element if isinstance(child.tag, str)]
    inner = [presented(child) for child in children]

    # Accents and scripts.
    if tag in ("mover", "munder") and len(inner) == 2 and inner[1] in _ACCENTS:
        return f"\\{_ACCENTS[inner[1]]}{{{inner[0]}}}"
    if tag in ("msup", "mover") and len(inner) == 2:
        return f"{_base(inner[0])}^{_group(inner[1])}"
    if tag in ("msub", "munder") and len(inner) == 2:
        return f"{_base(inner[0])}_{_group(inner[1])}"
    if tag in ("msubsup", "munderover") and len(inner) == 3:
        return f"{_base(inner[0])}_{_group(inner[1])}^{_group(inner[2])}"

    # Fractions and roots.
    if tag == "mfrac" and len(inner) == 2 and element.get("linethickness", "").rstrip("emptxc%") == "0":
        return f"{{{inner[0]} \\atop {inner[1]}}}"
    if tag == "mfrac" and len(inner) == 2:
        return f"\\frac{{{inner[0]}}}{{{inner[1]}}}"
    if tag == "msqrt":
        return f"\\sqrt{{{''.join(inner)}}}"
    if tag == "mroot" and len(inner) == 2:
        return f"\\sqrt[{inner[1]}]{{{inner[0]}}}"

    # Tables and parentheses.
    if tag == "mtable":
        rows = " \\\\ ".join(inner)
        return f"\\begin{{matrix}}{rows}\\end{{matrix}}"
    if tag in ("mtr", "mlabeledtr"):
        return " & ".join(inner)
    if tag == "mfenced":
        return element.get("open", "(") + ", ".join(inner) + element.get("close", ")")

    if children:
        return "".join(inner)
    return _token(element, tag)


def _token(element: Element, tag: str) -> str:
    text = " ".join((element.text or "").split())
    if tag == "mtext" and text:
        return f"\\text{{{text}}}"
    if tag == "mspace":
        return " "
    if tag == "mi" and len(text) > 1:
        return f"\\{text} " if text in _FUNCTIONS else f"\\mathrm{{{text}}}" if text.isalpha() else text
    if tag == "mo" and text in _INVISIBLE:
        return " "
    if tag == "mo" and text in _RELATIONS:
        return f" {text} "
    return text


def _group(part: str) -> str:
    part = part.strip()
    return part if len(part) == 1 else f"{{{part}}}"


def _base(part: str) -> str:
    return part if len(part) <= 1 or part.isalnum() or part.startswith("\\") else f"{{{part}}}"


def _dollars(source: str, display: bool) -> str:
    source = source.strip()
    if source.startswith("{\\displaystyle") and source.endswith("}"):
        source = source[len("{\\displaystyle") : -1].strip()
    return (f"$${source}$$" if display else f"${source}$") if source else ""
