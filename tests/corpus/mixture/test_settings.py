"""Settings of a mixture as people write them."""

import pytest
from pydantic import ValidationError

from corpus.errors import UserError
from corpus.mixture.settings import Mixture, pairs


def test_pairs_are_read_as_typed() -> None:
    assert pairs("a=0.7, b=.3") == {"a": "0.7", "b": ".3"}
    assert pairs(["a=1", "b=2,c=3"]) == {"a": "1", "b": "2", "c": "3"}
    assert pairs("x=y=1") == {"x=y": "1"}


@pytest.mark.parametrize("text", ["a", "=1", "a=1,a=2", "a:1"])
def test_other_pairs_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"NAME=NUMBER|twice"):
        pairs(text)


def test_counts_have_units() -> None:
    assert Mixture.model_validate({"name": "M", "tokens": "2M"}).tokens == 2_000_000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weights": {"a": -1}}, "weights are numbers from 0 on"),
        ({"weights": {"a": float("nan")}}, "weights are numbers from 0 on"),
        ({"weights": {"a": 0}}, "all weights are 0"),
        ({"weights": {"a": 1}, "temperature": 2}, "give one of them"),
        ({"weights": {"a": 1}, "max_epochs_of": {"b": 2}}, "names 'b', which has no weight"),
        ({"max_epochs_of": {"b": 0}}, "must be above 0"),
        ({"tokens": "many"}, "not a count"),
        ({"name": "../x"}, "pattern"),
    ],
)
def test_mistakes(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Mixture.model_validate({"name": "M", **fields})


def test_predicates_are_checked_before_anything_runs() -> None:
    Mixture(name="M", where="n_words > 3").check()
    with pytest.raises(UserError, match="is not SQL"):
        Mixture(name="M", groups={"x": "n_words >"}).check()
