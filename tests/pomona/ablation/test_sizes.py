"""Several sizes: chances that signs hold, how many did, and laws; of a real study, and of planted numbers."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from corpus.lake import Lake
from pomona.ablation import sizes, views
from pomona.ablation.sizes import Comparison, Metric
from pomona.terminal.ablations import render
from tests.pomona.ablation.studies import lake_of, run, study


def compared(model: str, variant: str, difference: float, error: float = 0.1) -> Comparison:
    low, high = difference - 2 * error, difference + 2 * error
    return Comparison(
        variant, "plain", model, "x", difference, low, high, error, 0.5, 0.5, "undecided", None, True, False, 3, 20,
        (difference,), None,
    )  # fmt: skip


def told(*models: str) -> dict[tuple[str, str], Metric]:
    return {(model, "x"): Metric("x", model, 1.0, 0.5, None, 2.0, True) for model in models}


def test_a_large_steady_difference_is_likely_to_hold_and_a_small_one_is_not() -> None:
    several = [
        compared("1M", "large", 3.0), compared("1M", "small", 0.02), compared("3M", "large", 3.1),
        compared("3M", "small", -0.01),
    ]  # fmt: skip
    chances = {(one.model, one.variant): one.holds for one in sizes.with_chances(several, told("1M", "3M"))}
    assert chances["1M", "large"] is None  # one size alone says nothing of the next one
    assert chances["3M", "large"] is not None
    assert chances["3M", "large"] > 0.99
    assert chances["3M", "small"] == pytest.approx(0.5, abs=0.1)
    [step] = sizes.persistence(several, told("1M", "3M"))
    assert (step.model, step.next_model, step.differences, step.kept) == ("1M", "3M", 2, 0.5)
    assert 0.7 < step.foreseen < 0.85
    assert sizes.persistence(several[:2], told("1M")) == []


def test_laws_of_planted_losses() -> None:
    rows = [
        {"variant": name, "model": model, "metric": "x", "before_end": 0, "higher_is_better": False, "flops": flops,
         "value": base + 900 * flops**-0.18 + noise}
        for name, base in (("plain", 1.2), ("other", 1.0))
        for model, flops in (("1M", 1e15), ("3M", 4e15), ("6M", 1.6e16), ("12M", 6.4e16))
        for noise in (-0.002, 0.0, 0.002)
    ]  # fmt: skip
    plain, other = sizes.laws(pl.DataFrame(rows), ["plain", "other"], ["x"])
    assert plain.flops == 6.4e17
    assert plain.value == pytest.approx(1.2 + 900 * 6.4e17**-0.18, abs=0.02)
    assert plain.low < plain.value < plain.high
    assert plain.value - other.value == pytest.approx(0.2, abs=0.03)
    assert sizes.laws(pl.DataFrame(rows[:6]), ["plain"], ["x"]) == []


def test_a_study_of_several_sizes(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    run(lake, study(model=["1M", "3M"], tokens=[1024, 1536], held_out=["a"]))
    view = views.study(lake, "small")
    assert {(one.model, one.variant) for one in view.comparisons} == {
        (model, variant) for model in ("1M", "3M") for variant in ("mixed", "copy")
    }
    assert all((one.holds is None) == (one.model == "1M") for one in view.comparisons)
    assert view.persistence[0].differences == 2
    flops = lake.scan("ablation_values").collect().group_by("model").agg(pl.col("flops").mean())
    of = dict(flops.iter_rows())
    assert of["3M"] > 2 * of["1M"]
    text = render(view, "lake")
    assert "holds at next size" in text
    assert "differences kept their sign" in text
    assert np.isfinite([one.seed_noise for one in view.metrics]).all()
