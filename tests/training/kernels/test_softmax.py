"""Softmax within a document, its gradient, and rows of the loss, one row at a time in plain Python."""

import math

import numpy as np
import pytest
import torch

from tests.training.kernels.comparing import TOLERANCE, assert_near
from training.kernels import arrays, softmax


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_query_shares_itself_among_what_it_sees(dtype: torch.dtype) -> None:
    n_rows, n_kv_heads, n_shared, first_query, first_key, n_queries = 2, 2, 3, 4, 2, 20
    scores = (4 * torch.randn(n_rows * n_kv_heads, n_queries * n_shared, 22)).to(dtype)
    starts = torch.tensor([[2] * 24, [2] * 5 + [5] * 19], dtype=torch.int32)
    expected = torch.zeros(scores.shape, dtype=torch.float64)
    for a in range(len(scores)):
        for q in range(n_queries * n_shared):
            position = first_query + q // n_shared
            begin, end = int(starts[a // n_kv_heads, position]) - first_key, position + 1 - first_key
            exps = [math.exp(float(x)) for x in scores[a, q, begin:end]]
            expected[a, q, begin:end] = torch.tensor([x / sum(exps) for x in exps], dtype=torch.float64)
    softmax.masked_softmax(*arrays(scores, starts), n_kv_heads, n_shared, first_query, first_key)
    assert_near(scores, expected, TOLERANCE[dtype])
    assert torch.equal(scores == 0, expected == 0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_gradient_is_autograds(dtype: torch.dtype) -> None:
    scores = torch.randn(3, 5, 17, dtype=torch.float64, requires_grad=True)
    shares, grad = scores.softmax(-1), torch.randn(3, 5, 17).to(dtype)
    shares.backward(grad.double())
    softmax.softmax_backward(*arrays(shares.detach().to(dtype), grad))
    assert_near(grad, scores.grad, 2 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("n_words", [5, 16, 37])
@pytest.mark.parametrize("is_trained", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.9, 1.0])
def test_a_row_of_the_loss_is_its_formula(dtype: torch.dtype, n_words: int, is_trained: bool, share: float) -> None:
    scale, z = 0.25, 0.1
    logits, targets = (3 * torch.randn(4, n_words)).to(dtype), torch.tensor([0, 1, n_words - 1, 2])
    others = torch.tensor([0, 2, 3, 2])  # of the teacher: two are the targets themselves
    before, parts = logits.clone(), torch.empty(3, 4)
    numbers = map(np.float32, (share, scale, z))
    softmax.loss_rows(*arrays(logits), targets.numpy(), others.numpy(), *numbers, is_trained, *arrays(parts))
    for row, (target, other) in enumerate(zip(targets.tolist(), others.tolist(), strict=True)):
        exps = [math.exp(float(x)) for x in before[row]]
        log_sum = math.log(sum(exps))
        nats, z_part, taught = parts[:, row].tolist()
        assert nats == pytest.approx(log_sum - float(before[row, target]), rel=1e-5, abs=1e-5)
        assert z_part == pytest.approx(z * log_sum**2, rel=1e-5, abs=1e-6)
        assert taught == pytest.approx(log_sum - float(before[row, other]), rel=1e-5, abs=1e-5)
        aims = [(1 - share) * (v == target) + share * (v == other) for v in range(n_words)]
        due = [scale * ((1 + 2 * z * log_sum) * x / sum(exps) - aim) for x, aim in zip(exps, aims, strict=True)]
        if is_trained:
            assert_near(logits[row], torch.tensor(due), TOLERANCE[dtype])
        else:
            assert torch.equal(logits, before)


def test_nan_stays_nan() -> None:
    logits, parts, targets = torch.randn(2, 20), torch.empty(3, 2), np.zeros(2, np.int64)
    logits[0, 3] = math.nan
    softmax.loss_rows(
        *arrays(logits), targets, targets, np.float32(0), np.float32(1), np.float32(0), True, *arrays(parts)
    )
    assert parts[0].isnan().tolist() == [True, False]
    assert logits.isnan().any(1).tolist() == [True, False]
