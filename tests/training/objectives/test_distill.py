"""Distillation with a teacher's likeliest tokens against its formula (paper, section 13), by autograd in float64."""

from dataclasses import replace

import pytest
import torch

from tests.training.models import SMALL, ids, ours
from training import kernels
from training.batch import Batch
from training.loss import IGNORE
from training.model import Transformer
from training.objectives.distill import Distill
from training.objectives.next_token import NextToken
from training.weights import initialize

TOTAL = 40


def batch(teacher: torch.Tensor | None = None) -> Batch:
    targets = torch.full_like(ids(), IGNORE)
    targets[:, :-1] = ids()[:, 1:]
    targets[1, :9] = IGNORE
    positions = torch.arange(ids().shape[1]).expand_as(ids())
    return Batch(
        ids_BS=ids(), targets_BS=targets, positions_BS=positions, documents_BS=None, teacher_BS=teacher
    )  # fmt: skip


def others() -> torch.Tensor:
    """A teacher's tokens: those of the text at a third of the places."""
    drawn = torch.randint(SMALL.vocab_size, ids().shape, generator=torch.Generator().manual_seed(5))
    return torch.where(torch.arange(ids().numel()).view_as(ids()) % 3 == 0, batch().targets_BS.clamp(min=0), drawn)


def logits(model: Transformer, one: Batch) -> torch.Tensor:
    return model(one.ids_BS, one.positions_BS, one.documents_BS) @ model.output_weight.T


def gradients(model: Transformer) -> list[torch.Tensor]:
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("share", [0.0, 0.9, 1.0])
def test_it_is_the_formula(share: float) -> None:
    model, one = ours(), batch(others())
    value, parts = Distill(share=share, z_loss=1e-3)(model, one, TOTAL)
    value.backward()
    mine = gradients(model)
    model.zero_grad()

    kept = one.targets_BS != IGNORE
    log_p = logits(model, one).log_softmax(-1)[kept]
    z = logits(model, one).logsumexp(-1)[kept].square().sum() * 1e-3
    label = -log_p.gather(1, one.targets_BS[kept][:, None]).sum()
    taught = -log_p.gather(1, others()[kept][:, None]).sum()
    aim = share * taught + (1 - share) * label
    due = (aim + z) / TOTAL
    due.backward()
    torch.testing.assert_close(value, due, rtol=1e-10, atol=0)
    for a, b in zip(mine, gradients(model), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-12)
    torch.testing.assert_close(
        torch.stack(list(parts.values())), torch.stack([label, taught, aim, z]).detach(), rtol=1e-9, atol=0
    )


def test_a_teacher_that_says_the_label_changes_nothing() -> None:
    model = ours()
    plain, _ = NextToken()(model, batch(), TOTAL)
    plain.backward()
    due = gradients(model)
    model.zero_grad()
    value, _ = Distill()(model, batch(batch().targets_BS.clamp(min=0)), TOTAL)
    value.backward()
    torch.testing.assert_close(value, plain, rtol=1e-12, atol=0)
    for a, b in zip(gradients(model), due, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_kernels_and_their_twin_agree(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values, found = [], []
    for is_on in (True, False):
        monkeypatch.setattr(kernels, "_is_on", is_on)
        model = ours(dtype=torch.float32, precision=precision)
        value, _ = Distill()(model, batch(others()), TOTAL)
        value.backward()
        values.append(value.detach())
        found.append(model.embedding.grad)
    tolerance = 1e-4 if precision == "float32" else 3e-2
    torch.testing.assert_close(values[0], values[1], rtol=tolerance, atol=0)
    torch.testing.assert_close(found[0], found[1], rtol=tolerance, atol=tolerance * float(found[1].abs().max()))


def test_micro_batches_add_up() -> None:
    model, whole = ours(), batch(others())
    value, _ = Distill()(model, whole, TOTAL)
    pieces = [
        replace(
            whole,
            **{name: getattr(whole, name)[rows] for name in ("ids_BS", "targets_BS", "positions_BS", "teacher_BS")},
        )
        for rows in (slice(0, 1), slice(1, 3))
    ]
    assert sum(map(Distill().count, pieces)) == Distill().count(whole)
    torch.testing.assert_close(sum(Distill()(model, one, TOTAL)[0] for one in pieces), value, rtol=1e-12, atol=0)


def test_a_student_learns_what_its_teacher_says() -> None:
    model = Transformer(replace(SMALL, n_layers=1))
    initialize(model, 1)
    one, optimizer = batch(others()), torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        optimizer.zero_grad()
        value, _ = Distill()(model, one, TOTAL)
        value.backward()
        optimizer.step()
    kept = one.targets_BS != IGNORE
    said = logits(model, one).argmax(-1)
    assert float((said == others())[kept].double().mean()) > 0.95
