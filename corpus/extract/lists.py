"""Finds the marker of a list item. Source: HTML Living Standard, 4.4.5 to 4.4.8 (start, value, reversed, type)."""

from dataclasses import dataclass

from corpus.extract.block import HEADINGS
from corpus.extract.markup import Element

TAGS = frozenset(("ul", "ol", "menu", "dir", "li"))
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_MAX_NUMBER = 10**9


@dataclass(slots=True)
class _List:
    is_ordered: bool
    next_number: int  # of the next item
    step: int  # from one number to the next: 1, or -1 in a reversed list
    kind: str  # "1", "a", "A", "i" or "I"
    marker: str | None = None  # the current item's marker, until its first block takes it
    in_item: bool = False  # whether the walk is in an item


class Lists:
    """The lists around the current place of a walk."""

    def __init__(self) -> None:
        self._open: list[_List] = []

    def begin(self, element: Element, tag: str) -> None:
        """Begins a list or an item."""
        if tag != "li":
            self._open.append(_opened(element, tag))
        elif self._open:
            here = self._open[-1]
            here.marker, here.in_item = "- ", True
            if here.is_ordered:
                number = _integer(element.get("value"), here.next_number)
                here.next_number = number + here.step
                here.marker = f"{label(number, here.kind)}. "

    def end(self, element: Element, tag: str) -> None:
        """Ends a list or an item."""
        if not self._open:
            return
        if tag != "li":
            self._open.pop()
        else:
            self._open[-1].marker, self._open[-1].in_item = None, False

    def place(self, tag: str) -> tuple[str | None, int]:
        """Returns (marker, indent) of the block that ends here; see `Block`.

        An item that begins with a heading has no marker.
        """
        if not self._open or not self._open[-1].in_item:
            return None, 0

        here, indent = self._open[-1], len(self._open) - 1
        if tag in HEADINGS and here.marker:
            here.in_item = False
            return None, 0
        marker, here.marker = here.marker or "", None
        return marker, indent


def _opened(element: Element, tag: str) -> _List:
    if tag != "ol":
        return _List(False, 0, 0, "")
    kind = element.get("type", "1")
    is_reversed = "reversed" in element.attrib
    first = sum(1 for child in element if child.tag == "li") if is_reversed else 1
    return _List(True, _integer(element.get("start"), first), -1 if is_reversed else 1, kind)


def _integer(text: str | None, default: int) -> int:
    """Returns the integer that `text` states in HTML, or `default` if it is not one or is too large."""
    try:
        number = int(text.strip()[:12]) if text else default
    except ValueError:
        return default
    return number if abs(number) <= _MAX_NUMBER else default


def label(number: int, kind: str) -> str:
    """Returns an item's number as letters or Roman numerals, or as digits if these cannot write the number."""
    if kind in ("a", "A") and number > 0:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(97 + rest) + letters
        return letters.upper() if kind == "A" else letters

    if kind in ("i", "I") and 0 < number < 4000:
        roman = ""
        for value, letters in _ROMAN:
            count, number = divmod(number, value)
            roman += letters * count
        return roman.upper() if kind == "I" else roman
    return str(number)
