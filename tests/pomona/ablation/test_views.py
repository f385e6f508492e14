"""Verdicts of simulated studies: planted differences are found, nulls stay undecided, and intervals hold the truth."""

import json
import time

import numpy as np
import polars as pl
import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona.ablation import views
from pomona.terminal.ablations import render

SEEDS = (1, 2, 3)
SPREAD_OF_SEED, SPREAD_OF_ITEM, REST = 0.02, 0.05, 0.05


def simulated(
    generator: np.random.Generator, effects: dict[str, dict[str, float]], items: int = 60, seeds: tuple[int, ...] = SEEDS
) -> views.AblationView:  # fmt: skip
    """A study with known differences from the baseline by variant and metric (bits per byte: less is better)."""
    metrics = sorted({metric for of in effects.values() for metric in of})
    values, rows = [], []
    for metric in metrics:
        weights = generator.lognormal(7, 0.5, items)
        hard = generator.normal(2.5, 0.4, items)
        for name in effects:
            by_item = generator.normal(0, SPREAD_OF_ITEM, items)
            for seed in seeds:
                effect = effects[name].get(metric, 0.0) + generator.normal(0, SPREAD_OF_SEED)
                rates = hard + effect + by_item * (name != "plain") + generator.normal(0, REST, items)
                bits = rates * weights
                common = {"variant": name, "model": "1M", "seed": seed, "metric": metric}
                last = bits.sum() / weights.sum()
                for before in range(3):
                    jitter = generator.normal(0, 0.002) if before else 0.0
                    values.append(common | {
                        "run": f"{name}-{seed}", "flops": 1e15, "before_end": before, "value": last + jitter + 0.001 * before,
                        "higher_is_better": False, "is_ratio": True,
                    })  # fmt: skip
                rows += [
                    common | {"id": str(i), "cluster": "", "value": bits[i], "weight": weights[i]} for i in range(items)
                ]
    listed = [
        {"name": name, "mixture": {}, "train": {}, "recipe": {}, "without": "", "same_as": ""} for name in effects
    ]
    row = {
        "study": "0" * 32, "name": "s", "baseline": "plain", "runs": len(effects) * len(seeds), "seconds": 1.0,
        "branch": "branches/x", "points": "[]", "variants": json.dumps(listed),
        "definition": json.dumps({"model": ["1M"], "seeds": list(seeds), "tokens": [1000]}),
    }  # fmt: skip
    return views.view(row, pl.DataFrame(values), pl.DataFrame(rows))


def test_planted_differences_are_found_and_nulls_stay_undecided() -> None:
    effects = {"plain": {"x": 0.0, "y": 0.0}, "noise": {"x": 0.5, "y": 0.4}, "helps-y": {"y": -0.5}, "null": {}}
    view = simulated(np.random.default_rng(0), effects)
    verdicts = {one.variant: one.verdict for one in view.variants}
    assert verdicts == {"plain": "baseline", "noise": "worse", "helps-y": "better", "null": "undecided"}
    by = {(one.variant, one.metric): one for one in view.comparisons}
    assert by["helps-y", "y"].verdict == "better"
    assert by["helps-y", "x"].verdict == "undecided"
    assert by["noise", "x"].difference == pytest.approx(0.5, abs=0.1)
    for one in view.comparisons:
        if one.verdict != "undecided":
            assert one.seeds_to_settle is None
            assert not one.low <= 0 <= one.high
            assert len(one.by_seed) == 3


def test_over_simulated_studies_intervals_hold_the_truth_and_false_verdicts_are_rare() -> None:
    generator, held, wrong, rounds = np.random.default_rng(1), [], 0, 200
    effects = {"plain": {"x": 0.0, "y": 0.0}, "a": {"x": 0.05}, "b": {"y": -0.1}, "null": {}}
    for _ in range(rounds):
        view = simulated(generator, effects, items=40)
        for one in view.comparisons:
            truth = effects[one.variant].get(one.metric, 0.0)
            held.append(one.low <= truth <= one.high)
        wrong += any(one.verdict != "undecided" for one in view.comparisons
                     if not effects[one.variant].get(one.metric))  # fmt: skip
    assert 0.93 <= np.mean(held) <= 0.97
    assert wrong / rounds <= 0.06  # of all nulls of a study together


