"""Views of decontamination for people: touched items, the documents that touch them, and the drops of each policy."""

from dataclasses import dataclass

import polars as pl

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.lineage import Lineage
from corpus.touched import by_item
from decontam import index as indexing
from decontam.index import Index
from decontam.names import KEPT, POLICIES
from decontam.policies import policies
from decontam.steps import STAGE, folder

_MARGIN = 160  # characters of a document shown around an overlap


@dataclass(frozen=True, slots=True)
class Touched:
    """A benchmark, with the number of items that are touched, by any document and by kept documents."""

    benchmark: str
    items: int
    touched: int
    half_or_more: int  # items of which some document has at least half
    touched_by_kept: int
    half_or_more_by_kept: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The documents that one policy drops, or would drop."""

    policy: str
    in_force: bool
    drops: int  # documents
    share: float  # of the documents that decontamination read
    doc: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item that is touched, with the document that has most of it."""

    benchmark: str
    item: str
    documents: int  # that touch it
    share: float  # of the item's words, the share that the document has
    n: int  # words of the longest overlap
    uri: str | None  # of the document
    ngram: str  # the overlap
    count: int  # documents of the corpus that have it without the item


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Numbers of documents in the lake, and of those that decontamination read and dropped."""

    documents: int  # in the lake
    looked_at: int  # that no earlier stage had dropped
    touch: int  # that have a part of an item
    dropped: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The last decontamination of a lake."""

    policy: str
    common_documents: int  # an n-gram in this many documents is common usage
    benchmarks: tuple[Touched, ...]
    policies: tuple[Policy, ...]
    items: tuple[Item, ...]  # the worst first
    documents: LookedAt


@dataclass(frozen=True, slots=True)
class Touching:
    """A document that touches an item."""

    id: str
    source: str
    uri: str
    kept: bool | None  # None if the policy did not read it
    share: float
    n: int
    count: int
    ngram: str
    start: int  # first character of the overlap in the document
    end: int  # character after it
    before: str  # text before the overlap
    overlap: str
    after: str


@dataclass(frozen=True, slots=True)
class ItemTexts:
    """An item, and the documents that touch it."""

    benchmark: str
    item: str
    question: str
    choices: str
    answer: str
    documents: tuple[Touching, ...]


@dataclass(frozen=True, slots=True)
class PolicyDoc:
    """A policy, as it is documented."""

    policy: str
    drops_from: float
    unit: str
    doc: str
    source: str


def reasons(lake: Lake | None = None) -> dict[str, str]:
    """Returns the meaning of each reason. There is one reason per policy."""
    return {f"{STAGE}.{name}": module.DOC for name, module in policies().items()}


def list_policies() -> list[PolicyDoc]:
    """Returns every policy with its limit, meaning and source."""
    return [
        PolicyDoc(name, module.LIMIT, module.UNIT, module.DOC, module.SOURCE) for name, module in policies().items()
    ]


def overview(lake: Lake, most: int = 20) -> Overview:
    """Returns benchmarks, policies and the worst `most` items.

    Raises `UserError` if the lake was never decontaminated.
    """
    lineage = _made(lake)
    return Overview(
        policy=lineage.config["policy"],
        common_documents=lineage.config["common_documents"],
        benchmarks=_by_benchmark(lake, lineage.config["benchmarks"]),
        policies=_by_policy(lake, lineage.config["policy"]),
        items=_worst(lake, most),
        documents=_looked_at(lake),
    )


def is_decontaminated(lake: Lake) -> bool:
    """Returns whether there is anything to show."""
    return lake.current("decisions", STAGE) is not None


def read_index(lake: Lake) -> Index:
    """Returns the index of the lake's last decontamination. Raises `UserError` if there was none."""
    lineage = _made(lake)
    path = folder(lake, lineage.config["index"])
    if path is None:
        command = lineage.facts.get("command") or "pomona decontam ..."
        raise UserError(f"the lake's index of the benchmarks is missing or damaged; make it again: {command}")
    return indexing.load(path)


def unidentified_items(lake: Lake) -> int:
    """Returns the number of items of fewer than eight words, which only the policy `afm` protects."""
    return read_index(lake).unidentified


