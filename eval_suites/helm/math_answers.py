r"""Whether two solutions of a competition problem come to the same answer: what stands in their last \boxed{}.

Two answers are the same if they are written alike after unimportant differences are removed: \dfrac and \frac, 1/2 and
\frac{1}{2}, units, degrees, blanks, "x = ". Nothing is computed. Source: Hendrycks et al. 2021, arXiv:2103.03874.
"""

import re

_BOXES = ("\\boxed", "\\fbox")
_GONE_FIRST = (
    ("\n", ""), ("\\!", ""), ("\\\\", "\\"), ("tfrac", "frac"), ("dfrac", "frac"), ("\\left", ""), ("\\right", ""),
    ("^{\\circ}", ""), ("^\\circ", ""), ("\\$", ""),
)  # fmt: skip
_DEPTH = {"{": 1, "}": -1}
_UNIT = "\\text{ "
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,4299}")  # a number as Python writes it; it reads no longer ones


class _OddError(ValueError):
    """A text that is no formula, such as a root of nothing."""


def same_answer(solution: str, other: str) -> float:
    """Returns 1.0 if two solutions have the same answer. Two solutions without any are the same, too, as in HELM."""
    return equivalent(boxed(solution), boxed(other))


def boxed(solution: str) -> str | None:
    r"""Returns what stands in the last \boxed{} of a text, without any if there is an \fbox; None if nothing does."""
    start = next((at for at in map(solution.rfind, _BOXES) if at >= 0), None)
    if start is None:
        return None

    depth = 0
    for at in range(start, len(solution)):
        depth += _DEPTH.get(solution[at], 0)
        if depth == 0 and solution[at] == "}":
            inside = solution[start : at + 1]
            opened = _BOXES[0] + "{"
            return inside[len(opened) : -1] if inside.startswith(opened) else None
    return None


def equivalent(a: str | None, b: str | None) -> float:
    """Returns 1.0 if two answers differ in writing only, else 0.0. What is no formula is compared as it stands."""
    if a is None or b is None:
        return float(a is b)
    try:
        return float(plain(a) == plain(b))
    except _OddError:
        return float(a == b)


def plain(answer: str) -> str:
    """Returns an answer without unimportant differences in writing; raises ValueError for what is no formula."""
    for old, new in _GONE_FIRST:
        answer = answer.replace(old, new)
    answer = _without_unit(answer).replace("\\%", "")
    answer = answer.replace(" .", " 0.").replace("{.", "{0.")
    if not answer:
        return answer

    if answer[0] == ".":
        answer = "0" + answer
    sides = answer.split("=")
    if len(sides) == 2 and len(sides[0]) <= 2:
        answer = sides[1]

    answer = _with_braced_roots(answer).replace(" ", "")
    answer = _with_braced_fractions(answer)
    return _of_slash("\\frac{1}{2}" if answer == "0.5" else answer)


def _without_unit(answer: str) -> str:
    before, *units = answer.split(_UNIT)
    if len(units) > 1:
        raise _OddError(answer)
    return before


def _with_braced_roots(answer: str) -> str:
    r"""Returns \sqrt3 as \sqrt{3}."""
    before, *roots = answer.split("\\sqrt")
    if not all(roots):
        raise _OddError(answer)
    return before + "".join("\\sqrt" + (root if root[0] == "{" else f"{{{root[0]}}}{root[1:]}") for root in roots)


def _with_braced_fractions(answer: str) -> str:
    r"""Returns \frac12 and \frac1{2} as \frac{1}{2}; one that lacks a part leaves the whole as it was."""
    before, *fractions = answer.split("\\frac")
    written = [before]
    for one in fractions:
        if not one:
            raise _OddError(answer)
        if one[0] == "{":
            written.append(one)
        elif len(one) < 2:
            return answer
        else:
            below = one[1:] if one[1] == "{" else f"{{{one[1]}}}{one[2:]}"
            written.append(f"{{{one[0]}}}{below}")
    return "\\frac".join(written)


def _of_slash(answer: str) -> str:
    r"""Returns 1/2 as \frac{1}{2}, if both are whole numbers."""
    sides = answer.split("/")
    if len(sides) == 2 and all(_WHOLE.fullmatch(side) for side in sides):
        return f"\\frac{{{sides[0]}}}{{{sides[1]}}}"
    return answer
