"""Explains why a document is in the corpus or not: by which rule, value and limit, and of what it is a copy."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus.dedup.joined import clusters
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.views import find
from pomona import standing
from pomona.stages import decided, meanings

_MOST_LISTED = 10  # rejects, and benchmark items
_MOST_COPIES = 100
_PLACE = ("id", "source", "row_group", "row")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that the lake knows about a document."""

    document: dict[str, Any]  # its row of `documents`
    kept: bool | None  # None if nothing has decided yet, or a stage is out of date
    decisions: list[dict[str, Any]]  # its rows of `decisions`, in the order of the stages
    signals: dict[str, Any]  # its row of `signals`
    duplicates: list[dict[str, Any]]  # documents of its cluster
    contamination: list[dict[str, Any]]  # benchmark items that it touches
    cuts: list[dict[str, Any]]  # passages that are cut out of it
    out_of_date: list[str]  # messages about stages that are out of date, with what to run
    meanings: dict[str, str]  # of the reasons in its decisions


@dataclass(frozen=True, slots=True)
class Refused:
    """Raw records that did not become documents."""

    rejects: list[dict[str, Any]]  # rows of `rejects`


def explain(lake: Lake, wanted: str) -> Explanation | Refused:
    """Explains the document with this id, URI or unique part of one; or returns the rejects with that URI.

    Raises `UserError` if there are none, or several documents.
    """
    id_ = find(lake, wanted)
    if id_ is not None:
        return _explain(lake, id_)
    contains = pl.col("uri").str.contains(wanted, literal=True)
    rejects = lake.scan("rejects").filter(contains).head(_MOST_LISTED).collect()
    if not rejects.height:
        raise UserError(f"no document or reject has the id or URI {wanted!r}, or a URI that contains it")
    return Refused(rejects.to_dicts())


def _explain(lake: Lake, id_: str) -> Explanation:
    of_document = pl.col("id") == id_
    stale = [str(one) for one in standing.out_of_date(lake)]
    row = lake.scan("documents").filter(of_document).head(1).collect().to_dicts()[0]
    row["metadata"] = dict(row["metadata"])

    order = {slot: place for place, slot in enumerate(decided(lake))}
    decisions = lake.scan("decisions").filter(of_document).collect().to_dicts()
    decisions.sort(key=lambda decision: order.get(decision["stage"], len(order)))
    measured = lake.scan("signals").filter(of_document).drop(_PLACE, strict=False).collect().to_dicts()
    touched = lake.scan("contamination").filter(of_document).drop("id", "source").sort("share", "n", descending=True)
    cut = lake.scan("cuts").filter(of_document).drop(_PLACE, strict=False).sort("start")

    known = meanings(lake)
    return Explanation(
        document=row,
        kept=all(decision["kept"] for decision in decisions) if decisions and not stale else None,
        decisions=decisions,
        signals=measured[0] if measured else {},
        duplicates=_copies(lake, id_),
        contamination=touched.head(_MOST_LISTED).collect().to_dicts(),
        cuts=cut.collect().to_dicts(),
        out_of_date=stale,
        meanings={name: known.get(name, "") for decision in decisions for name in decision["reasons"]},
    )


def _copies(lake: Lake, id_: str) -> list[dict[str, Any]]:
    """Returns the documents of its cluster, with itself."""
    all_members = clusters(lake)
    cluster = all_members.filter(pl.col("id") == id_).select("cluster")
    members = all_members.join(cluster, on="cluster", how="semi")
    uris = lake.scan("documents").select("id", "uri")
    return members.join(uris, on="id", how="inner").sort("id").head(_MOST_COPIES).collect().to_dicts()
