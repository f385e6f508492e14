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
def test_a_row_of_the_loss_is_its_formula(dtype: torch.dtype, n_words: int, is_trained: bool) -> None:
    scale, z = 0.25, 0.1
    logits, targets = (3 * torch.randn(4, n_words)).to(dtype), torch.tensor([0, 1, n_words - 1, 2])
    before, nats, z_part = logits.clone(), torch.empty(4), torch.empty(4)
    n, zs = arrays(nats, z_part)
    softmax.loss_rows(*arrays(logits), targets.numpy(), np.float32(scale), np.float32(z), is_trained, n, zs)
    for row, target in enumerate(targets.tolist()):
        exps = [math.exp(float(x)) for x in before[row]]
        log_sum = math.log(sum(exps))
        assert float(nats[row]) == pytest.approx(log_sum - float(before[row, target]), rel=1e-5, abs=1e-5)
        assert float(z_part[row]) == pytest.approx(z * log_sum**2, rel=1e-5, abs=1e-6)
        due = [scale * ((1 + 2 * z * log_sum) * x / sum(exps) - (v == target)) for v, x in enumerate(exps)]
        if is_trained:
            assert_near(logits[row], torch.tensor(due), TOLERANCE[dtype])
        else:
            assert torch.equal(logits, before)


def test_nan_stays_nan() -> None:
    logits, nats, z_part = torch.randn(2, 20), torch.empty(2), torch.empty(2)
    logits[0, 3] = math.nan
    n, zs = arrays(nats, z_part)
    softmax.loss_rows(*arrays(logits), np.zeros(2, np.int64), np.float32(1), np.float32(0), True, n, zs)
    assert nats.isnan().tolist() == [True, False]
    assert logits.isnan().any(1).tolist() == [True, False]
