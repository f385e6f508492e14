"""AdamW against PyTorch's."""

import copy

import pytest
import torch

from tests.training.optimizers import twins
from training.optimizers.adamw import AdamW, Settings

SETTINGS = Settings(lr=0.02, weight_decay=0.3)
DTYPES = [(torch.float64, 1), (torch.float32, 1), (torch.float32, 60)]


def make(named: list[tuple[str, torch.Tensor]]) -> AdamW:
    return AdamW(named, SETTINGS)


@pytest.mark.parametrize(("dtype", "size"), DTYPES)
def test_it_is_pytorchs(dtype: torch.dtype, size: int) -> None:
    named = twins.parameters(dtype, size)
    twin = copy.deepcopy(named)
    optimizer = make(named)
    reference = torch.optim.AdamW(
        [p for _, p in twin], lr=0.02, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.3, foreach=False
    )
    for step in range(1, 13):
        twins.give_gradients(named, step)
        twins.give_gradients(twin, step)
        for _, parameter in twin:
            parameter.grad.mul_(1.0 / step)
        reference.param_groups[0]["lr"] = 0.02 * min(1.0, step / 4)
        optimizer.step(min(1.0, step / 4), scale=1.0 / step)
        reference.step()
    exactness = {"rtol": 1e-12, "atol": 1e-14} if dtype == torch.float64 else {"rtol": 1e-5, "atol": 1e-6}
    for (_, mine), (_, other) in zip(named, twin, strict=True):
        torch.testing.assert_close(mine, other, **exactness)


@pytest.mark.parametrize(("dtype", "size"), DTYPES)
def test_a_restored_run_goes_on_bit_by_bit(dtype: torch.dtype, size: int) -> None:
    twins.check_restoring(make, dtype, size)
    twins.check_in_place(make, dtype, size)
