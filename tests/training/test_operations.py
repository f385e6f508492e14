"""Norms and SwiGLU against their formulas in plain Python."""

import math

import pytest
import torch

from training import operations


def test_rms_norm_is_its_formula() -> None:
    x, weight = [0.5, -2.0, 3.0], [1.0, 0.5, -1.0]
    root = math.sqrt(sum(v * v for v in x) / 3 + 1e-5)
    out = operations.rms_norm(torch.tensor(x, dtype=torch.float64), torch.tensor(weight, dtype=torch.float64), 1e-5)
    assert out.tolist() == pytest.approx([v / root * w for v, w in zip(x, weight, strict=True)], rel=1e-12)


def test_swiglu_is_its_formula() -> None:
    gate, up = [0.5, -2.0, 30.0], [1.0, 0.5, -1.0]
    out = operations.swiglu(torch.tensor(gate + up, dtype=torch.float64))
    assert out.tolist() == pytest.approx([g / (1 + math.exp(-g)) * u for g, u in zip(gate, up, strict=True)], rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_add_norm_returns_the_sum_and_its_norm(dtype: torch.dtype) -> None:
    residual, branch = torch.randn(4, 6, 32), torch.randn(4, 6, 32).to(dtype)
    weight = torch.rand(32) + 0.5
    total, normed = operations.add_norm(residual, branch, weight, 1e-5, dtype)
    assert (total.dtype, normed.dtype) == (torch.float32, dtype)
    torch.testing.assert_close(total, residual + branch.float())
    expected = total / (total.square().mean(-1, keepdim=True) + 1e-5).sqrt() * weight
    torch.testing.assert_close(normed.float(), expected, rtol=1e-2 if dtype == torch.bfloat16 else 1e-5, atol=1e-6)
    assert torch.equal(operations.add_norm(residual, None, weight, 1e-5, dtype)[0], residual)
