"""Early stopping: verdicts are wrong as rarely as stated, right where there is a difference, and items are saved."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from eval_suites.settling import Ask, settle


def planted(values: Mapping[str, np.ndarray | None]) -> tuple[Ask, list[int]]:
    """Answers from arrays; counts what was asked."""
    counted: list[int] = []

    def ask(wanted: Mapping[str, Sequence[int]]) -> dict[str, dict[int, float] | None]:
        counted.append(sum(map(len, wanted.values())))
        return {
            name: None if (several := values[name]) is None else {item: float(several[item]) for item in items}
            for name, items in wanted.items()
        }

    return ask, counted


def other(values: np.ndarray) -> dict[int, float]:
    return dict(enumerate(values.tolist()))


def test_a_clear_difference_is_settled_early() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.random(4000) < 0.3, generator.random(4000) < 0.6
    ask, counted = planted({"x": b.astype(float)})
    got = settle({"x": 4000}, ask, against={"x": other(a.astype(float))})["x"]
    assert (got.reason, got.verdict) == ("verdict", "better")
    assert len(got.items) < 400
    assert sum(counted) < 700
    assert len(set(got.items)) == len(got.items)
    assert (
        settle({"x": 4000}, planted({"x": a.astype(float)})[0], against={"x": other(b.astype(float))})["x"].verdict
        == "worse"
    )


def test_equal_models_are_wrongly_told_apart_as_rarely_as_stated() -> None:
    """Three tasks, looked at after every item; one wrong verdict in any of them counts."""
    generator, wrong, rounds = np.random.default_rng(1), 0, 120
    for _ in range(rounds):
        both = {name: (generator.random((2, 300)) < 0.5).astype(float) for name in "xyz"}
        ask, _ = planted({name: one[1] for name, one in both.items()})
        got = settle(dict.fromkeys("xyz", 300), ask, against={name: other(one[0]) for name, one in both.items()})
        wrong += any(one.verdict != "undecided" for one in got.values())
    assert wrong / rounds <= 0.07


def test_a_score_is_as_narrow_as_was_asked_for_and_holds_the_truth() -> None:
    generator, held = np.random.default_rng(2), 0
    for _ in range(40):
        values = (generator.random(5000) < 0.7).astype(float)
        got = settle({"x": 5000}, planted({"x": values})[0], half_width=0.08, seed=3)["x"]
        assert got.reason == "width"
        assert (got.high - got.low) / 2 <= 0.08
        assert len(got.items) < 1500
        held += got.low <= 0.7 <= got.high
    assert held >= 37


def test_a_short_task_ends_with_all_its_items() -> None:
    got = settle({"x": 20, "none": 0}, planted({"x": np.ones(20), "none": np.ones(0)})[0])
    assert sorted(got["x"].items) == list(range(20))
    assert got["x"].reason == got["none"].reason == "all items"


def test_a_score_that_is_no_share_is_taken_whole() -> None:
    got = settle({"bits": 500}, planted({"bits": None})[0])["bits"]
    assert (len(got.items), got.reason, got.low) == (500, "all items", None)
    large = settle({"x": 100}, planted({"x": np.full(100, 7.0)})[0])["x"]
    assert (len(large.items), large.low) == (100, None)


def test_only_items_that_the_other_model_has_are_compared() -> None:
    ask, _ = planted({"x": np.ones(50)})
    got = settle({"x": 50}, ask, against={"x": dict.fromkeys(range(0, 50, 2), 0.0)})["x"]
    assert all(item % 2 == 0 for item in got.items)
    whole = settle({"x": 50}, ask, against={})["x"]  # nothing to compare with
    assert (len(whole.items), whole.reason, whole.verdict) == (50, "all items", "")


@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_depends_on_the_seed_alone(seed: int) -> None:
    values = np.ones(200)
    first = settle({"x": 200}, planted({"x": values})[0], half_width=0.2, seed=seed)["x"]
    second = settle({"x": 200, "y": 10}, planted({"x": values, "y": values})[0], half_width=0.2, seed=seed)["x"]
    n = min(len(first.items), len(second.items))
    assert first.items[:n] == second.items[:n]
    assert first.items != tuple(range(len(first.items)))


def like_others(generator: np.random.Generator, n: int, *abilities: float, models: int = 4) -> tuple[np.ndarray, ...]:
    """Values of models of some abilities on items of very different difficulty, and what earlier models had (Rasch)."""
    difficulty = generator.normal(0, 3, n)

    def answered(ability: float) -> np.ndarray:
        return (generator.random(n) < 1 / (1 + np.exp(difficulty - ability))).astype(float)

    earlier = np.mean([answered(one) for one in generator.normal(0, 0.5, models)], 0)
    return (earlier, *(answered(one) for one in abilities))


def test_what_earlier_models_scored_saves_items() -> None:
    generator, plain, helped = np.random.default_rng(5), [], []
    for _ in range(25):
        earlier, values = like_others(generator, 4000, 0.2)
        ask, _ = planted({"x": values})
        plain.append(len(settle({"x": 4000}, ask, half_width=0.05)["x"].items))
        got = settle({"x": 4000}, ask, half_width=0.05, expected={"x": other(earlier)})["x"]
        helped.append(len(got.items))
        assert got.low <= values.mean() <= got.high
    assert np.median(helped) < 0.65 * np.median(plain)


def test_a_comparison_needs_fewer_items_with_them() -> None:
    generator, plain, helped = np.random.default_rng(6), [], []
    for _ in range(12):
        earlier, a, b = like_others(generator, 6000, 0.0, 0.4, models=8)
        ask, _ = planted({"x": b})
        for taken, expected in ((plain, None), (helped, {"x": other(earlier)})):
            got = settle({"x": 6000}, ask, against={"x": other(a)}, expected=expected)["x"]
            assert got.verdict in ("better", "undecided")
            taken.append(len(got.items))
    assert np.median(helped) < 0.65 * np.median(plain)


@pytest.mark.parametrize("kind", ["alike", "misleading", "same"])
def test_verdicts_are_wrong_as_rarely_as_stated_whatever_the_earlier_models_were(kind: str) -> None:
    generator, wrong, rounds = np.random.default_rng(7), 0, 150
    for _ in range(rounds):
        earlier, a, b = like_others(generator, 400, 0.3, 0.3)
        if kind == "misleading":
            earlier = 1 - earlier
        if kind == "same":
            earlier = a.copy()
        # No difference over all items: as many are won as are lost.
        won, lost = np.flatnonzero(b > a), np.flatnonzero(b < a)
        surplus = len(won) - len(lost)
        flipped = (won if surplus > 0 else lost)[: abs(surplus)]
        b[flipped] = a[flipped]
        got = settle({"x": 400}, planted({"x": b})[0], against={"x": other(a)}, expected={"x": other(earlier)})["x"]
        wrong += got.verdict != "undecided"
    assert wrong / rounds <= 0.07


def test_less_may_be_better() -> None:
    a, b = np.ones(400), np.zeros(400)  # errors: the new model makes none
    got = settle({"x": 400}, planted({"x": b})[0], against={"x": other(a)})["x"]
    assert (got.verdict, got.turned().verdict) == ("worse", "better")
    same = settle({"x": 50}, planted({"x": a[:50]})[0], against={"x": other(a[:50])})["x"]
    assert same.turned().verdict == "undecided"
