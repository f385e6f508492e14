"""Distributions of the signals, over the documents that stay and the documents that were dropped."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.lake import Lake
from filters import signals
from filters.views.in_force import in_force, limits, own_rules

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


@dataclass(frozen=True, slots=True)
class Histogram:
    """Documents by the value of one signal. The outermost half percent on each side is in that side's last column."""

    signal: str  # or the expression of one of the user's own rules
    doc: str
    edges: tuple[float, ...]  # edges of the columns, one more than columns
    kept: tuple[int, ...]  # documents in each column
    dropped: tuple[int, ...]
    limits: tuple[tuple[float, str], ...]  # (limit in force, the limit as text: ≥ 50)


def histograms(lake: Lake, verdicts: pl.DataFrame) -> list[Histogram]:
    """Returns one histogram for each of `SHOWN_SIGNALS`, and for each of the user's own numeric rules that decided.

    `verdicts` has the columns id and kept.
    """
    if not lake.exists("signals"):
        return []
    values = {name: pl.col(name).cast(pl.Float64) for name in SHOWN_SIGNALS}
    own = own_rules(lake).values()
    values |= {rule.signal: rule.value.cast(pl.Float64) for rule in own if rule.bound != "one_of"}
    columns = sorted({name for value in values.values() for name in value.meta.root_names()})
    measured = lake.scan("signals").with_columns(pl.col(columns).cast(pl.Float64))
    frame = measured.select("id", *(value.alias(name) for name, value in values.items())).collect()
    frame = frame.join(verdicts.select("id", "kept"), on="id", how="inner")

    meanings, marks = signals.signals(), _limits(lake)
    shown = []
    for name in values:
        known = frame.filter(pl.col(name).is_finite())
        numbers, kept = known[name].to_numpy(), known["kept"].to_numpy()
        edges = _edges(numbers, [limit for limit, _ in marks.get(name, [])])
        clipped = np.clip(numbers, edges[0], edges[-1])
        n_kept, n_dropped = (tuple(np.histogram(clipped[side], edges)[0].tolist()) for side in (kept, ~kept))
        doc = meanings[name].doc if name in meanings else "Signal of one of your own rules"
        shown.append(Histogram(name, doc, tuple(edges.tolist()), n_kept, n_dropped, tuple(marks.get(name, []))))
    return shown


def _limits(lake: Lake) -> dict[str, list[tuple[float, str]]]:
    """Returns (limit, label) of the numeric rules in force, by signal."""
    known, by_signal = in_force(lake), dict[str, list[tuple[float, str]]]()
    for name, limit in limits(lake).items():
        if name in known and isinstance(limit, (int, float)):
            sign = "≥" if known[name].bound == "at_least" else "≤"
            by_signal.setdefault(known[name].signal, []).append((float(limit), f"{sign} {limit:g}"))
    return by_signal


def _edges(values: npt.NDArray[np.float64], limits: list[float]) -> npt.NDArray[np.float64]:
    """Returns column edges over the middle 99% of the values; logarithmic if they spread over orders of magnitude."""
    if not len(values):
        return np.linspace(0, 1, _COLUMNS + 1)
    low, median, high = (float(q) for q in np.quantile(values, [0.005, 0.5, 0.995]))
    near = [limit for limit in limits if limit <= high * 1.5]
    low, high = min([low, *near]), max([high, *near])
    if low >= 0 and high > _LOG_SPREAD * max(median, 1) / 5 and high > 100:
        return np.unique(np.geomspace(max(low, 1), high, _COLUMNS + 1))
    return np.linspace(low, high if high > low else low + 1, _COLUMNS + 1)
