"""RMSProp against section 13 of the specification (the first step), and a twin in plain Python (many steps)."""

import math

import pytest
import torch

from tests.training.optimizers import twins
from training.optimizers.rmsprop import RMSProp, Settings

SETTINGS = Settings(d_model=3072, lr=0.02, weight_decay=0.003)
DTYPES = [(torch.float64, 1), (torch.float32, 1), (torch.float32, 60)]


def make(named: list[tuple[str, torch.Tensor]]) -> RMSProp:
    return RMSProp(named, SETTINGS)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_first_step_is_the_papers(dtype: torch.dtype) -> None:
    named = twins.parameters(dtype)
    before = {name: parameter.detach().clone() for name, parameter in named}
    twins.give_gradients(named, 1)
    make(named).step(0.5)
    for name, parameter in named:
        c = 0.25 if name in ("blocks.0.qkv", "blocks.0.down") else 1.0
        change = -0.5 * (0.02 * c * 0.05 * torch.sign(parameter.grad) + 0.003 * before[name])
        torch.testing.assert_close(
            parameter.detach() - before[name], change, rtol=1e-3 if dtype == torch.float32 else 1e-9, atol=1e-7
        )


def twin(theta: list[float], gradients: list[list[float]], scales: list[tuple[float, float]], c: float) -> list[float]:
    """The formulas of the paper, one float at a time."""
    v, m = [0.0] * len(theta), [0.0] * len(theta)
    for t, (g, (s, scale)) in enumerate(zip(gradients, scales, strict=True), 1):
        g = [x * scale for x in g]
        v = [0.95 * a + 0.05 * (x * x + 1e-30) for a, x in zip(v, g, strict=True)]
        u = [x / math.sqrt(a / (1 - 0.95**t)) for a, x in zip(v, g, strict=True)]
        rms = math.sqrt(sum(x * x for x in u) / len(u))
        m = [0.95 * a + 0.05 * x / max(1.0, rms) for a, x in zip(m, u, strict=True)]
        theta = [w - s * (0.02 * c * a + 0.003 * w) for w, a in zip(theta, m, strict=True)]
    return theta


@pytest.mark.parametrize(("dtype", "size"), DTYPES)
def test_many_steps_are_those_of_the_twin(dtype: torch.dtype, size: int) -> None:
    named, n_steps = twins.parameters(dtype, size), 12
    initial = {name: parameter.detach().flatten().tolist() for name, parameter in named}
    gradients: dict[str, list[list[float]]] = {name: [] for name, _ in named}
    optimizer, scales = make(named), []
    for step in range(1, n_steps + 1):
        twins.give_gradients(named, step)
        for name, parameter in named:
            gradients[name].append(parameter.grad.flatten().tolist())
        scales.append((min(1.0, step / 4), 1.0 / step))
        optimizer.step(*scales[-1])

    for name, parameter in named:
        c = 0.25 if name in ("blocks.0.qkv", "blocks.0.down") else 1.0
        expected = torch.tensor(twin(initial[name], gradients[name], scales, c), dtype=torch.float64)
        exactness = {"rtol": 1e-10, "atol": 1e-12} if dtype == torch.float64 else {"rtol": 1e-5, "atol": 1e-6}
        torch.testing.assert_close(parameter.detach().double().flatten(), expected, **exactness)


def test_a_large_update_is_clipped_per_tensor() -> None:
    named = [("norm", torch.nn.Parameter(torch.zeros(4, dtype=torch.float64)))]
    optimizer = RMSProp(named, Settings(d_model=1, lr=1.0, weight_decay=0.0))
    for size in (1e-3, 1.0):
        named[0][1].grad = torch.full((4,), size, dtype=torch.float64)
        before = named[0][1].detach().clone()
        optimizer.step(1.0)
    # u of the second step is about 1 / sqrt(0.05 / 0.0975) = 1.4, and is cut to 1: m = 0.95 · 0.05 + 0.05
    torch.testing.assert_close(named[0][1].detach() - before, torch.full((4,), -0.0975, dtype=torch.float64))


def test_narrow_models_have_no_factor() -> None:
    assert RMSProp(twins.parameters(), Settings(d_model=512))._factors["blocks.0.qkv"] == 1.0


@pytest.mark.parametrize(("dtype", "size"), DTYPES)
def test_a_restored_run_goes_on_bit_by_bit(dtype: torch.dtype, size: int) -> None:
    twins.check_restoring(make, dtype, size)
    twins.check_in_place(make, dtype, size)
