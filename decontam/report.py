"""Who touches what: benchmarks and their items by the documents that hold them, worst first; policies side by side."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from decontam import index as indexing
from decontam.index import Index
from decontam.policies import POLICIES, policies
from decontam.steps import STAGE, by_item, folder

KEPT = "kept"  # the mixture of all documents that no stage dropped


@dataclass(frozen=True, slots=True)
class Policy:
    """What one policy would do."""

    policy: str
    in_force: bool
    drops: int
    share: float  # of the documents that decontamination saw
    doc: str


def read_index(lake: Lake) -> Index:
    """The index that the lake was last decontaminated against; raises `UserError` where it never was."""
    made = lake.current("decisions", STAGE)
    if made is None:
        raise UserError(f"lake {lake.url} was not decontaminated yet; run `pomona decontam --benchmark ...` first")
    at = folder(lake, made.config["index"])
    if at is None:
        command = made.facts.get("command") or "pomona decontam ..."
        raise UserError(f"the lake's index of the benchmarks is missing or damaged; make it again: {command}")
    return indexing.load(at)


def by_policy(lake: Lake) -> list[Policy]:
    """Each policy with the documents that it drops or would drop."""
    made = lake.current("decisions", STAGE)
    in_force = made.config["policy"] if made else None
    seen = sum(part.n_rows for part in lake.parts("decisions", STAGE))
    drops = dict(lake.scan("verdicts").group_by("policy").len().collect().iter_rows())
    return [
        Policy(name, name == in_force, drops.get(name, 0), drops.get(name, 0) / max(seen, 1), policies()[name].DOC)
        for name in POLICIES
    ]


def by_benchmark(lake: Lake, index: Index) -> list[dict[str, Any]]:
    """Each benchmark: items, those touched by any document, by documents that stay, and half or more of them."""
    totals = pl.DataFrame({"benchmark": [name for name, _ in index.items]}).group_by("benchmark").len("items")
    rows = []
    every, staying = by_item(lake), lake.scan("touched", slot=KEPT).collect()
    for name, n_items in totals.sort("benchmark").iter_rows():
        of = [frame.filter(pl.col("benchmark") == name) for frame in (every, staying)]
        rows.append(
            {
                "benchmark": name,
                "items": n_items,
                "touched": of[0].height,
                "half_or_more": of[0].filter(pl.col("share") >= 0.5).height,
                "touched_by_kept": of[1].height,
                "half_or_more_by_kept": of[1].filter(pl.col("share") >= 0.5).height,
            }
        )
    return rows


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Documents that decontamination saw, and what became of them."""

    documents: int  # in the lake
    looked_at: int  # that no earlier stage had dropped
    touch: int  # that hold a part of an item
    dropped: int


def looked_at(lake: Lake) -> LookedAt:
    """How many documents the last decontamination looked at."""
    n_documents = sum(part.n_rows for part in lake.parts("documents"))
    n_seen = sum(part.n_rows for part in lake.parts("decisions", STAGE))
    n_touch = lake.scan("contamination").select(pl.col("id").n_unique()).collect().item()
    dropped = lake.scan("decisions", slot=STAGE).select((~pl.col("kept")).sum()).collect().item()
    return LookedAt(n_documents, n_seen, int(n_touch), int(dropped))


def documents_of(lake: Lake, index: Index, benchmark: str, item: str, most: int = 10) -> list[dict[str, Any]]:
    """The documents that touch an item, by share, with their text around the n-gram, and the item's own texts."""
    names = sorted({name for name, _ in index.items})
    if benchmark not in names:
        raise unknown("benchmark", benchmark, names)
    if (benchmark, item) not in index.items:
        raise unknown(f"item of {benchmark}", item, [i for b, i in index.items if b == benchmark])
    rows = lake.scan("contamination").filter((pl.col("benchmark") == benchmark) & (pl.col("item") == item))
    rows = rows.sort(["share", "n", "id"], descending=[True, True, False]).head(most)
    texts = lake.scan("documents").select("id", "uri", "text")
    verdict = lake.scan("decisions", slot=STAGE).select("id", "kept")
    joined = rows.join(texts, on="id", how="left").join(verdict, on="id", how="left").collect()
    return joined.sort(["share", "n", "id"], descending=[True, True, False]).to_dicts()
