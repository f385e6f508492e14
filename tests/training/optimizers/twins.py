"""Parameters that tests of optimizers share, and many steps at once."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from corpus.errors import UserError
from training.optimizers import Optimizer

Make = Callable[[list[tuple[str, Tensor]]], Optimizer]
SHAPES = {"embedding": (7, 4), "blocks.0.qkv": (6, 4), "blocks.0.norm": (4,), "blocks.0.down": (4, 9)}


def parameters(dtype: torch.dtype = torch.float64, size: int = 1) -> list[tuple[str, Tensor]]:
    """Named parameters; `size` makes all of them larger."""
    generator = torch.Generator().manual_seed(0)
    return [
        (name, torch.nn.Parameter(torch.randn([n * size for n in shape], generator=generator).to(dtype)))
        for name, shape in SHAPES.items()
    ]


def give_gradients(named: list[tuple[str, Tensor]], step: int) -> None:
    """Gradients that differ from step to step, some large and some zero."""
    for i, (_, parameter) in enumerate(named):
        generator = torch.Generator().manual_seed(100 * step + i)
        gradient = torch.randn(parameter.shape, generator=generator) * (1.0 + 3.0 * (step % 3))
        gradient.flatten()[0] = 0.0
        parameter.grad = gradient.to(parameter.dtype)


def run(named: list[tuple[str, Tensor]], optimizer: Optimizer, first: int, last: int) -> None:
    """Steps `first` to `last`, with a schedule and a scale that change."""
    for step in range(first, last + 1):
        give_gradients(named, step)
        optimizer.step(min(1.0, step / 4), scale=1.0 / step)


def check_restoring(make: Make, dtype: torch.dtype = torch.float32, size: int = 1) -> None:
    """A run that is saved and continued elsewhere ends with the same bits, and so does its state."""
    whole = parameters(dtype, size)
    optimizer = make(whole)
    run(whole, optimizer, 1, 5)
    saved = {name: tensor.clone() for name, tensor in optimizer.state().items()}
    halfway = copy.deepcopy(whole)
    run(whole, optimizer, 6, 9)

    other = make(halfway)
    other.restore(saved)
    run(halfway, other, 6, 9)
    for (_, mine), (_, continued) in zip(whole, halfway, strict=True):
        assert torch.equal(mine, continued)
    assert optimizer.state().keys() == other.state().keys()
    assert all(torch.equal(tensor, other.state()[name]) for name, tensor in optimizer.state().items())
    assert int(other.state()["step"]) == 9

    with pytest.raises(UserError, match="of another model or another optimizer"):
        other.restore({name: tensor for name, tensor in saved.items() if "down" not in name})


def check_in_place(make: Make, dtype: torch.dtype = torch.float32, size: int = 1) -> None:
    """Parameters stay where they are, their version rises, gradients stay as they are, and the frozen stay."""
    named = parameters(dtype, size)
    places = [parameter.data_ptr() for _, parameter in named]
    versions = [parameter._version for _, parameter in named]
    optimizer = make(named)
    give_gradients(named, 1)
    named[2][1].grad = None
    before = [None if p.grad is None else p.grad.clone() for _, p in named]
    frozen = named[2][1].detach().clone()
    optimizer.step(1.0, 0.5)
    assert places == [parameter.data_ptr() for _, parameter in named]
    assert [p._version > version for (_, p), version in zip(named, versions, strict=True)] == [True, True, False, True]
    assert torch.equal(named[2][1].detach(), frozen)
    assert all(g is None or torch.equal(p.grad, g) for (_, p), g in zip(named, before, strict=True))
