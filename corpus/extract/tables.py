"""Tells tables that hold data from tables that only lay out a page.

Source: Readability's `_markDataTables` (github.com/mozilla/readability), after Gecko's accessibility code.
"""

from corpus.extract.block import count_words
from corpus.extract.markup import Element

_LAYOUT_ROLES = ("presentation", "none")
_DATA_PARTS = ("caption", "col", "colgroup", "tfoot", "thead", "th")
_MAX_CELLS = 4000  # a table with more cells holds data
_LONG_CELL = 60  # words per cell, on average, that a data table may have
_LONG_DATA = 150  # the same for a table with headers, a caption or a summary
_NO_DATA = frozenset(("h1", "article", "section", "nav"))


def holds_data(table: Element) -> bool:
    """Whether a table's rows are records rather than parts of the page."""
    if table.get("role") in _LAYOUT_ROLES or table.get("datatable") == "0":
        return False

    found: set[str] = set()
    n_rows = n_cells = columns = 0
    in_row = 0
    for element in table.iter():
        tag = element.tag
        if element is table or not isinstance(tag, str):
            continue
        found.add(tag)

        # Parts of a page, or a table inside, mean layout. A table with headers may have a table inside.
        if tag in _NO_DATA:
            return False
        if tag == "table":
            if found.isdisjoint(_DATA_PARTS):
                return False
            break

        if tag == "tr":
            n_rows, in_row = n_rows + 1, 0
        elif tag in ("td", "th"):
            n_cells, in_row = n_cells + 1, in_row + 1
            columns = max(columns, in_row)
            if n_cells > _MAX_CELLS:
                return True

    # Without headers, a table of data has two rows and two columns at least. Long cells are parts of a page.
    says_so = not found.isdisjoint(_DATA_PARTS) or bool(table.get("summary"))
    if not says_so and (n_rows < 2 or columns < 2):
        return False
    return count_words("".join(table.itertext())) <= (_LONG_DATA if says_so else _LONG_CELL) * max(n_cells, 1)
