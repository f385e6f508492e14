"""Differences over seeds and items: intervals hold the truth as often as stated, in simulated studies of many kinds."""

import numpy as np
import pytest

from eval_suites.statistics import intervals
from eval_suites.statistics.paired import holm
from eval_suites.statistics.seeds import difference, differences, seeds_to_settle

TRUTH = 0.3


def study(
    generator: np.random.Generator, seeds: int, items: int, of_seed: float, of_item: float, rest: float, each: int = 1
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Values of two sides with a known difference, and spreads of it by seed, by cluster of `each` items, and of both."""
    by_item = generator.normal(0, of_item, items // each).repeat(each)
    change = TRUTH + generator.normal(0, of_seed, (seeds, 1)) + by_item + generator.normal(0, rest, (seeds, items))
    level = generator.normal(5, 3, (1, items))  # hard and easy items: both sides have the same ones
    return np.broadcast_to(level, change.shape), level + change


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("spreads", [(1, 0, 0.1), (0, 1, 0.1), (1, 3, 1), (0.3, 3, 3), (0.05, 1, 0.3)])
def test_intervals_hold_the_truth_as_often_as_stated(seeds: int, spreads: tuple[float, float, float]) -> None:
    generator, rounds = np.random.default_rng(seeds), 600
    got = [difference(*study(generator, seeds, 60, *spreads)) for _ in range(rounds)]
    held = np.mean([one.low <= TRUTH <= one.high for one in got])
    assert held >= 0.93
    assert held <= 0.985 or spreads != (1, 0, 0.1)  # where seeds are all that differs, the interval is exact
    assert np.mean([one.p < 0.05 for one in got]) == np.mean([not one.low <= 0 <= one.high for one in got])


@pytest.mark.parametrize("seeds", [2, 3])
@pytest.mark.parametrize("spreads", [(1, 0, 0.1), (0.05, 0.05, 0.07), (0.1, 1, 0.3)])
def test_a_difference_of_nothing_is_found_as_rarely_as_stated(
    seeds: int, spreads: tuple[float, float, float]
) -> None:  # fmt: skip
    """Also far out, where an adjustment for many comparisons looks."""
    generator, rounds = np.random.default_rng(1), 1500
    pairs = [study(generator, seeds, 40, *spreads) for _ in range(rounds)]
    p = np.array([difference(a, b - TRUTH).p for a, b in pairs])
    assert (p < 0.05).mean() <= 0.065
    assert (p < 0.005).mean() <= 0.012


@pytest.mark.parametrize("seeds", [2, 3])
def test_seeds_of_several_variants_are_taken_together(seeds: int) -> None:
    """As often right as stated, and narrower; a variant that is more spread counts as spread as it is."""
    generator, held, wide, alone, false = np.random.default_rng(7), [], [], [], 0
    for _ in range(400):
        base = generator.normal(0, 0.02, (seeds, 1)) + generator.normal(0, 0.05, (seeds, 40))
        several = [
            TRUTH + generator.normal(0, 0.02, (seeds, 1)) + generator.normal(0, 0.05, (seeds, 40)) for _ in range(4)
        ]
        got = differences(base, several)
        held += [one.low <= TRUTH <= one.high for one in got]
        wide += [one.high - one.low for one in got]
        alone.append(difference(base, several[0]).spread.margin() * 2)
        false += min(holm([one.p for one in differences(base + TRUTH, several)])) < 0.05
    assert 0.93 <= np.mean(held) <= 0.992
    assert np.mean(wide) < 0.85 * np.mean(alone)
    assert false / 400 <= 0.065

    spread = several[0] + np.arange(seeds)[:, None]
    assert differences(base, [*several, spread])[-1].spread.seeds > 0.4
    assert differences(base, [*several, spread])[0].spread.seeds > 0.05  # and the others are less sure of themselves


@pytest.mark.parametrize(("seeds", "nulls", "copies"), [(2, 1, 5), (3, 2, 3), (2, 10, 0), (3, 8, 0)])
def test_copies_of_the_baseline_make_nothing_surer_and_neither_do_many_variants(
    seeds: int, nulls: int, copies: int
) -> None:  # fmt: skip
    generator, held, false = np.random.default_rng(8), [], 0
    for _ in range(400):
        base, *several = (
            generator.normal(0, 0.03, (seeds, 1)) + generator.normal(0, 0.05, (seeds, 40)) for _ in range(nulls + 1)
        )
        got = differences(base, [*several, *[base] * copies])
        held += [one.low <= 0 <= one.high for one in got[:nulls]]
        false += min(holm([one.p for one in got])) < 0.05
        assert all(one.p == 1 for one in got[nulls:])
    assert np.mean(held) >= 0.93
    assert false / 400 <= 0.07


def test_items_in_clusters_say_less() -> None:
    generator, held, naive = np.random.default_rng(2), 0, 0
    clusters = np.arange(120) // 10
    for _ in range(400):
        a, b = study(generator, 4, 120, 0.02, 1, 0.3, each=10)
        one, other = difference(a, b, None, clusters), difference(a, b)
        held += one.low <= TRUTH <= one.high
        naive += other.low <= TRUTH <= other.high
        assert one.value == pytest.approx(other.value)
    assert held / 400 >= 0.93
    assert naive / 400 < 0.7


def test_ratios_weigh_items_and_hold_the_truth() -> None:
    """Bits per byte: long documents weigh more; their length alone is no error."""
    generator, held = np.random.default_rng(3), 0
    for _ in range(400):
        weights = generator.lognormal(5, 1, 100)
        a, b = study(generator, 3, 100, 0.3, 1, 0.5)
        one = difference(a * weights, b * weights, weights)
        expected = ((b * weights).sum(1) - (a * weights).sum(1)) / weights.sum()
        assert one.value == pytest.approx(expected.mean())
        assert one.by_seed == pytest.approx(expected)
        held += one.low <= TRUTH <= one.high
    assert held / 400 >= 0.93
    weights = generator.lognormal(5, 1, 100)
    same = np.ones((3, 100)) * weights
    assert difference(same, same * 1.5, weights).standard_error == pytest.approx(0, abs=1e-9)


def test_with_items_alone_it_is_the_paired_interval_of_their_means() -> None:
    generator = np.random.default_rng(4)
    a, b = study(generator, 6, 50, 0, 1, 0)
    one, plain = difference(a, b), intervals.mean((b - a).mean(0))
    assert (one.low, one.high) == pytest.approx((plain.low, plain.high))
    a, b = study(generator, 6, 50, 1, 0, 0)  # and with seeds alone, that of the seeds
    one, plain = difference(a, b), intervals.mean((b - a).mean(1))
    assert (one.low, one.high) == pytest.approx((plain.low, plain.high))


def test_as_many_seeds_as_are_said_settle_it() -> None:
    generator = np.random.default_rng(5)
    a, b = study(generator, 4, 400, 0.5, 0.2, 0.3)
    needed = seeds_to_settle(difference(a, b))
    assert needed is not None
    exact = 26  # two-sided t test of 0.3 against a spread of 0.5 with a power of 0.8: 24 seeds, and the items' share
    assert 0.3 * exact < needed < 4 * exact
    wins = [difference(*study(generator, 26, 400, 0.5, 0.2, 0.3)).p < 0.05 for _ in range(300)]
    assert 0.7 < np.mean(wins) < 0.9


def test_seeds_cannot_settle_what_items_do_not_say() -> None:
    generator = np.random.default_rng(6)
    a, b = study(generator, 3, 20, 0.01, 10, 0.01)
    assert seeds_to_settle(difference(a, b)) is None
    assert seeds_to_settle(difference(a, a)) is None


def test_nothing_is_made_of_a_single_seed_or_of_what_is_missing() -> None:
    values = np.ones((3, 4))
    for a, b, words in (
        (values[:1], values[:1], "two of each: 1 seeds, 4 items"),
        (values[:, :1], values[:, :1], "two of each: 3 seeds, 1 items"),
        (values, values[:2], r"\(3, 4\) of one side and \(2, 4\)"),
        (values, values * np.nan, "12 of 12 values are missing"),
    ):
        with pytest.raises(ValueError, match=words):
            difference(a, b)
    assert difference(values, values).p == 1
    assert difference(values, values + 1).p == 0.25  # three seeds of one sign, whatever the size
