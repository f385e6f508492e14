"""Shares of a mixture against their closed forms, and shortages in one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from corpus.mixture.allocation import allocate, shares
from corpus.mixture.settings import Mixture

HAS = {"a": 1000, "b": 300, "c": 50}


def mixture(**fields: object) -> Mixture:
    return Mixture.model_validate({"name": "M", **fields})


def test_weights_are_scaled_and_hold_exactly() -> None:
    got = allocate(mixture(weights={"a": 7, "b": 3}, tokens=500), HAS)
    assert {group: (share.weight, share.tokens) for group, share in got.items()} == {
        "a": (0.7, 350.0),
        "b": (0.3, 150.0),
    }
    assert got["a"].epochs == 0.35


def test_without_a_budget_a_mixture_is_as_large_as_its_weights_allow() -> None:
    got = allocate(mixture(weights={"a": 0.5, "c": 0.5}), HAS)
    assert sum(share.tokens for share in got.values()) == 100
    got = allocate(mixture(weights={"a": 0.5, "c": 0.5}, max_epochs_of={"c": 4}), HAS)
    assert got["c"].epochs == 4
    assert got["a"].tokens == 200


def test_without_weights_each_document_is_there_once() -> None:
    assert {group: share.epochs for group, share in allocate(mixture(max_epochs=5), HAS).items()} == {
        "a": 1,
        "b": 1,
        "c": 1,
    }


@given(st.floats(0.5, 20), st.dictionaries(st.sampled_from("abcde"), st.integers(1, 10**9), min_size=1))
def test_temperature_is_a_power_of_what_there_is(temperature: float, has: dict[str, int]) -> None:
    got = shares(mixture(temperature=temperature), has)
    total = sum(tokens ** (1 / temperature) for tokens in has.values())
    assert got == pytest.approx({group: tokens ** (1 / temperature) / total for group, tokens in has.items()})


def test_a_shortage_names_the_group_the_most_that_there_is_and_the_repeats_that_would_do() -> None:
    with pytest.raises(UserError) as error:
        allocate(mixture(weights={"a": 0.5, "c": 0.5}, tokens=1000), HAS)
    assert str(error.value) == (
        "mixture 'M' is short of text: 'c' has 50 tokens of 500 (10 epochs). Ask for at most 100 tokens, change the "
        "weights, or allow repeats: max_epochs 10.01"
    )
    assert allocate(mixture(weights={"a": 0.5, "c": 0.5}, tokens=1000, max_epochs=10.01), HAS)["c"].epochs == 10


@pytest.mark.parametrize(
    ("fields", "has", "words"),
    [
        ({"weights": {"a": 1, "x": 1}}, HAS, "in 'x', which has a weight. Groups by source that have some: a, b, c"),
        ({"weights": {"a": 1}}, {}, "that have some: none"),
        ({}, {}, "mixture 'M' is empty"),
        ({}, {"a": 0}, "mixture 'M' is empty"),
    ],
)
def test_groups_that_do_not_exist(fields: dict[str, object], has: dict[str, int], words: str) -> None:
    with pytest.raises(UserError, match=words):
        allocate(mixture(**fields), has)


def test_extreme_temperatures_and_caps_below_one() -> None:
    assert shares(mixture(temperature=0.001), HAS) == {"a": 1.0, "b": 0.0, "c": 0.0}
    halves = allocate(mixture(max_epochs=0.5), HAS)
    assert {group: share.epochs for group, share in halves.items()} == pytest.approx(dict.fromkeys(HAS, 0.5))
