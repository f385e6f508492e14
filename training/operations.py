"""What a block computes between its matrix products: norms and SwiGLU.

Statistics are float32 (float64 for float64 weights), whatever the type of the products' inputs and outputs.

Sources: RMSNorm, Zhang & Sennrich 2019, arXiv:1910.07467; SwiGLU, Shazeer 2020, arXiv:2002.05202.

Shape suffixes: B rows of a batch, S positions, D width of the model, F hidden units of a feed-forward block.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training import kernels
from training.kernels import arrays
from training.kernels import norm as norm_kernels
from training.kernels import swiglu as swiglu_kernels


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Returns `x / sqrt(mean(x²) + eps) * weight` over the last axis, in the type of `weight`."""
    return functional.rms_norm(x.to(weight.dtype), weight.shape, weight, eps)


def add_norm(
    residual_BSD: Tensor, branch_BSD: Tensor | None, weight_D: Tensor, eps: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Adds what a sublayer returned to the residual stream.

    Returns the new residual, and its RMSNorm in the type of the products.
    """
    others = [weight_D] if branch_BSD is None else [weight_D, branch_BSD]
    if kernels.fits(residual_BSD, *others) and residual_BSD.dtype == weight_D.dtype == torch.float32:
        return _AddNorm.apply(residual_BSD, branch_BSD, weight_D, eps, dtype)
    if branch_BSD is not None:
        residual_BSD = residual_BSD + branch_BSD.to(residual_BSD.dtype)
    return residual_BSD, rms_norm(residual_BSD, weight_D, eps).to(dtype)


def swiglu(gate_up_BSF2: Tensor) -> Tensor:
    """Returns `silu(gate) * up`; the last axis has F gates, then F ups. The product is not rounded in between."""
    if kernels.fits(gate_up_BSF2):
        return _SwiGLU.apply(gate_up_BSF2)
    gate_BSF, up_BSF = gate_up_BSF2.chunk(2, dim=-1)
    if gate_up_BSF2.dtype == torch.bfloat16:
        return (functional.silu(gate_BSF.float()) * up_BSF.float()).bfloat16()
    return functional.silu(gate_BSF) * up_BSF


class _AddNorm(torch.autograd.Function):
    """`add_norm` by kernels."""

    @staticmethod
    def forward(
        ctx: Any, x_BSD: Tensor, branch_BSD: Tensor | None, weight_D: Tensor, eps: float, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        x_BSD, d = x_BSD.contiguous(), x_BSD.shape[-1]
        is_sum = branch_BSD is not None
        branch = branch_BSD.contiguous() if branch_BSD is not None else x_BSD.new_empty(0, d)
        residual_BSD = torch.empty_like(x_BSD) if is_sum else x_BSD
        normed_BSD = torch.empty_like(x_BSD, dtype=dtype)
        inverse_N = x_BSD.new_empty(x_BSD.numel() // d)

        x, b, w, r, i, y = arrays(x_BSD, branch, weight_D, residual_BSD, inverse_N, normed_BSD)
        x, b, r, y = (a.reshape(-1, d) for a in (x, b, r, y))
        norm_kernels.add_norm(x, b, w, np.float32(eps), r, i, y)
        ctx.save_for_backward(residual_BSD, inverse_N, weight_D)
        ctx.branch_dtype = branch_BSD.dtype if branch_BSD is not None else None
        ctx.set_materialize_grads(False)
        return residual_BSD, normed_BSD

    @staticmethod
    def backward(
        ctx: Any, grad_residual_BSD: Tensor | None, grad_normed_BSD: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        if grad_normed_BSD is None:
            return grad_residual_BSD, None if ctx.branch_dtype is None else grad_residual_BSD, None, None, None
        residual_BSD, inverse_N, weight_D = ctx.saved_tensors
        d, nothing = len(weight_D), residual_BSD.new_empty(0, len(weight_D))
        is_narrow = ctx.branch_dtype not in (None, residual_BSD.dtype)
        grad_x_BSD = torch.empty_like(residual_BSD)
        grad_branch = torch.empty_like(residual_BSD, dtype=ctx.branch_dtype) if is_narrow else nothing
        grad_weight_KD = weight_D.new_empty(norm_kernels.BLOCKS, d)

        added = nothing if grad_residual_BSD is None else grad_residual_BSD.contiguous()
        gr, gy, r, i, w, gx, gb, gw = arrays(
            added, grad_normed_BSD.contiguous(), residual_BSD, inverse_N, weight_D, grad_x_BSD, grad_branch,
            grad_weight_KD,
        )  # fmt: skip
        gr, gy, r, gx, gb = (a.reshape(-1, d) for a in (gr, gy, r, gx, gb))
        norm_kernels.add_norm_backward(gr, gy, r, i, w, gx, gb, gw)
        if ctx.branch_dtype is None:
            return grad_x_BSD, None, grad_weight_KD.sum(0), None, None
        return grad_x_BSD, grad_branch if is_narrow else grad_x_BSD, grad_weight_KD.sum(0), None, None


class _SwiGLU(torch.autograd.Function):
    """`swiglu` by kernels."""

    @staticmethod
    def forward(ctx: Any, gate_up_BSF2: Tensor) -> Tensor:
        gate_up_BSF2 = gate_up_BSF2.contiguous()
        out_BSF = gate_up_BSF2.new_empty(*gate_up_BSF2.shape[:-1], gate_up_BSF2.shape[-1] // 2)
        gate_up, out = arrays(gate_up_BSF2, out_BSF)
        swiglu_kernels.swiglu(gate_up.reshape(-1, gate_up.shape[-1]), out.reshape(-1, out.shape[-1]))
        ctx.save_for_backward(gate_up_BSF2)
        return out_BSF

    @staticmethod
    def backward(ctx: Any, grad_BSF: Tensor) -> Tensor:
        (gate_up_BSF2,) = ctx.saved_tensors
        grad_gate_up = torch.empty_like(gate_up_BSF2)
        grad, gate_up, out = arrays(grad_BSF.contiguous(), gate_up_BSF2, grad_gate_up)
        pair = gate_up.shape[-1]
        swiglu_kernels.swiglu_backward(grad.reshape(-1, pair // 2), gate_up.reshape(-1, pair), out.reshape(-1, pair))
        return grad_gate_up