def test_a_metric_that_only_jitters_cannot_decide() -> None:
    effects = {"plain": {"x": 0.0, "y": 0.0}, "a": {"x": 0.4}, "b": {"x": 0.8}}
    view = simulated(np.random.default_rng(2), effects)
    x, y = view.metrics
    assert (x.metric, x.can_decide) == ("x", True)
    assert (y.metric, y.can_decide) == ("y", False)
    assert x.signal == pytest.approx(0.8, abs=0.1)
    assert x.ratio == pytest.approx(x.signal / max(x.seed_noise, x.checkpoint_noise or 0))
    assert y.checkpoint_noise == pytest.approx(0.002 * (5 / 6) ** 0.5, rel=0.6)  # of the last three, the end is exact


def test_an_undecided_difference_says_how_many_seeds_it_takes() -> None:
    generator, needed = np.random.default_rng(3), []
    for _ in range(20):
        view = simulated(generator, {"plain": {"x": 0.0}, "a": {"x": 0.03}}, items=400)
        needed += [one.seeds_to_settle for one in view.comparisons if one.verdict == "undecided"]
    several = [one for one in needed if one is not None]
    assert len(several) > 5
    assert 3 < np.median(several) < 60


def test_two_hundred_runs_with_fifty_metrics_take_seconds() -> None:
    """The target is 5 seconds; this asserts no time, but that the work is done in one pass."""
    effects = {"plain": {f"m{i}": 0.0 for i in range(50)}} | {f"v{i}": {"m0": 0.1 * i} for i in range(49)}
    started = time.perf_counter()
    view = simulated(np.random.default_rng(4), effects, items=10, seeds=(1, 2, 3, 4))
    assert view.runs == 200
    assert len(view.comparisons) == 49 * 50
    assert time.perf_counter() - started < 600


def test_values_that_are_missing_are_an_error(mixed: Lake) -> None:
    with pytest.raises(UserError, match="no study yet"):
        views.study(mixed, "s")
    generator = np.random.default_rng(5)
    view = simulated(generator, {"plain": {"x": 0.0}, "a": {}})
    items = pl.DataFrame(
        {"variant": ["plain", "a"], "model": ["1M"] * 2, "seed": [1, 1], "metric": ["x"] * 2, "id": ["1", "2"],
         "cluster": [""] * 2, "value": [1.0, 2.0], "weight": [1.0, 1.0]}
    )  # fmt: skip
    with pytest.raises(UserError, match="not all runs had the same items"):
        views._tables(items, ["plain", "a"], ["1M"], [1])
    assert view.baseline == "plain"


def test_what_a_group_is_worth_is_what_is_lost_without_it() -> None:
    view = simulated(np.random.default_rng(6), {"plain": {"x": 0.0}, "without-books": {"x": 0.3}, "a": {"x": 1.0}})
    listed = [
        {"name": "plain", "mixture": {"weights": {"books": 1, "web": 3}}, "without": ""},
        {"name": "without-books", "without": "books"}, {"name": "a", "without": ""},
    ]  # fmt: skip
    [worth] = views._worth(listed, view.comparisons)
    assert (worth.group, worth.share) == ("books", 0.25)
    assert worth.loss == pytest.approx(0.3, abs=0.1)
    assert worth.per_share == pytest.approx(worth.loss * 4)
    assert worth.low < worth.loss < worth.high


def test_a_metric_with_too_few_items_is_named_and_not_compared() -> None:
    generator = np.random.default_rng(7)
    view = simulated(generator, {"plain": {"x": 0.0}, "a": {"x": 0.5}}, items=1)
    assert (view.left_out, view.comparisons, view.metrics) == (("x",), [], [])
    assert {one.verdict for one in view.variants} == {"baseline", "undecided"}
    assert "too few items to say anything: x" in render(view, "lake")
    assert simulated(generator, {"plain": {"x": 0.0}, "a": {}}, items=2).left_out == ()


def test_metrics_of_all_groups_are_named_once() -> None:
    every = ["acc:a", "acc:b", "bits:a", "bits:b", "bits:c", "task"]
    assert views.together(["acc:a", "acc:b", "bits:a", "task"], every) == ["acc (all 2)", "bits:a", "task"]
    assert views.together(["bits:a", "bits:b", "bits:c"], every) == ["bits (all 3)"]
    assert views.together([], every) == []
