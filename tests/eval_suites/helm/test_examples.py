"""Examples: those that HELM itself chose for the same answers, and what holds of any choice."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.helm.examples import chosen


@pytest.mark.parametrize(
    ("labels", "n", "places"),  # as crfm-helm 0.5.16 chose, with train trial 0
    [
        (["yes", "no", "yes", "maybe", "no", "yes"], 5, [2, 4, 3, 5, 1]),
        ([str(i) for i in range(100)], 5, [3, 16, 19, 15, 52]),
        (["b", "a", "c", "d"], 9, [2, 1, 0, 3]),
        ([*"ABCD" * 20, *"A" * 9], 6, [4, 33, 67, 62, 52, 41]),
    ],
)
def test_the_choice_is_that_of_helm(labels: list[str], n: int, places: list[int]) -> None:
    assert chosen(labels, n) == places


@given(st.lists(st.sampled_from("abcdef"), max_size=40), st.integers(0, 45))
def test_classes_take_turns(labels: list[str], n: int) -> None:
    places = chosen(labels, n)
    assert len(places) == len(set(places)) == min(n, len(labels))
    assert places == chosen(labels, 45)[:n]

    sizes, shown = Counter(labels), Counter(labels[place] for place in places)
    rounds = max(shown.values(), default=0)
    assert all(shown[label] >= min(rounds - 1, sizes[label]) for label in sizes)
    firsts = [sizes[labels[place]] for place in places[: len(sizes)]]
    assert firsts == sorted(firsts, reverse=True)


def test_an_empty_answer_ends_the_choice() -> None:
    assert chosen(["", "", "", "a"], 4) == []
    assert chosen(["a", "a", ""], 3) in ([0], [1])
    assert chosen([], 5) == []
