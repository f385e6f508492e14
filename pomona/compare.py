"""Settings held against each other: who changes sides, and what a limit costs. Signals only, no text is decided on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from corpus import yaml_text
from corpus.errors import UserError
from corpus.lake import Lake
from filters.decide import Settings, decide, parse
from filters.family import FILTER
from filters.own import is_file
from filters.rules import RULE_SETS, Limit, Rule
from pomona import output
from pomona.recipe import load
from pomona.stages import Wanted

_SAMPLE_CHARACTERS = 120


def settings(spec: str) -> Settings:
    """Settings from rule sets (names, or files of one's own) and limits, or from a recipe's filter."""
    if not is_file(spec) or "," in spec or not _is_recipe(spec):
        return parse(spec)
    chosen = Wanted.by(load(Path(spec))).settings.get(FILTER.name)
    if chosen is None:
        raise UserError(f"{spec} has no filter to compare")
    return chosen.decisive()


def _is_recipe(path: str) -> bool:
    """Whether a YAML file is a recipe and not a rule set; one that cannot be read is told by whoever reads it."""
    try:
        value, _ = yaml_text.read(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError):
        return False
    return isinstance(value, dict) and "sources" in value


def diff(lake: Lake, a: Settings, b: Settings, samples: int) -> dict[str, Any]:
    """Counts of the four outcomes, and samples of the documents that change sides, with the rules that moved them."""
    frame = _signals(lake, sorted({"n_words", *a.signals, *b.signals}))
    first, second = decide(frame, a), decide(frame, b)
    both = frame.select("id", "source", "n_words").with_columns(
        a=first["kept"], b=second["kept"], a_reasons=first["reasons"], b_reasons=second["reasons"]
    )
    counts = {f"{x}_{y}": both.filter((pl.col("a") == (x == "kept")) & (pl.col("b") == (y == "kept"))).height
              for x in ("kept", "dropped") for y in ("kept", "dropped")}  # fmt: skip
    gained = both.filter(~pl.col("a") & pl.col("b"))
    lost = both.filter(pl.col("a") & ~pl.col("b"))
    return {
        "documents": both.height,
        "counts": counts,
        "words": {"a": int(both.filter("a")["n_words"].sum()), "b": int(both.filter("b")["n_words"].sum())},
        "kept_only_by_a": _samples(lake, lost, "b_reasons", samples),
        "kept_only_by_b": _samples(lake, gained, "a_reasons", samples),
        "reasons_only_in_b": _reasons(lost, "b_reasons"),
        "reasons_only_in_a": _reasons(gained, "a_reasons"),
    }


def _samples(lake: Lake, rows: pl.DataFrame, reasons: str, n: int) -> list[dict[str, Any]]:
    """The first `n` by id, which is a hash: a sample that is the same every time."""
    chosen = rows.sort("id").head(n).select("id", reasons)
    texts = lake.scan("documents").select("id", "uri", pl.col("text").str.slice(0, _SAMPLE_CHARACTERS))
    found = chosen.lazy().join(texts, on="id", how="inner").sort("id").collect()
    return [
        {"id": row["id"], "uri": row["uri"], "rules": row[reasons], "text": " ".join(row["text"].split())}
        for row in found.to_dicts()
    ]


def _reasons(rows: pl.DataFrame, column: str) -> dict[str, int]:
    counted = rows[column].explode(empty_as_null=False).value_counts(sort=True)
    return dict(zip(counted[column].to_list(), counted["count"].to_list(), strict=True))


def render_diff(found: dict[str, Any]) -> str:
    """For a terminal."""
    counts = found["counts"]
    lines = [
        f"{found['documents']:,} documents",
        output.table(
            [("kept by both", counts["kept_kept"]), ("kept only by A", counts["kept_dropped"]),
             ("kept only by B", counts["dropped_kept"]), ("dropped by both", counts["dropped_dropped"])],
            ("", "documents"),
        ),
        f"words kept: {found['words']['a']:,} by A, {found['words']['b']:,} by B",
    ]  # fmt: skip
    for side, other in (("a", "b"), ("b", "a")):
        samples = found[f"kept_only_by_{side}"]
        if samples:
            lines.append(f"\nkept only by {side.upper()}; {other.upper()} drops them for:")
            lines += [f"  {n:>7,}  {name}" for name, n in found[f"reasons_only_in_{other}"].items()]
            lines += [
                f"  {s['id'][:12]}  {s['uri']}\n      {', '.join(s['rules'])}\n      {s['text']}" for s in samples
            ]
    return "\n".join(lines)


def sweep(lake: Lake, name: str, others: str | None, points: int) -> dict[str, Any]:
    """Documents and words that stay at each of `points` limits, spread over the signal's quantiles.

    `others` are further rules in force, among which the swept one is left out.
    """
    set_name = name.split(".")[0]
    if "." in name and set_name not in RULE_SETS and others is None:
        raise UserError(f"{set_name!r} is no published rule set; one of your own is named by its file: --rules FILE")
    base = parse(others or set_name)
    swept = base.rule(name)
    if swept.bound == "one_of":
        raise UserError(f"{name} has a list for a limit; only numbers can be swept")
    if name in base.rules:
        base = replace(base, limits={**base.limits, name: None})
    frame = _signals(lake, sorted({"n_words", *swept.signals, *base.signals}))
    if others:
        frame = frame.filter(decide(frame, base)["kept"])
    numbers = pl.col(swept.signals).cast(pl.Float64)
    limit_in_force = _in_force(lake, name, swept)
    values = frame.with_columns(numbers).select(value=swept.value)["value"].cast(pl.Float64).drop_nulls()
    quantiles = {values.quantile(i / (points - 1), "nearest") for i in range(points)}
    limits = sorted(
        {q for q in quantiles if q is not None}
        | ({float(limit_in_force)} if isinstance(limit_in_force, (int, float)) else set())
    )
    rows = []
    for limit in limits:
        kept = frame.filter(~frame.with_columns(numbers).select(breaks=swept.breaks(pl.lit(limit)))["breaks"])
        rows.append({"limit": limit, "documents": kept.height, "words": int(kept["n_words"].sum())})
    return {"rule": name, "signal": swept.signal, "bound": swept.bound, "limit": limit_in_force,
            "documents": frame.height, "words": int(frame["n_words"].sum()), "points": rows}  # fmt: skip


def _in_force(lake: Lake, name: str, swept: Rule) -> Limit:
    """The limit by which the lake was filtered; the rule's own where the rule did not decide."""
    made = lake.current("decisions", "filter") if lake.exists("decisions") else None
    return made.config["rules"].get(name, swept.limit) if made else swept.limit


def render_sweep(found: dict[str, Any]) -> str:
    """For a terminal: a bar a limit."""
    total = max(found["documents"], 1)
    rows = [
        (
            f"{point['limit']:.4g}" + (" *" if point["limit"] == found["limit"] else ""),
            point["documents"],
            f"{point['documents'] / total:6.1%}",
            point["words"],
            "#" * round(40 * point["documents"] / total),
        )
        for point in found["points"]
    ]
    text = output.table(rows, (found["bound"], "documents", "share", "words", ""))
    return f"{found['rule']} ({found['signal']}); * is the limit in force\n{text}"


def plot_sweep(found: dict[str, Any]) -> str:
    """SVG: shares of documents and of words that stay, over the limit."""
    from pomona.report.charts import lines

    points = found["points"]
    series = {
        kind: [(point["limit"], point[kind] / max(found[kind], 1)) for point in points]
        for kind in ("documents", "words")
    }
    return lines(series, title=f"{found['rule']}: share kept", mark=found["limit"], standalone=True)


def _signals(lake: Lake, columns: list[str]) -> pl.DataFrame:
    if not lake.exists("signals"):
        raise UserError(f"lake {lake.url} has no signals yet; run `pomona signals` first")
    return lake.scan("signals").select("id", "source", *columns).collect()
