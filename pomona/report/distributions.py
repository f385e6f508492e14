"""How the signals are distributed over the documents that stay and those that were dropped, as charts."""

from typing import Any

import numpy as np
import polars as pl

from corpus.lake import Lake
from filters import rules, signals
from pomona.report import charts
from pomona.report.facts import known_rules, own_rules

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
_COLUMNS = 28
_LOG_SPREAD = 50.0  # a signal whose 99th percentile is this many times its median gets a logarithmic axis


def distributions(lake: Lake, found: pl.DataFrame) -> list[dict[str, Any]]:
    """A histogram a signal, kept over dropped, with the limits in force drawn in; also for rules of the user's own."""
    if not lake.exists("signals"):
        return []
    limits = _limits(lake)
    values = {name: pl.col(name).cast(pl.Float64) for name in SHOWN_SIGNALS}
    mine = own_rules(lake).values()
    values |= {rule.signal: rule.value.cast(pl.Float64) for rule in mine if rule.bound != "one_of"}
    numbers = pl.col(sorted({name for value in values.values() for name in value.meta.root_names()})).cast(pl.Float64)
    wanted = [value.alias(name) for name, value in values.items()]
    columns = lake.scan("signals").with_columns(numbers).select("id", *wanted).collect()
    frame = columns.join(found.select("id", "kept"), on="id", how="inner")

    meanings = signals.signals()
    shown = []
    for name in values:
        marks = [(limit, label) for rule, limit, label in limits if rule.signal == name]
        known = frame.filter(pl.col(name).is_finite())
        numbers_of, kept = known[name].to_numpy(), known["kept"].to_numpy()
        edges = _edges(numbers_of, [limit for limit, _ in marks])
        clipped = np.clip(numbers_of, edges[0], edges[-1])
        counts = [np.histogram(clipped[side], edges)[0].tolist() for side in (kept, ~kept)]
        chart = charts.histogram(counts[0], counts[1], edges.tolist(), marks, name)
        doc = meanings[name].doc if name in meanings else "Of a rule of your own"
        shown.append({"name": name, "doc": doc, "chart": chart})
    return shown


def _limits(lake: Lake) -> list[tuple[rules.Rule, float, str]]:
    """(rule, limit, label) of the numeric rules in force."""
    lineage = lake.current("decisions", "filter")
    if lineage is None:
        return []
    known = known_rules(lake)
    return [
        (known[name], float(limit), f"{'≥' if known[name].bound == 'at_least' else '≤'} {limit:g}")
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
