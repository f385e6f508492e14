"""What the report shows, read from the lake: counts by stage, source and reason, samples, rejects, lineage."""

import math
from dataclasses import replace
from typing import Any

import polars as pl

from corpus.lake import Lake
from corpus.records import REASONS
from filters import own, rules
from pomona import stages

N_SAMPLES = 20
_SAMPLE_CHARACTERS = 700
_TITLE_CHARACTERS = 90


def verdicts(lake: Lake) -> pl.DataFrame:
    """id, source, n_words, one boolean a stage that decided (null where it did not see the document), and `kept`."""
    columns = ["id", "source"]
    if lake.exists("signals"):
        frame = lake.scan("signals").select(*columns, "n_words")
    else:
        frame = lake.scan("documents").select(*columns).with_columns(n_words=pl.lit(None, pl.Int64))
    slots = stages.decided(lake)
    for slot in slots:
        decided = lake.scan("decisions", slot=slot).select("id", pl.col("kept").alias(slot))
        frame = frame.join(decided, on="id", how="left")
    kept = pl.all_horizontal([pl.col(slot).fill_null(False) for slot in slots]) if slots else pl.lit(True)
    return frame.with_columns(kept=kept).collect(engine="streaming")


def funnel(lake: Lake, found: pl.DataFrame) -> list[dict[str, Any]]:
    """Raw records, documents, then what each stage left."""
    n_rejects = sum(part.n_rows for part in lake.parts("rejects"))
    n_passed = sum(row["records"] for row in passed_over(lake))
    steps = [("raw records", found.height + n_rejects + n_passed)] if n_passed else []
    steps += [("records that qualify", found.height + n_rejects), ("documents", found.height)]
    steps += [(f"kept by {slot}", int(found[slot].fill_null(False).sum())) for slot in stages.decided(lake)]
    top = max(steps[0][1], 1)
    return [{"name": name, "count": count, "share": count / top} for name, count in steps]


def by_source(lake: Lake, found: pl.DataFrame) -> list[dict[str, Any]]:
    """Documents, rejects, drops by stage, and what stays, of each source."""
    slots = stages.decided(lake)
    drops = [(~pl.col(slot)).fill_null(False).sum().alias(slot) for slot in slots]
    per_source = found.group_by("source").agg(
        pl.len().alias("documents"),
        *drops,
        pl.col("kept").sum(),
        pl.col("n_words").filter("kept").sum().alias("words"),
    )
    rejects = lake.scan("rejects").group_by("source").len("rejects").collect()
    joined = per_source.join(rejects, on="source", how="full", coalesce=True).fill_null(0).sort("source")
    return joined.to_dicts()


def by_reason(lake: Lake) -> list[dict[str, Any]]:
    """For each rule: documents that break it, and those that break nothing else."""
    exploded = (
        lake.scan("decisions")
        .filter(~pl.col("kept"))
        .select("reasons", pl.col("reasons").list.len().alias("n"))
        .explode("reasons", empty_as_null=False)
        .group_by("reasons")
        .agg(pl.len().alias("documents"), (pl.col("n") == 1).sum().alias("alone"))
        .sort("documents", "reasons", descending=[True, False])
        .collect()
    )
    top = max(exploded["documents"].to_list(), default=1)
    known = known_rules(lake)
    return [
        {**row, "share": row["documents"] / top, "doc": _meaning(row["reasons"], known)} for row in exploded.to_dicts()
    ]


def known_rules(lake: Lake) -> dict[str, rules.Rule]:
    """Every published rule, and those of the user's own that decided, with the limits in force."""
    lineage = lake.current("decisions", "filter")
    in_force = lineage.config.get("rules", {}) if lineage else {}
    known = rules.rules() | own_rules(lake)
    return {name: replace(rule, limit=_limit(in_force.get(name), rule.limit)) for name, rule in known.items()}


def _limit(value: Any, default: rules.Limit) -> rules.Limit:
    """A limit as JSON keeps it; the rule's own where it is on for some documents only."""
    if value is None:
        return default
    return tuple(value) if isinstance(value, list) else value


