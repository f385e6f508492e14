"""A function with kernels in float32 or bfloat16 against the same function without them in float64."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from training import kernels

TOLERANCE = {torch.float32: 2e-6, torch.bfloat16: 8e-3}  # of the norm of a result


def assert_near(mine: Tensor, exact: Tensor, tolerance: float) -> None:
    """The difference is small beside the result as a whole."""
    assert (mine.double() - exact.double()).norm() <= tolerance * exact.double().norm() + 1e-30


def compare(
    function: Callable[..., Tensor | tuple[Tensor, ...]],
    inputs: list[Tensor],
    tolerance: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Results and gradients of all inputs; the exact side starts from the same, rounded numbers."""
    mine = [x.clone().requires_grad_() for x in inputs]
    exact = [x.double().requires_grad_() for x in inputs]
    results = _run(function, mine)
    monkeypatch.setattr(kernels, "_is_on", False)
    for result, due in zip(results, _run(function, exact), strict=True):
        assert_near(result, due, tolerance)
    for x, due in zip(mine, exact, strict=True):
        assert x.grad.dtype == x.dtype
        assert_near(x.grad, due.grad, tolerance)


def _run(function: Callable[..., Tensor | tuple[Tensor, ...]], inputs: list[Tensor]) -> tuple[Tensor, ...]:
    results = function(*inputs)
    results = results if isinstance(results, tuple) else (results,)
    generator = torch.Generator().manual_seed(9)
    weights = [torch.randn(result.shape, generator=generator) for result in results]
    sum(
        (result.to(w.dtype if result.dtype != torch.float64 else result.dtype) * w).sum()
        for result, w in zip(results, weights, strict=True)
    ).backward()
    return tuple(result.detach() for result in results)
