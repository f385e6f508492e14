"""Copies of weights: made once, renewed when the weight changes; gradients in the weight's own type."""

import torch

from training import casting


def test_a_copy_is_made_once_per_change() -> None:
    weight = torch.nn.Parameter(torch.randn(5, 3))
    copy = casting.copy_of(weight, torch.bfloat16)
    assert casting.copy_of(weight, torch.bfloat16) is copy
    assert torch.equal(copy, weight.detach().bfloat16())

    with torch.no_grad():
        weight.add_(1.0)
    assert torch.equal(casting.copy_of(weight, torch.bfloat16), weight.detach().bfloat16())


def test_a_change_outside_pytorch_has_to_be_told() -> None:
    weight = torch.nn.Parameter(torch.zeros(4))
    casting.copy_of(weight, torch.bfloat16)
    weight.detach().numpy()[:] = 2.0
    torch.autograd.graph.increment_version(weight)
    assert casting.copy_of(weight, torch.bfloat16).tolist() == [2.0] * 4


def test_a_product_and_its_gradients() -> None:
    x = torch.randn(2, 7, 3).bfloat16().requires_grad_()
    weight = torch.nn.Parameter(torch.randn(5, 3))
    out = casting.linear(x, weight)
    out.backward(torch.ones_like(out))

    twin_x, twin_weight = x.detach().clone().requires_grad_(), weight.detach().bfloat16().requires_grad_()
    expected = twin_x @ twin_weight.T
    expected.backward(torch.ones_like(expected))
    assert torch.equal(out, expected)
    assert torch.equal(x.grad, twin_x.grad)
    assert torch.equal(weight.grad, twin_weight.grad.float())


def test_a_frozen_weight_gets_no_gradient() -> None:
    x, weight = torch.randn(2, 3).bfloat16().requires_grad_(), torch.randn(5, 3)
    casting.linear(x, weight).sum().backward()
    assert x.grad is not None
    assert weight.grad is None


def test_types_of_products() -> None:
    assert casting.compute_dtype(torch.zeros(1), "bfloat16") == torch.bfloat16
    assert casting.compute_dtype(torch.zeros(1).double(), "float32") == torch.float64
