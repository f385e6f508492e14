"""What the report shows of copies: clusters, sources, near-misses, passages that were cut, touched benchmark items."""

from typing import Any

import polars as pl

from corpus.dedup import joined
from corpus.dedup.near.banding import Banding
from corpus.lake import Lake
from pomona.report import charts

_LARGEST = 10
_SHOWN = 5
_CUTS_READ = 200
_SAMPLE_CHARACTERS = 400
_SIZES = ((2, 2), (3, 3), (4, 5), (6, 10), (11, 100), (101, 1 << 62))


def duplicates(lake: Lake) -> dict[str, Any] | None:
    """Clusters, each document in one: copies dropped, by stage, sizes, sources, the largest with samples."""
    rows = joined.clusters(lake).collect(engine="streaming")
    if not rows.height:
        return None
    n_clusters = rows["cluster"].n_unique()
    dropped = [(stage, lake.scan("duplicates", slot=stage)) for stage in joined.STAGES]
    counts = [
        (stage, frame.filter(pl.col("id") != pl.col("representative")).select(pl.len()).collect().item())
        for stage, frame in dropped
    ]
    return {
        "clusters": n_clusters,
        "copies": rows.height - n_clusters,
        "by_stage": [(stage, count) for stage, count in counts if count],
        "sizes": _sizes(rows),
        "matrix": _matrix(rows),
        "largest": _largest(lake, rows),
    }


def _sizes(rows: pl.DataFrame) -> list[dict[str, Any]]:
    sizes = rows.group_by("cluster").len("n")
    found = []
    for low, high in _SIZES:
        count = sizes.filter(pl.col("n").is_between(low, high)).height
        name = str(low) if low == high else f"{low} to {high}" if high < 1 << 60 else f"{low} and more"
        found.append({"name": name, "count": count, "share": count / max(sizes.height, 1)})
    return [row for row in found if row["count"]]


def _matrix(rows: pl.DataFrame) -> dict[str, Any]:
    """Dropped copies by their own source (rows) and that of the copy that stays (columns)."""
    stays = rows.select(representative="id", stays="source")
    dropped = rows.filter(pl.col("id") != pl.col("representative")).join(stays, on="representative", how="left")
    counts = {(a, b): n for a, b, n in dropped.group_by("source", "stays").len().iter_rows()}
    names = sorted({name for pair in counts for name in pair if name})
    return {"names": names, "rows": [(a, [counts.get((a, b), 0) for b in names]) for a in names]}


def _largest(lake: Lake, rows: pl.DataFrame) -> list[dict[str, Any]]:
    sizes = rows.group_by("cluster").len("members").sort("members", "cluster", descending=[True, False]).head(_LARGEST)
    wanted = rows.join(sizes, on="cluster", how="semi").with_columns(own=pl.col("id") == pl.col("representative"))
    shown = wanted.sort("cluster", "own", "similarity", "id", descending=[False, True, True, False])
    shown = shown.group_by("cluster", maintain_order=True).head(_SHOWN)
    texts = (
        lake.scan("documents")
        .join(shown.lazy().select("id"), on="id", how="semi")
        .select("id", "uri", text=pl.col("text").str.slice(0, _SAMPLE_CHARACTERS))
        .collect(engine="streaming")
    )
    full = shown.join(texts, on="id", how="left").to_dicts()
    return [
        {"members": n, "documents": [row for row in full if row["cluster"] == cluster]}
        for cluster, n in sizes.iter_rows()
    ]


def passages(lake: Lake) -> list[dict[str, Any]]:
    """For each stage that cut: how much, by source, and the passages that stood most often."""
    found = []
    for stage in ("paragraphs", "substrings", "decontam"):
        rows = lake.scan("cuts", slot=stage).with_columns(characters=pl.col("end") - pl.col("start"))
        by_source = rows.group_by("source").agg(
            cuts=pl.len(), documents=pl.col("id").n_unique(), characters=pl.col("characters").sum()
        )
        listed = by_source.sort("source").collect(engine="streaming").to_dicts()
        if listed:
            down = [True, True, False, False]
            most = rows.sort("copies", "characters", "id", "start", descending=down, nulls_last=True).head(_CUTS_READ)
            found.append({"stage": stage, "sources": listed, "passages": _passages(lake, most)})
    return found


def _passages(lake: Lake, rows: pl.LazyFrame) -> list[dict[str, Any]]:
    """The texts of some cuts, each once."""
    texts = lake.scan("documents").select("id", "uri", "text").join(rows, on="id", how="inner")
    length = pl.min_horizontal("characters", _SAMPLE_CHARACTERS)
    shown = texts.select("uri", "copies", "characters", text=pl.col("text").str.slice("start", length))
    return (
        shown.collect(engine="streaming")
        .sort("copies", "characters", "uri", descending=[True, True, False], nulls_last=True)
        .unique("text", keep="first", maintain_order=True)
        .head(_LARGEST)
        .to_dicts()
    )


def near_misses(lake: Lake) -> dict[str, Any] | None:
    """The S-curve in force, and the pairs that were nearest to the threshold on both sides."""
    made = lake.current("decisions", "minhash")
    if made is None:
        return None
    config = made.config
    chosen = Banding(config["bands"], config["rows"], config["threshold"])
    series = {"seen": chosen.curve()}
    pairs = lake.scan("pairs").with_columns(distance=(pl.col("similarity") - chosen.threshold).abs())
    uris = lake.scan("documents").select("id", "uri")
    listed = []
    for merged in (True, False):
        nearest = pairs.filter(pl.col("merged") == merged).sort("distance", "left", "right").head(_SHOWN)
        named = nearest.join(uris.rename({"id": "left", "uri": "left_uri"}), on="left", how="left")
        listed += (
            named.join(uris.rename({"id": "right", "uri": "right_uri"}), on="right", how="left").collect().to_dicts()
        )
    listed.sort(key=lambda row: -row["similarity"])
    return {
        "chart": charts.lines(series, "probability that a pair is seen", chosen.threshold),
        "config": config,
        "pairs": listed,
    }


def contamination(lake: Lake) -> dict[str, Any] | None:
    """Benchmarks, policies and the worst items, each with the document that holds most of it."""
    from decontam import report
    from decontam.steps import by_item

    made = lake.current("decisions", "decontam")
    if made is None:
        return None
    every = by_item(lake)
    items = every.head(_LARGEST)
    worst = (
        lake.scan("contamination")
        .join(items.lazy().select("benchmark", "item"), on=["benchmark", "item"], how="semi")
        .sort("share", "n", "id", descending=[True, True, False])
        .group_by("benchmark", "item", maintain_order=True)
        .first()
        .join(lake.scan("documents").select("id", "uri"), on="id", how="left")
        .collect()
    )
    worst_of = {(row["benchmark"], row["item"]): row for row in worst.to_dicts()}
    kept = lake.scan("touched", slot=report.KEPT).collect()
    benchmarks = [
        {
            "benchmark": name,
            "items": n_items,
            "touched": every.filter(pl.col("benchmark") == name).height,
            "touched_by_kept": kept.filter(pl.col("benchmark") == name).height,
        }
        for name, n_items in made.config["benchmarks"].items()
    ]
    return {
        "policy": made.config["policy"],
        "common": made.config["common_documents"],
        "benchmarks": benchmarks,
        "policies": report.by_policy(lake),
        "items": [row | worst_of[row["benchmark"], row["item"]] for row in items.to_dicts()],
    }
