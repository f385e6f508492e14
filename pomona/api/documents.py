"""Functions that read the documents of a lake and what was decided on them."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pomona.api.errors import reports_faults
from pomona.api.lakes import LakeLike, existing
from pomona.api.rows import Rows

if TYPE_CHECKING:
    import polars as pl

    from corpus.dedup.near.views import NearMisses, Similar
    from corpus.dedup.views import Duplicates
    from corpus.lake import Lake
    from decontam.views import ItemTexts
    from decontam.views import Overview as Contamination
    from pomona.views.explanation import Explanation, Refused
    from pomona.views.overview import Overview


def kept(lake: LakeLike) -> "pl.LazyFrame":
    """Returns the kept documents lazily: id, source, uri, text, license, metadata, cluster, copies.

    `text` does not contain what was cut; `copies` is the number of documents that one represents. Documents are read in
    pieces, and only the requested columns. Raises `UserError` if a stage is out of date.
    """
    from pomona import kept_documents

    return kept_documents.kept(existing(lake))


@reports_faults
def overview(lake: LakeLike) -> "Overview":
    """Counts all documents by stage, by source and by reason."""
    from pomona.views import overview as views

    opened = _current(lake)
    with opened.snapshot():
        return views.overview(opened)


def _current(lake: LakeLike) -> "Lake":
    """Returns the lake; raises `UserError` if a stage is out of date, because its results belong to other documents."""
    from pomona import standing

    opened = existing(lake)
    standing.require(opened)
    return opened


@dataclass(frozen=True, slots=True)
class Explained:
    """A view that prints itself as the command line does; its fields are those of `view`."""

    view: "Explanation | Refused"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.view, name)

    def __dir__(self) -> list[str]:
        return [one.name for one in fields(self.view)]

    def __repr__(self) -> str:
        from pomona.output import visible
        from pomona.terminal.explanation import render

        return visible(render(self.view))

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre style='white-space: pre-wrap'>{escape(repr(self))}</pre>"


@reports_faults
def explain(lake: LakeLike, document: str | Path) -> Explained:
    """Explains why a document was kept or dropped, or why a file was refused.

    `document` is an id, a URI, or a part that only one of them has. The fields `.kept`, `.decisions`, `.duplicates`,
    `.signals`, `.contamination` and `.cuts` hold what is printed.
    """
    from pomona.views import explanation

    opened = existing(lake)
    with opened.snapshot():
        return Explained(explanation.explain(opened, str(document)))


@reports_faults
def similar(lake: LakeLike, document: str | Path, top: int = 10, diff: int = 1) -> "Rows[Similar]":
    """Returns the `top` documents most similar to a document (id, URI) or text file, with estimated Jaccard similarity.

    The first `diff` of them have `changes`: runs of words that are in both texts, only in one, or only in the other.
    """
    from corpus.dedup.near import views

    return Rows(views.similar(existing(lake), str(document), top, diff))


@reports_faults
def duplicates(lake: LakeLike) -> "Duplicates | None":
    """Returns the clusters that deduplication found, over all its families; None if there are none."""
    from corpus.dedup import views

    return views.duplicates(_current(lake))


@reports_faults
def near_misses(lake: LakeLike) -> "NearMisses | None":
    """Returns the pairs nearest to the threshold of near-duplicates, on both sides; None if they were not searched."""
    from corpus.dedup.near import views

    return views.near_misses(_current(lake))


@reports_faults
def contamination(
    lake: LakeLike, benchmark: str | None = None, item: str | None = None, top: int = 20
) -> "Contamination | ItemTexts":
    """Returns the touched benchmark items and each policy's drops, or one item with the documents that touch it."""
    from corpus.errors import UserError
    from decontam import views

    opened = _current(lake)
    if benchmark is None and item is None:
        return views.overview(opened, top)
    if benchmark is None or item is None:
        of = benchmark or "a benchmark"
        raise UserError(f"name an item of {of}, too; pomona.contamination(lake).items lists those that are touched")
    return views.item(opened, benchmark, item, top)


@reports_faults
def sql(lake: LakeLike, query: str, at: dict[str, int] | None = None) -> "pl.DataFrame":
    """Runs a DuckDB query over the lake's tables and `kept`; `at` names earlier versions of tables.

    The query cannot read or write anything else.
    """
    import polars as pl

    from pomona import query as asking

    columns, rows = asking.query(existing(lake), query, at or {})
    return pl.DataFrame(rows, schema=_once_each(columns), orient="row", infer_schema_length=None)


def _once_each(names: list[str]) -> list[str]:
    """Returns the names of a query's columns, with a number after one that occurred before: a data frame needs it."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return unique
