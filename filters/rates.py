"""Measures the rates of signals and of decisions by rules. `EXAMPLE` has settings that keep every document."""

import polars as pl
import pyarrow as pa

from corpus.rates import rate
from filters import signals
from filters.decide import Settings, decide
from filters.rules import RULE_SETS, rule_set
from filters.settings import FilterSettings

EXAMPLE = FilterSettings(rules=("code",), limits=dict.fromkeys(f"code.{one.name}" for one in rule_set("code")))


def rates(text: pa.Array) -> dict[str, float]:
    """Returns MB/s on one core, by kind of work."""
    signals.measure(text.slice(0, 8))  # compiles
    measuring = rate(text.nbytes, lambda: signals.measure(text))

    measured = pl.from_arrow(signals.measure(text))
    assert isinstance(measured, pl.DataFrame)
    frame = measured.with_columns(id=pl.lit("0"), source=pl.lit("x"))
    settings = Settings(tuple(name for name in RULE_SETS if name != "language"))
    return {"signals": measuring, "filter": rate(frame.estimated_size(), lambda: decide(frame, settings))}
