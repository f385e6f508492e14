"""Why a document is in the corpus or not: by which rule, value and limit, and what it is a copy of."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus.dedup.joined import clusters
from corpus.errors import UserError
from corpus.lake import Lake
from pomona import standing
from pomona.stages import decided

_MAX_SHOWN = 10
_KNOWN = ("id", "source", "row_group", "row")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that the lake knows about a document."""

    document: dict[str, Any]
    kept: bool | None  # None where nothing has decided yet, or a stage is out of date
    decisions: list[dict[str, Any]]
    signals: dict[str, Any]
    duplicates: list[dict[str, Any]]
    contamination: list[dict[str, Any]]
    cuts: list[dict[str, Any]]
    out_of_date: list[str]  # stages whose decisions do not hold, with what to run


def explain(lake: Lake, wanted: str) -> Explanation | list[dict[str, Any]]:
    """What is known of the document with this id, URI or unique prefix; or the rejects under that URI."""
    found = find(lake, wanted)
    if found is None:
        holds = pl.col("uri").str.contains(wanted, literal=True)
        rejects = lake.scan("rejects").filter(holds).head(_MAX_SHOWN).collect()
        if rejects.height:
            return rejects.to_dicts()
        raise UserError(f"no document or reject has the id or URI {wanted!r}, or a URI with it inside")
    stale = [str(one) for one in standing.out_of_date(lake)]
    row = lake.scan("documents").filter(pl.col("id") == found).head(1).collect().to_dicts()[0]
    row["metadata"] = dict(row["metadata"])
    decisions = lake.scan("decisions").filter(pl.col("id") == found).collect().to_dicts()
    order = {slot: place for place, slot in enumerate(decided(lake))}
    decisions.sort(key=lambda decision: order.get(decision["stage"], len(order)))

    measured = lake.scan("signals").filter(pl.col("id") == found).drop(_KNOWN, strict=False).collect().to_dicts()
    picture = clusters(lake)
    cluster = picture.filter(pl.col("id") == found).select("cluster")
    members = picture.join(cluster, on="cluster", how="semi")
    uris = lake.scan("documents").select("id", "uri")
    copies = members.join(uris, on="id", how="inner").sort("id").head(100).collect()

    kept = all(decision["kept"] for decision in decisions) if decisions and not stale else None
    touched = lake.scan("contamination").filter(pl.col("id") == found).drop("id", "source")
    touched_items = touched.sort("share", "n", descending=True).head(_MAX_SHOWN).collect().to_dicts()
    gone = lake.scan("cuts").filter(pl.col("id") == found).drop(_KNOWN, strict=False).sort("start").collect().to_dicts()
    signals = measured[0] if measured else {}
    return Explanation(row, kept, decisions, signals, copies.to_dicts(), touched_items, gone, stale)


def find(lake: Lake, wanted: str) -> str | None:
    """The id that is `wanted`, or the one document whose id begins with it, or whose URI is or holds it.

    A URI that is it counts first, then one that begins or ends with it.

    Raises `UserError` where several do.
    """
    addresses = lake.scan("documents").select("id", "uri", "source")
    exact = pl.col("id").eq(wanted) | pl.col("uri").eq(wanted)
    partly = pl.col("id").str.starts_with(wanted) | pl.col("uri").str.starts_with(wanted)
    partly |= pl.col("uri").str.ends_with(wanted)
    inside = pl.col("uri").str.contains(wanted, literal=True)
    for matches in (exact, partly, inside):
        found = addresses.filter(matches).head(_MAX_SHOWN + 1).collect()
        if found.height == 1:
            return str(found["id"][0])
        if found.height > 1:
            first = ", ".join(f"{id_[:12]} {uri} ({source})" for id_, uri, source in found.head(3).iter_rows())
            how = "give the id of one" if found["uri"].n_unique() == 1 else "give more of it, or an id"
            raise UserError(f"{wanted!r} is not one document but several, e.g. {first}; {how}")
    return None


def render(explanation: Explanation) -> str:
    """For a person at a terminal."""
    document = explanation.document
    undecided = "open, since some decisions are out of date (below)" if explanation.out_of_date else "not decided yet"
    verdict = {True: "kept", False: "dropped", None: undecided}[explanation.kept]
    lines = [
        f"{document['uri']}",
        f"  id       {document['id']}",
        f"  source   {document['source']}",
        f"  verdict  {verdict}",
    ]

    if document["license"]:
        lines.append(f"  license  {document['license']}")
    lines += [f"  {name}: {value}" for name, value in document["metadata"].items()]

    for decision in explanation.decisions:
        lines.append(f"\n{decision['stage']}: {'kept' if decision['kept'] else 'dropped'}")
        for measure in decision["measured"]:
            value = "" if measure["value"] is None else f"  value {measure['value']:.4g}, limit {measure['limit']:.4g}"
            lines.append(f"  {measure['rule']}{value}")
    lines += [f"\n{line}" for line in explanation.out_of_date]
    if explanation.duplicates:
        lines.append("\nits copies:")
        lines += [
            f"  {copy['uri']}{'  (stays)' if copy['id'] == copy['representative'] else ''}"
            + ("" if copy["similarity"] == 1 else f"  similarity {copy['similarity']:.3f}")
            for copy in explanation.duplicates
        ]
    if explanation.contamination:
        lines.append("\nbenchmark items it touches:")
        lines += [
            f"  {t['benchmark']} {t['item']}: {t['share']:.0%} of it; {t['n']} words, in {t['count']} documents "
            f"without it: {' '.join(t['ngram'].split())!r}"
            for t in explanation.contamination
        ]
    text = document["text"]
    if explanation.cuts:
        lines.append("\ncut out of it:")
        lines += [
            f"  {cut['stage']}: characters {cut['start']} to {cut['end']}"
            + (f", {cut['copies']} copies in the corpus" if cut["copies"] else "")
            + f": {' '.join(text[cut['start'] : cut['end']].split())[:80]!r}"
            for cut in explanation.cuts[:_MAX_SHOWN]
        ]
        lines += [f"  and {len(explanation.cuts) - _MAX_SHOWN} more"] if len(explanation.cuts) > _MAX_SHOWN else []
    lines += ["", text[:600] + (" ..." if len(text) > 600 else "")]
    return "\n".join(lines)
