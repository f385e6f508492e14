"""What the report shows, read from the lake: counts by stage, source and reason, distributions, samples, lineage."""

import math
from typing import Any

import numpy as np
import polars as pl

from corpus.lake import Lake
from corpus.records import REASONS
from decontam.policies import policies
from filters import own, rules, signals
from pomona.report import charts
from pomona.stages import decontam, minhash
from pomona.stages.stage import decided_slots

SHOWN_SIGNALS = (
    "n_plain_words",
    "mean_word_length",
    "alpha_word_fraction",
    "n_stop_words",
    "c4_sentences",
    "terminal_punctuation_line_fraction",
    "short_line_fraction",
    "newline_to_word_ratio",
    "duplicate_line_fraction",
    "top_2_gram_character_fraction",
    "duplicate_5_gram_character_fraction",
    "language_probability",
    "compression_ratio",
    "word_entropy",
    "mean_line_length",
    "alphanumeric_fraction",
)
N_SAMPLES = 20
_MEANINGS = {
    "exact.duplicate": "Differs from another document in case and white space only",
    "minhash.duplicate": "Shares most shingles with another document",
    "semantic.duplicate": "Says what another document says, by their embeddings",
    "paragraphs.nothing_left": "Every paragraph stands in another document too",
}
_COLUMNS = 28
_SAMPLE_CHARACTERS = 700
_LOG_SPREAD = 50.0  # a signal whose 99th percentile is this many times its median gets a logarithmic axis


def verdicts(lake: Lake) -> pl.DataFrame:
    """id, source, n_words, one boolean a stage that decided (null where it did not see the document), and `kept`."""
    columns = ["id", "source"]
    if lake.exists("signals"):
        frame = lake.scan("signals").select(*columns, "n_words")
    else:
        frame = lake.scan("documents").select(*columns).with_columns(n_words=pl.lit(None, pl.Int64))
    slots = decided_slots(lake)
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
    steps += [(f"kept by {slot}", int(found[slot].fill_null(False).sum())) for slot in decided_slots(lake)]
    top = max(steps[0][1], 1)
    return [{"name": name, "count": count, "share": count / top} for name, count in steps]


def by_source(lake: Lake, found: pl.DataFrame) -> list[dict[str, Any]]:
    """Documents, rejects, drops by stage, and what stays, of each source."""
    slots = decided_slots(lake)
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
    known = _known(lake)
    return [
        {**row, "share": row["documents"] / top, "doc": _meaning(row["reasons"], known)} for row in exploded.to_dicts()
    ]


def _known(lake: Lake) -> dict[str, rules.Rule]:
    """Every published rule, and those of the user's own that decided."""
    lineage = lake.current("decisions", "filter")
    return rules.rules() | (own.from_config(lineage.config) if lineage else {})


def _meaning(reason: str, known: dict[str, rules.Rule]) -> str:
    if rule := known.get(reason):
        return f"{rule.doc or 'A rule of your own'}; keeps {rule.describe()}"
    stage, _, name = reason.partition(".")
    if stage == "decontam":
        return policies()[name].DOC
    return _MEANINGS.get(reason, "")


def distributions(lake: Lake, found: pl.DataFrame) -> list[dict[str, Any]]:
    """A histogram a signal, kept over dropped, with the limits in force drawn in."""
    if not lake.exists("signals"):
        return []
    limits = _limits(lake)
    columns = lake.scan("signals").select("id", *SHOWN_SIGNALS).collect()
    frame = columns.join(found.select("id", "kept"), on="id", how="inner")
    shown = []
    for name in SHOWN_SIGNALS:
        values = frame[name].cast(pl.Float64).to_numpy()
        marks = [(limit, label) for signal, limit, label in limits if signal == name]
        edges = _edges(values, [limit for limit, _ in marks])
        kept = frame["kept"].to_numpy()
        clipped = np.clip(values, edges[0], edges[-1])
        columns_of = [np.histogram(clipped[side], edges)[0].tolist() for side in (kept, ~kept)]
        chart = charts.histogram(columns_of[0], columns_of[1], edges.tolist(), marks, name)
        shown.append({"name": name, "doc": signals.signals()[name].doc, "chart": chart})
    return shown


def _limits(lake: Lake) -> list[tuple[str, float, str]]:
    """(signal, limit, label) of the numeric rules in force."""
    lineage = lake.current("decisions", "filter")
    if lineage is None:
        return []
    known = _known(lake)
    return [
        (known[name].signal, float(limit), f"{'≥' if known[name].bound == 'at_least' else '≤'} {limit:g}")
        for name, limit in lineage.config.get("rules", {}).items()
        if name in known and isinstance(limit, (int, float))
    ]


def _edges(
    values: "np.ndarray[Any, np.dtype[np.float64]]", limits: list[float]
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Column edges over the middle 99% of the values; logarithmic where they spread over orders of magnitude."""
    if not len(values):
        return np.linspace(0, 1, _COLUMNS + 1)
    low, median, high = (float(q) for q in np.quantile(values, [0.005, 0.5, 0.995]))
    near = [limit for limit in limits if limit <= high * 1.5]
    low, high = min([low, *near]), max([high, *near])
    if low >= 0 and high > _LOG_SPREAD * max(median, 1) / 5 and high > 100:
        return np.unique(np.geomspace(max(low, 1), high, _COLUMNS + 1))
    return np.linspace(low, high if high > low else low + 1, _COLUMNS + 1)


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
    texts = texts.select("id", "source", "uri", pl.col("text").str.slice(0, _SAMPLE_CHARACTERS + 1))
    broken = lake.scan("decisions").filter(~pl.col("kept")).join(chosen, on="id", how="semi").select("id", "measured")
    rows = texts.join(broken, on="id", how="left").sort("source", "id").collect()
    return [_sample(row) for row in rows.to_dicts()]


def _sample(row: dict[str, Any]) -> dict[str, Any]:
    text = row["text"]
    cut = text[:_SAMPLE_CHARACTERS] + (" …" if len(text) > _SAMPLE_CHARACTERS else "")
    return {**row, "text": cut, "measured": row["measured"] or []}


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
    order = ["ingest", "signals", "filter", "exact", *minhash.STAGES, *decontam.STAGES]
    places = {name: place for place, name in enumerate(order)}

    def place(row: dict[str, Any]) -> tuple[int, str]:
        stage = str(row["stage"])
        return places.get(stage, places.get(stage.partition(":")[0], len(order))), stage

    return sorted(found.values(), key=place)
