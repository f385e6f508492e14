"""What a block computes between its matrix products: norms and SwiGLU.

Statistics are float32 (float64 for float64 weights), whatever the type of the products' inputs and outputs.

Sources: RMSNorm, Zhang & Sennrich 2019, arXiv:1910.07467; SwiGLU, Shazeer 2020, arXiv:2002.05202.

Shape suffixes: B rows of a batch, S positions, D width of the model, F hidden units of a feed-forward block.
"""

import torch
from torch import Tensor
from torch.nn import functional


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Returns `x / sqrt(mean(x²) + eps) * weight` over the last axis, in the type of `weight`."""
    return functional.rms_norm(x.to(weight.dtype), weight.shape, weight, eps)


def add_norm(
    residual_BSD: Tensor, branch_BSD: Tensor | None, weight_D: Tensor, eps: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Adds what a sublayer returned to the residual stream.

    Returns the new residual, and its RMSNorm in the type of the products.
    """
    if branch_BSD is not None:
        residual_BSD = residual_BSD + branch_BSD.to(residual_BSD.dtype)
    return residual_BSD, rms_norm(residual_BSD, weight_D, eps).to(dtype)


def swiglu(gate_up_BSF2: Tensor) -> Tensor:
    """Returns `silu(gate) * up`; the last axis has F gates, then F ups. The product is not rounded in between."""
    gate_BSF, up_BSF = gate_up_BSF2.chunk(2, dim=-1)
    if gate_up_BSF2.dtype == torch.bfloat16:
        return (functional.silu(gate_BSF.float()) * up_BSF.float()).bfloat16()
    return functional.silu(gate_BSF) * up_BSF
