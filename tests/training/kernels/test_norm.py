"""The norm of a sum and its gradients."""

import pytest
import torch

from tests.training.kernels.comparing import TOLERANCE, compare
from training.operations import add_norm


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(3, 7, 24), (2, 100, 33)])
@pytest.mark.parametrize("has_branch", [True, False])
def test_it_is_as_without_kernels(
    dtype: torch.dtype, shape: tuple[int, ...], has_branch: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = [torch.randn(shape), torch.rand(shape[-1]) + 0.5, torch.randn(shape).to(dtype)][: 3 if has_branch else 2]

    def function(x: torch.Tensor, w: torch.Tensor, branch: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
        return add_norm(x, branch, w, 1e-5, dtype if w.dtype == torch.float32 else w.dtype)

    compare(function, inputs, TOLERANCE[dtype], monkeypatch)


@pytest.mark.parametrize("used", [0, 1])
def test_one_of_the_results_may_be_unused(used: int) -> None:
    x, branch, weight = (torch.randn(4, 6, requires_grad=True) for _ in range(3))
    weight = weight[0].detach().requires_grad_()
    add_norm(x, branch, weight, 1e-5, torch.float32)[used].sum().backward()
    assert torch.equal(x.grad, branch.grad)
    if used == 0:
        assert (x.grad == 1).all()
