"""Histograms count every document that has a value, and have the limits in force."""

import polars as pl

from corpus.lake import Lake
from filters.views.histograms import SHOWN_SIGNALS, histograms
from pomona.views.overview import verdicts_of
from tests.pomona.looked_at import small

__all__ = ["small"]


def test_histograms_show_every_document_and_the_limits(small: Lake) -> None:
    found = verdicts_of(small)
    shown = histograms(small, found)
    assert [row.signal for row in shown] == list(SHOWN_SIGNALS)
    signals = small.scan("signals").collect()
    for row in shown:
        known = signals.filter(pl.col(row.signal).cast(pl.Float64).is_finite())
        kept = known.join(found.filter("kept"), on="id", how="semi").height
        assert (sum(row.kept), sum(row.dropped)) == (kept, known.height - kept), row.signal
        assert len(row.edges) == len(row.kept) + 1
    words = next(row for row in shown if row.signal == "n_plain_words")
    assert (50.0, "≥ 50") in words.limits
