"""SwiGLU and its gradients."""

import pytest
import torch

from tests.training.kernels.comparing import TOLERANCE, compare
from training.operations import swiglu


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(3, 7, 48), (2, 100, 66)])
def test_it_is_as_without_kernels(dtype: torch.dtype, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    compare(swiglu, [(3 * torch.randn(shape)).to(dtype)], TOLERANCE[dtype], monkeypatch)


def test_extreme_gates_neither_overflow_nor_give_nan() -> None:
    gates_ups = torch.tensor([[200.0, -200.0, 0.0, 1.0, 1.0, 1.0]], requires_grad=True)
    out = swiglu(gates_ups)
    out.sum().backward()
    assert out.tolist() == [[200.0, pytest.approx(0.0, abs=1e-30), 0.0]]
    assert gates_ups.grad.isfinite().all()
