"""Lists of views that print as a table, in a terminal and in a notebook."""

from dataclasses import fields
from html import escape
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_PLAIN = (str, int, float, bool, type(None))


class Rows(list[T], Generic[T]):
    """A list of dataclasses of one kind. It prints one line for each, with the fields that are text or numbers."""

    def _table(self) -> tuple[list[str], list[list[Any]]]:
        names = [one.name for one in fields(self[0])] if self else []  # type: ignore[arg-type]
        shown = [name for name in names if all(isinstance(getattr(row, name), _PLAIN) for row in self)]
        return shown, [[getattr(row, name) for name in shown] for row in self]

    def __repr__(self) -> str:
        from pomona import output

        names, rows = self._table()
        return output.visible(output.table(rows, names)) if self else "[]"

    def _repr_html_(self) -> str:
        from pomona import output

        names, rows = self._table()
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        cells = ("".join(f"<td>{escape(output.visible(output.cell(value)))}</td>" for value in row) for row in rows)
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
