"""Numbers in kernels: every bfloat16, rounding as in PyTorch, exp against Python's."""

import math

import numpy as np
import torch
from numba import njit

from training.kernels import array
from training.kernels.numbers import exp, narrow, widen


@njit
def widen_all(x, out):
    for i in range(x.size):
        out[i] = widen(x[i])


@njit
def narrow_all(x, out):
    for i in range(x.size):
        out[i] = narrow(x[i], out[i])


@njit
def exp_all(x, out):
    for i in range(x.size):
        out[i] = exp(x[i])


def test_every_bfloat16_is_widened_as_by_pytorch() -> None:
    every = torch.arange(65_536, dtype=torch.int32).to(torch.uint16).view(torch.bfloat16)
    wide = torch.empty(65_536)
    widen_all(array(every), wide.numpy())
    assert torch.equal(wide.nan_to_num(7.0), every.float().nan_to_num(7.0))


def test_rounding_is_pytorchs() -> None:
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(100_000, generator=generator) * 10.0 ** torch.randint(
        -30, 30, (100_000,), generator=generator
    )
    ties = torch.tensor([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8, 0.0, -0.0, math.inf, -math.inf, 3.4e38])
    numbers, out = torch.cat([numbers, ties]), torch.empty(100_008, dtype=torch.bfloat16)
    narrow_all(numbers.numpy(), array(out))
    assert torch.equal(out, numbers.bfloat16())
    narrow_all(torch.full((100_008,), math.nan).numpy(), array(out))
    assert out.isnan().all()


def test_float32_stays_as_it_is() -> None:
    numbers, out = np.float32([1.1, -2.7, np.nan]), np.empty(3, np.float32)
    narrow_all(numbers, out)
    assert out.tobytes() == numbers.tobytes()
    widen_all(numbers, out)
    assert out.tobytes() == numbers.tobytes()


def test_exp_is_pythons() -> None:
    numbers, out = np.linspace(-87, 88, 100_001).astype(np.float32), np.empty(100_001, np.float32)
    exp_all(numbers, out)
    exact = np.exp(numbers.astype(np.float64))
    assert np.abs(out / exact - 1).max() < 1e-5  # far from 0 the rounding of x log2(e) shows
    near = np.abs(numbers) < 10
    assert np.abs(out / exact - 1)[near].max() < 1e-6
    extremes = np.float32([-1e30, -np.inf, np.nan, 0.0])
    out = out[:4]
    exp_all(extremes, out)
    assert out[0] == out[1] < 2e-38
    assert np.isnan(out[2])
    assert out[3] == 1.0
