"""Functions that open a lake and report on it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

from pomona.api.errors import reports_faults

if TYPE_CHECKING:
    from corpus.lake import Lake

LakeLike: TypeAlias = Union["Lake", str, Path]


def open(lake: LakeLike | None = None) -> "Lake":
    """Opens the lake at a path or URL, and does not read or create anything yet.

    `lake.table("signals")` is a table as a Polars lazy frame, `lake.tables()` names those that exist. Raises
    `UserError` if the path cannot be a lake: a file, or a folder with other files.
    """
    from pomona import opening

    if lake is not None and not isinstance(lake, (str, Path)):
        return lake
    return opening.open_lake(None if lake is None else str(lake), must_exist=False)


def existing(lake: LakeLike) -> "Lake":
    """Opens the lake; raises `UserError` if it has no table, because an empty answer would hide a mistyped path."""
    from corpus.errors import UserError

    opened = open(lake)
    if not opened.tables():
        raise UserError(f"there is no lake at {opened.url}; make one with pomona.run(...) or pomona.ingest(...)")
    return opened


@dataclass(frozen=True, slots=True)
class Report:
    """A page about a lake. A notebook shows it; `save` writes it to a file."""

    lake: str
    html: str = field(repr=False)  # one self-contained document, without scripts

    def save(self, path: str | Path) -> Path:
        """Writes the page; the file appears when it is complete."""
        from pomona.destination import new_file

        with new_file(str(path)) as temporary:
            temporary.write_text(self.html, encoding="utf-8")
        return Path(path)

    def _repr_html_(self) -> str:
        """Shows the page in a frame without scripts, so that its styles do not change those of the notebook."""
        from html import escape

        style = "width: 100%; height: 720px; border: 1px solid #8884; border-radius: 6px"
        return f'<iframe sandbox srcdoc="{escape(self.html)}" style="{style}"></iframe>'


@reports_faults
def report(lake: LakeLike) -> Report:
    """Renders one self-contained page about a lake.

    It shows funnel, reasons, signals, samples, duplicates, contamination and lineage.

    Raises `UserError` if a stage is out of date.
    """
    from pomona.page import render

    opened = existing(lake)
    return Report(opened.url, render(opened))
