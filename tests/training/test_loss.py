"""The chunked loss against its plain formula in float64, gradients by autograd, and what must not change it."""

import pytest
import torch

from training import loss
from training.loss import IGNORE, cross_entropy, token_results

N, D, V = 50, 12, 37


@pytest.fixture(autouse=True)
def several_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss, "_CHUNK_BYTES", 16 * V * 8)


def inputs(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(N, D, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
    weight = torch.randn(V, D, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
    targets = torch.randint(V, (N,), generator=generator)
    targets[::7] = IGNORE
    return hidden, weight, targets


def plain(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, total: int, z: float) -> torch.Tensor:
    kept = targets != IGNORE
    logits = hidden[kept] @ weight.T
    log_sum = logits.logsumexp(1)
    nats = log_sum - logits[torch.arange(int(kept.sum())), targets[kept]]
    return (nats + z * log_sum.square()).sum() / total


@pytest.mark.parametrize("z", [0.0, 1e-6, 0.1])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_it_is_the_plain_formula(z: float, scale: float) -> None:
    hidden, weight, targets = inputs()
    value, parts = cross_entropy(hidden, weight, targets, 61, z_loss=z)
    (value * scale).backward()
    twin_hidden, twin_weight, _ = inputs()
    expected = plain(twin_hidden, twin_weight, targets, 61, z)
    (expected * scale).backward()

    for mine, other in ((value, expected), (hidden.grad, twin_hidden.grad), (weight.grad, twin_weight.grad)):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-12)
    assert parts.targets == int((targets != IGNORE).sum())
    torch.testing.assert_close((parts.cross_entropy + parts.z_loss) / 61, expected.detach(), rtol=1e-12, atol=0)
    assert not parts.cross_entropy.requires_grad


def test_masked_rows_change_nothing() -> None:
    hidden, weight, targets = inputs()
    value, _ = cross_entropy(hidden, weight, targets, 10)
    value.backward()
    assert (hidden.grad[targets == IGNORE] == 0).all()
    changed = torch.where((targets == IGNORE)[:, None], torch.full_like(hidden, torch.nan), hidden)
    assert torch.equal(cross_entropy(changed, weight, targets, 10)[0], value)


def test_micro_batches_add_up() -> None:
    hidden, weight, targets = inputs()
    total = int((targets != IGNORE).sum())
    whole, _ = cross_entropy(hidden, weight, targets, total)
    whole.backward()
    gradients = hidden.grad.clone(), weight.grad.clone()

    hidden.grad = weight.grad = None
    pieces = [cross_entropy(hidden[rows], weight, targets[rows], total)[0] for rows in (slice(0, 9), slice(9, N))]
    sum(pieces).backward()
    for mine, other in ((sum(pieces), whole), (hidden.grad, gradients[0]), (weight.grad, gradients[1])):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_nothing_to_predict_is_no_loss(dtype: torch.dtype) -> None:
    hidden, weight, targets = inputs(dtype)
    value, parts = cross_entropy(hidden, weight, torch.full_like(targets, IGNORE), 0)
    value.backward()
    assert (float(value.detach()), parts.targets, float(parts.cross_entropy)) == (0.0, 0, 0.0)
    assert (hidden.grad == 0).all()
    assert (weight.grad == 0).all()


@pytest.mark.parametrize("frozen", ["hidden", "weight"])
def test_a_frozen_side_gets_no_gradient(frozen: str) -> None:
    hidden, weight, targets = inputs()
    (hidden if frozen == "hidden" else weight).requires_grad_(False)
    cross_entropy(hidden, weight, targets, 10)[0].backward()
    assert (hidden.grad is None, weight.grad is None) == (frozen == "hidden", frozen == "weight")


def test_large_logits_do_not_overflow() -> None:
    hidden, weight, targets = inputs(torch.float32)
    value, _ = cross_entropy(hidden * 1e3, weight, targets, 10)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(weight.grad).all()


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.02)])
def test_lower_precision_is_close(precision: str, tolerance: float) -> None:
    hidden, weight, targets = inputs(torch.float32)
    value, _ = cross_entropy(hidden, weight, targets, 50, z_loss=0.01, precision=precision)  # type: ignore[arg-type]
    value.backward()
    exact_hidden, exact_weight, _ = inputs()
    expected = plain(exact_hidden, exact_weight, targets, 50, 0.01)
    expected.backward()
    assert (hidden.grad.dtype, weight.grad.dtype) == (torch.float32, torch.float32)
    for mine, other in ((value, expected), (hidden.grad, exact_hidden.grad), (weight.grad, exact_weight.grad)):
        assert (mine - other).norm() < tolerance * other.norm()


def test_token_results_are_those_that_are_summed() -> None:
    hidden, weight, targets = inputs()
    with torch.no_grad():
        targets[20:] = (hidden @ weight.T).argmax(1)[20:]
    losses, is_hit = token_results(hidden, weight, targets)
    assert torch.equal(is_hit, (hidden @ weight.T).argmax(1) == targets)
    assert 30 <= int(is_hit.sum()) < N
    logits = (hidden @ weight.T).detach()
    expected = torch.nn.functional.cross_entropy(logits, targets, ignore_index=IGNORE, reduction="none")
    torch.testing.assert_close(losses, expected, rtol=1e-12, atol=1e-12)
    assert not losses.requires_grad
    assert token_results(hidden[:0], weight, targets[:0])[0].shape == (0,)