def _made(lake: Lake) -> Lineage:
    lineage = lake.current("decisions", STAGE)
    if lineage is None:
        raise UserError(f"lake {lake.url} was not decontaminated yet; run `pomona decontam --benchmark ...` first")
    return lineage


def item(lake: Lake, benchmark: str, name: str, most: int = 5) -> ItemTexts:
    """Returns one item, and the `most` documents that have most of it, each with its text around the overlap."""
    index = read_index(lake)
    names = sorted({one for one, _ in index.items})
    if benchmark not in names:
        raise unknown("benchmark", benchmark, names)
    if (benchmark, name) not in index.items:
        raise unknown(f"item of {benchmark}", name, [i for b, i in index.items if b == benchmark])
    texts = index.texts[index.items.index((benchmark, name))]
    return ItemTexts(benchmark, name, *texts, _touching(lake, benchmark, name, most))


def _touching(lake: Lake, benchmark: str, name: str, most: int) -> tuple[Touching, ...]:
    rows = lake.scan("contamination").filter((pl.col("benchmark") == benchmark) & (pl.col("item") == name))
    rows = rows.sort(["share", "n", "id"], descending=[True, True, False]).head(most)
    texts = lake.scan("documents").select("id", "uri", "text")
    verdict = lake.scan("decisions", slot=STAGE).select("id", "kept")
    shown = rows.join(texts, on="id", how="left").join(verdict, on="id", how="left")
    ordered = shown.sort(["share", "n", "id"], descending=[True, True, False]).collect()
    return tuple(_with_margins(row) for row in ordered.to_dicts())


def _with_margins(row: dict) -> Touching:  # type: ignore[type-arg]
    text, start, end = row["text"] or "", row["start"], row["end"]
    same = {name: row[name] for name in ("id", "source", "uri", "kept", "share", "n", "count", "ngram", "start", "end")}
    return Touching(
        **same,
        before=text[max(0, start - _MARGIN) : start],
        overlap=text[start:end],
        after=text[end : end + _MARGIN],
    )


def _by_benchmark(lake: Lake, benchmarks: dict[str, int]) -> tuple[Touched, ...]:
    every, kept = by_item(lake), lake.scan("touched", slot=KEPT).collect()
    benchmark_counts = []
    for name in sorted(benchmarks):
        counts = []
        for items in (every, kept):
            touched = items.filter(pl.col("benchmark") == name)
            counts += [touched.height, touched.filter(pl.col("share") >= 0.5).height]
        benchmark_counts.append(Touched(name, benchmarks[name], *counts))
    return tuple(benchmark_counts)


def _by_policy(lake: Lake, in_force: str) -> tuple[Policy, ...]:
    seen = sum(part.n_rows for part in lake.parts("decisions", STAGE))
    drops = dict(lake.scan("verdicts").group_by("policy").len().collect().iter_rows())
    return tuple(
        Policy(name, name == in_force, drops.get(name, 0), drops.get(name, 0) / max(seen, 1), policies()[name].DOC)
        for name in POLICIES
    )


def _worst(lake: Lake, most: int) -> tuple[Item, ...]:
    """Returns the items of which the largest share is in some document, each with that document."""
    items = by_item(lake).head(most)
    having_most = (
        lake.scan("contamination")
        .join(items.lazy().select("benchmark", "item"), on=["benchmark", "item"], how="semi")
        .sort("share", "n", "id", descending=[True, True, False])
        .group_by("benchmark", "item", maintain_order=True)
        .first()
        .join(lake.scan("documents").select("id", "uri"), on="id", how="left")
        .select("benchmark", "item", "uri", "ngram", "count")
        .collect()
    )
    rows = items.join(having_most, on=["benchmark", "item"], how="left", maintain_order="left")
    columns = ("benchmark", "item", "documents", "share", "n", "uri", "ngram", "count")
    return tuple(Item(*row) for row in rows.select(columns).iter_rows())


def _looked_at(lake: Lake) -> LookedAt:
    n_documents = sum(part.n_rows for part in lake.parts("documents"))
    n_seen = sum(part.n_rows for part in lake.parts("decisions", STAGE))
    n_touch = lake.scan("contamination").select(pl.col("id").n_unique()).collect().item()
    dropped = lake.scan("decisions", slot=STAGE).select((~pl.col("kept")).sum()).collect().item()
    return LookedAt(n_documents, n_seen, int(n_touch), int(dropped))
