"""Muon: orthogonal updates of each piece, AdamW for the rest."""

import copy

import pytest
import torch

from tests.training.models import SMALL, ours
from tests.training.optimizers import twins
from training.optimizers.adamw import AdamW
from training.optimizers.adamw import Settings as AdamWSettings
from training.optimizers.muon import Muon, Settings, orthogonal


def make(named: list[tuple[str, torch.Tensor]]) -> Muon:
    return Muon(named, Settings(lr=0.02), pieces={"blocks.0.qkv": [len(named[1][1]) // 2, len(named[1][1]) // 2]})


@pytest.mark.parametrize("shape", [(8, 8), (5, 30), (30, 5)])
def test_the_iteration_moves_singular_values_to_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    near = orthogonal(matrix, iterations=10)
    values = torch.linalg.svdvals(near)
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3
    assert float((near - u @ v).norm() / (u @ v).norm()) < 0.35
    aligned = u.T @ near @ v.T
    torch.testing.assert_close(aligned, torch.diag(torch.diag(aligned)), rtol=0, atol=1e-8)


def test_a_step_is_its_formula_for_each_piece() -> None:
    named = twins.parameters()
    before = {name: p.detach().clone() for name, p in named}
    twins.give_gradients(named, 1)
    make(named).step(0.5, scale=0.1)
    for name, pieces in (("blocks.0.qkv", (slice(0, 3), slice(3, 6))), ("blocks.0.down", (slice(0, 4),))):
        parameter = dict(named)[name]
        for rows in pieces:
            ahead = parameter.grad[rows] * 0.1 * 1.95
            size = 0.2 * max(ahead.shape) ** 0.5
            expected = before[name][rows] * (1 - 0.01 * 0.1) - 0.01 * size * orthogonal(ahead)
            torch.testing.assert_close(parameter[rows], expected, rtol=1e-6, atol=1e-9)


def test_the_rest_is_adamw() -> None:
    named = twins.parameters()
    twin = copy.deepcopy(named)
    optimizer, reference = make(named), AdamW(twin, AdamWSettings(lr=0.02, weight_decay=0.1))
    twins.run(named, optimizer, 1, 5)
    twins.run(twin, reference, 1, 5)
    for (name, mine), (_, other) in zip(named, twin, strict=True):
        assert torch.equal(mine, other) == (name in ("embedding", "blocks.0.norm"))


def test_low_precision_is_close() -> None:
    named, twin = twins.parameters(torch.float32), twins.parameters(torch.float32)
    twins.run(named, Muon(named, Settings(lr=0.02)), 1, 3)
    twins.run(twin, Muon(twin, Settings(lr=0.02, is_low_precision=True)), 1, 3)
    for (_, mine), (_, other) in zip(named, twin, strict=True):
        torch.testing.assert_close(mine, other, rtol=0.0, atol=0.02)


def test_a_restored_run_goes_on_bit_by_bit() -> None:
    twins.check_restoring(make)
    twins.check_in_place(make)


def test_a_models_pieces_are_its_fused_matrices() -> None:
    model = ours()
    assert len(model.pieces) == 2 * SMALL.n_layers
    named = dict(model.named_parameters())
    assert all(sum(rows) == len(named[name]) for name, rows in model.pieces.items())