def has_overrides(lake: Lake) -> bool:
    """Whether some documents have limits of their own."""
    lineage = lake.current("decisions", "filter")
    return bool(lineage and lineage.config.get("overrides"))


def own_rules(lake: Lake) -> dict[str, rules.Rule]:
    """Rules of the user's own that decided."""
    lineage = lake.current("decisions", "filter")
    return own.from_config(lineage.config) if lineage else {}


def _meaning(reason: str, known: dict[str, rules.Rule]) -> str:
    if rule := known.get(reason):
        return f"{rule.doc or 'A rule of your own'}; keeps {rule.describe()}"
    return stages.meaning(reason)


def samples(lake: Lake, found: pl.DataFrame, *, kept: bool) -> list[dict[str, Any]]:
    """`N_SAMPLES` documents, spread over sources, the same every time: the least by id, which is a hash."""
    side = found.filter(pl.col("kept") == kept).select("id", "source").sort("id")
    per_source = side.group_by("source", maintain_order=True).head(
        math.ceil(N_SAMPLES / max(side["source"].n_unique(), 1))
    )
    chosen = (
        pl.concat([per_source.select("id", "source"), side])
        .unique("id", maintain_order=True)
        .head(N_SAMPLES)
        .select("id")
        .lazy()
    )
    texts = lake.scan("documents").join(chosen, on="id", how="semi")
    texts = texts.select("id", "source", "uri", "metadata", pl.col("text").str.slice(0, _SAMPLE_CHARACTERS + 1))
    broken = lake.scan("decisions").filter(~pl.col("kept")).join(chosen, on="id", how="semi").select("id", "measured")
    rows = texts.join(broken, on="id", how="left").sort("source", "id").collect()
    return [_sample(row) for row in rows.to_dicts()]


def _sample(row: dict[str, Any]) -> dict[str, Any]:
    text = row["text"]
    cut = text[:_SAMPLE_CHARACTERS] + (" …" if len(text) > _SAMPLE_CHARACTERS else "")
    title = dict(row.pop("metadata")).get("title") or next((line for line in text.split("\n") if line.strip()), "")
    title = " ".join(title.split())
    title = title if len(title) <= _TITLE_CHARACTERS else f"{title[:_TITLE_CHARACTERS]}…"
    return {**row, "title": title, "text": cut, "measured": row["measured"] or []}


def rejects(lake: Lake) -> list[dict[str, Any]]:
    """Reasons with their meaning, counts and three examples."""
    counted = (
        lake.scan("rejects")
        .group_by("reason")
        .agg(pl.len().alias("count"), pl.struct("uri", "detail").head(3).alias("examples"))
    )
    rows = counted.sort("count", "reason", descending=[True, False]).collect().to_dicts()
    return [{**row, "doc": REASONS.get(row["reason"], "")} for row in rows]


def passed_over(lake: Lake) -> list[dict[str, Any]]:
    """Raw records that were no documents by their nature, by source and kind."""
    counted = lake.scan("passed_over").group_by("source", "kind").agg(pl.col("records").sum())
    return counted.sort("records", "source", "kind", descending=[True, False, False]).collect().to_dicts()


def lineage(lake: Lake) -> list[dict[str, Any]]:
    """Every stage that made the lake as it stands, with its time and throughput."""
    found = {}
    for table in lake.tables():
        for made in lake.lineages(table).values():
            seconds = float(made.facts.get("seconds", 0))
            n_bytes = float(made.facts.get("n_bytes", 0))
            found[made.stage] = {
                "stage": made.stage,
                "key": made.key[:12],
                "version": made.stage_version,
                "config": made.config,
                "items": made.facts.get("items"),
                "workers": made.facts.get("workers"),
                "seconds": seconds,
                "peak_bytes": made.facts.get("peak_bytes", 0),
                "mb_per_second": n_bytes / 1e6 / seconds if seconds else None,
                "package": made.package_version,
            }
    order = stages.order()
    places = {name: place for place, name in enumerate(order)}

    def place(row: dict[str, Any]) -> tuple[int, str]:
        stage = str(row["stage"])
        return places.get(stage, places.get(stage.partition(":")[0], len(order))), stage

    return sorted(found.values(), key=place)
