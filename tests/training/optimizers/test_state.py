"""The state of optimizers by name; the table of optimizers."""

import pytest
import torch

from corpus.errors import UserError
from training import optimizers
from training.optimizers.state import State


def test_a_state_is_flat_and_named() -> None:
    parameters = {"a.b": torch.zeros(2), "c": torch.zeros(3)}
    state = State(parameters.items(), {"mean": ["a.b", "c"], "momentum": ["c"]})
    assert set(state.flat()) == {"step", "mean.a.b", "mean.c", "momentum.c"}
    state.restore({name: torch.ones_like(tensor) for name, tensor in state.flat().items()})
    assert (state.steps, state.moments["momentum"]["c"].tolist()) == (1, [1.0] * 3)
    with pytest.raises(UserError, match=r"another optimizer: momentum.c differs"):
        state.restore(state.flat() | {"momentum.c": torch.zeros(4)})


def test_every_name_leads_to_an_optimizer() -> None:
    for name in optimizers.OPTIMIZERS:
        assert callable(optimizers.load(name).step)
        assert optimizers.load_settings(name).__doc__
    with pytest.raises(UserError, match="unknown optimizer 'adam'; did you mean 'adamw'"):
        optimizers.load("adam")
