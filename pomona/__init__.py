"""What a person runs: the command line, recipes, the runner and reports."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from corpus.lake import Lake

__version__ = "0.1.0"


def kept(lake: "Lake | str | Path") -> "pl.LazyFrame":
    """The kept documents of a lake, or of the lake at a path: see `pomona.kept_documents.kept`."""
    from pomona import kept_documents

    return kept_documents.kept(lake)
