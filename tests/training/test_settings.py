"""Settings of a run: what changes its result, and mistakes."""

import pytest
from pydantic import ValidationError

from training.settings import Run


def test_speed_and_name_do_not_change_the_result() -> None:
    plain = Run(name="a", mixture="M").that_change_results()
    other = Run(name="b", mixture="M", micro_batch_tokens=7, processes=4, save_minutes=1, checkpoint_activations=True)
    assert other.that_change_results() == plain
    for change in (
        {"seed": 1},
        {"learning_rate": 0.1},
        {"packing": "best_fit"},
        {"tokens": 5},
        {"precision": "float32"},
    ):
        assert Run.model_validate({"name": "a", "mixture": "M", **change}).that_change_results() != plain


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "1M", "after": "x"}, {"tokens": "no"}, {"tokens": 0}, {"sequence_length": 1}, {"learning_rate": 0},
        {"stage": "final"}, {"optimizer": "sgd"}, {"packing": "none"}, {"precision": "int8"}, {"seed": -1}, {"name": "a b"},
    ],
)  # fmt: skip
def test_mistakes(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Run.model_validate({"name": "r", "mixture": "M", **fields})
