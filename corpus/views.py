"""What a person asks of the tables that every lake has, as frozen dataclasses for report, `--json` and Python."""

from dataclasses import dataclass

import polars as pl

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.records import REASONS

_ID_DIGITS = 32
_MOST_NAMED = 10  # documents that match a name, at most, before it is refused
_EXAMPLES = 3  # of each reason
_PASSAGES = 10  # texts shown of what a stage cut
_CUTS_READ = 200  # cuts among which these are looked for
_PASSAGE_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Example:
    """A raw record that was refused."""

    uri: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rejects:
    """The raw records that were refused for one reason."""

    reason: str
    count: int
    doc: str  # what the reason means
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Raw records of one kind that are no documents by their nature."""

    source: str
    kind: str
    records: int


@dataclass(frozen=True, slots=True)
class CutsOfSource:
    """What one stage cut out of the documents of one source."""

    source: str
    cuts: int
    documents: int
    characters: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that was cut."""

    uri: str  # of a document that had it
    copies: int | None  # times that it is in the corpus
    characters: int
    text: str  # its beginning


@dataclass(frozen=True, slots=True)
class Cuts:
    """What one stage cut: by source, and the passages that were there most often."""

    stage: str
    sources: tuple[CutsOfSource, ...]
    passages: tuple[Passage, ...]


def rejects(lake: Lake) -> list[Rejects]:
    """The reasons for which raw records were refused, the most frequent first."""
    examples = pl.struct("uri", "detail").head(_EXAMPLES).alias("examples")
    counted = lake.scan("rejects").group_by("reason").agg(pl.len().alias("count"), examples)
    rows = counted.sort("count", "reason", descending=[True, False]).collect()
    return [
        Rejects(reason, count, REASONS.get(reason, ""), tuple(Example(**one) for one in shown))
        for reason, count, shown in rows.iter_rows()
    ]


def passed_over(lake: Lake) -> list[PassedOver]:
    """Raw records that are no documents by their nature, by source and kind, the most frequent first."""
    counted = lake.scan("passed_over").group_by("source", "kind").agg(pl.col("records").sum())
    rows = counted.sort("records", "source", "kind", descending=[True, False, False]).collect()
    return [PassedOver(*row) for row in rows.iter_rows()]


def cuts(lake: Lake, stage: str) -> Cuts | None:
    """What a stage cut, or None if it cut nothing."""
    rows = lake.scan("cuts", slot=stage).with_columns(characters=pl.col("end") - pl.col("start"))
    per_source = rows.group_by("source").agg(
        cuts=pl.len(), documents=pl.col("id").n_unique(), characters=pl.col("characters").sum()
    )
    sources = per_source.sort("source").collect(engine="streaming")
    if not sources.height:
        return None
    order = ["copies", "characters", "id", "start"]
    most = rows.sort(order, descending=[True, True, False, False], nulls_last=True).head(_CUTS_READ)
    return Cuts(stage, tuple(CutsOfSource(*row) for row in sources.iter_rows()), _passages(lake, most))


def _passages(lake: Lake, rows: pl.LazyFrame) -> tuple[Passage, ...]:
    """The texts of some cuts, each once."""
    texts = lake.scan("documents").select("id", "uri", "text").join(rows, on="id", how="inner")
    length = pl.min_horizontal("characters", _PASSAGE_CHARACTERS)
    shown = texts.select("uri", "copies", "characters", text=pl.col("text").str.slice("start", length))
    ordered = shown.collect(engine="streaming").sort(
        "copies", "characters", "uri", descending=[True, True, False], nulls_last=True
    )
    once = ordered.unique("text", keep="first", maintain_order=True).head(_PASSAGES)
    return tuple(Passage(*row) for row in once.iter_rows())


def find(lake: Lake, wanted: str) -> str | None:
    """The id of the document whose id or URI is `wanted`; else the one that it begins, ends or is inside of.

    Raises `UserError` if it is several documents.
    """
    addresses = lake.scan("documents").select("id", "uri", "source")
    if len(wanted) == _ID_DIGITS and addresses.filter(pl.col("id") == wanted).select(pl.len()).collect().item():
        return wanted  # without a look at addresses
    exact = pl.col("id").eq(wanted) | pl.col("uri").eq(wanted)
    partly = pl.col("id").str.starts_with(wanted) | pl.col("uri").str.starts_with(wanted)
    partly |= pl.col("uri").str.ends_with(wanted)
    inside = pl.col("uri").str.contains(wanted, literal=True)

    for matches in (exact, partly, inside):
        found = addresses.filter(matches).head(_MOST_NAMED + 1).collect()
        if found.height == 1:
            return str(found["id"][0])
        if found.height > 1:
            first = ", ".join(f"{id_[:12]} {uri} ({source})" for id_, uri, source in found.head(3).iter_rows())
            how = "give the id of one" if found["uri"].n_unique() == 1 else "give more of it, or an id"
            raise UserError(f"{wanted!r} is not one document but several, e.g. {first}; {how}")
    return None
