"""Matrix products in bfloat16 with float32 master weights.

In mixed precision (Micikevicius et al. 2018, arXiv:1710.03740) weights stay in float32, and products read a copy in 16
bits. The copy changes only when the optimizer changes the weight, so it is made once per optimizer step, not once for
each micro-batch and again for the backward pass. Whoever changes a weight outside PyTorch has to tell PyTorch
(`torch.autograd.graph.increment_version`); that is how a copy knows that it is old. Writing through `weight.data` does
not tell PyTorch.

Shape suffixes: N rows (tokens), K inputs, M outputs.
"""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.weak import WeakTensorKeyDictionary

Precision = Literal["float32", "bfloat16"]

_copies = WeakTensorKeyDictionary()  # weight to ((its version, its place), its copy); an entry goes with its weight


def compute_dtype(weight: Tensor, precision: Precision) -> torch.dtype:
    """Returns the type of matrix products: bfloat16, or that of the weights (float64 in tests)."""
    return torch.bfloat16 if precision == "bfloat16" else weight.dtype


@torch.no_grad()
def copy_of(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Returns a weight in another type. As long as the weight does not change, the copy is the same tensor."""
    if weight.dtype == dtype:
        return weight.detach()
    now = (weight._version, weight.data_ptr())
    before, copy = _copies.get(weight, (None, None))
    if copy is None or copy.device != weight.device or copy.dtype != dtype:
        before, copy = None, torch.empty_like(weight, dtype=dtype)
    if before != now:
        copy.copy_(weight)
        _copies[weight] = (now, copy)
    return copy


def forget() -> None:
    """Drops all copies. Weights that are gathered for each step (training.sharding) change without a new version."""
    _copies.clear()


def linear(x_NK: Tensor, weight_MK: Tensor) -> Tensor:
    """Returns `x @ weight.T` in the type of `x`; the weight's gradient has the weight's own type."""
    if x_NK.dtype == weight_MK.dtype:
        return functional.linear(x_NK, weight_MK)
    if torch.compiler.is_compiling():  # the compiler casts and multiplies in one go
        return functional.linear(x_NK, weight_MK.to(x_NK.dtype))
    return _CastLinear.apply(x_NK, weight_MK)


class _CastLinear(torch.autograd.Function):
    """A product with the copy of a weight. Saved for backward: the input, not the copy."""

    @staticmethod
    def forward(ctx: Any, x_NK: Tensor, weight_MK: Tensor) -> Tensor:
        ctx.save_for_backward(x_NK, weight_MK)
        return x_NK @ copy_of(weight_MK, x_NK.dtype).T

    @staticmethod
    def backward(ctx: Any, grad_NM: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x_NK, weight_MK = ctx.saved_tensors
        needs_x, needs_weight = ctx.needs_input_grad
        grad_x = grad_NM @ copy_of(weight_MK, x_NK.dtype) if needs_x else None
        if not needs_weight:
            return grad_x, None
        grad_weight_MK = grad_NM.flatten(0, -2).T @ x_NK.flatten(0, -2)
        return grad_x, grad_weight_MK.to(weight_MK.dtype)
