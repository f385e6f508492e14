"""The divergence from a teacher against PyTorch's, with gradients by autograd in float64."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from tests.training.models import SMALL, ours
from tests.training.objectives.test_distill import TOTAL, batch, gradients, logits
from training.loss import IGNORE
from training.objectives.divergence import Divergence
from training.teacher import Teacher


def teacher() -> Teacher:
    """A wider model, in float64."""
    made = object.__new__(Teacher)
    made.model = ours(replace(SMALL, d_model=64, d_ffn=96)).requires_grad_(False)
    return made


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_it_is_the_formula(share: float) -> None:
    model, one, taught_by = ours(), batch(), teacher()
    value, parts = Divergence(share=share, z_loss=1e-3, teacher=taught_by)(model, one, TOTAL)
    value.backward()
    mine = gradients(model)
    model.zero_grad()

    kept = one.targets_BS != IGNORE
    of_model = logits(model, one)[kept]
    of_teacher = logits(taught_by.model, one)[kept].log_softmax(-1)
    kl = functional.kl_div(of_model.log_softmax(-1), of_teacher, reduction="sum", log_target=True)
    label = functional.cross_entropy(of_model, one.targets_BS[kept], reduction="sum")
    z = of_model.logsumexp(-1).square().sum() * 1e-3
    due = (share * kl + (1 - share) * label + z) / TOTAL
    due.backward()
    torch.testing.assert_close(value, due, rtol=1e-10, atol=0)
    for a, b in zip(mine, gradients(model), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-12)
    torch.testing.assert_close(parts["teacher"], kl.detach(), rtol=1e-9, atol=0)


def test_a_model_does_not_diverge_from_itself() -> None:
    model, itself = ours(), teacher()
    itself.model = ours().requires_grad_(False)
    value, parts = Divergence(share=1.0, z_loss=0.0, teacher=itself)(model, batch(), TOTAL)
    value.backward()
    assert abs(float(value.detach())) < 1e-12
    assert abs(float(parts["teacher"])) < 1e-10
    assert max(float(one.abs().max()) for one in gradients(model)) < 1e-12
