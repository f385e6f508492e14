"""Schedules at the points where a formula gives round numbers, and against the paper's formula."""

import math

import pytest

from corpus.errors import UserError
from training.schedules import Kind, Schedule


def test_cosine_is_the_papers() -> None:
    steps, warm_up, a = 1000, 50, 0.005
    schedule = Schedule(kind="cosine", steps=steps, warm_up=warm_up, final=a)
    for t in range(1, steps + 1):
        due = (
            t / warm_up
            if t <= warm_up
            else a + (1 - a) / 2 * (1 + math.cos(math.pi * (t - warm_up) / (steps - warm_up)))
        )
        assert schedule(t) == pytest.approx(due, rel=1e-12)
    assert schedule(1000) == schedule(2000) == pytest.approx(a)


@pytest.mark.parametrize(
    ("kind", "factors"),
    [
        ("constant", {5: 0.5, 10: 1.0, 60: 1.0, 110: 1.0}),
        ("linear", {5: 0.5, 10: 1.0, 60: 0.55, 110: 0.1}),
        ("wsd", {5: 0.5, 10: 1.0, 88: 1.0, 99: 0.55, 110: 0.1, 200: 0.1}),
    ],
)
def test_the_others_at_round_steps(kind: Kind, factors: dict[int, float]) -> None:
    schedule = Schedule(kind=kind, steps=110, warm_up=10, final=0.1)
    assert {step: schedule(step) for step in factors} == pytest.approx(factors)


def test_without_warm_up_the_first_step_falls_already() -> None:
    assert Schedule(kind="linear", steps=4)(1) == 0.75
    assert Schedule(kind="cosine", steps=1, warm_up=1)(1) == 1.0
    assert Schedule(kind="linear", steps=1, warm_up=1)(2) == 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "step"}, "kind is 'step'; allowed: constant, cosine, linear, wsd"),
        ({"steps": 0}, "steps is 0"),
        ({"warm_up": 20}, "warm_up is 20; it must be from 0 to 10"),
        ({"final": 1.5}, "final is 1.5"),
        ({"decay": 0.0}, "decay is 0.0"),
    ],
)
def test_mistakes_are_one_line(change: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        Schedule(**({"kind": "cosine", "steps": 10} | change))  # type: ignore[arg-type]
