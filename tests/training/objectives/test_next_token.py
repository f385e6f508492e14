"""The next-token objective against Hugging Face's loss; micro-batches; the table of objectives."""

import pytest
import torch

from corpus.errors import UserError
from tests.training.models import ids, ours, theirs
from training import objectives
from training.batch import Batch
from training.objectives.next_token import NextToken


def batch() -> Batch:
    targets = torch.full_like(ids(), -100)
    targets[:, :-1] = ids()[:, 1:]
    positions = torch.arange(ids().shape[1]).expand_as(ids())
    return Batch(ids_BS=ids(), targets_BS=targets, positions_BS=positions, documents_BS=None)


def test_without_z_loss_it_is_hugging_faces_loss() -> None:
    model, objective = ours(), NextToken(z_loss=0.0)
    n = objective.count(batch())
    assert n == 3 * 36
    value, parts = objective(model, batch(), n)
    expected = theirs(model)(ids(), labels=ids()).loss.detach()
    assert float(value.detach()) == pytest.approx(float(expected), rel=1e-6)  # Hugging Face's loss is float32
    assert float(parts["cross_entropy"]) == pytest.approx(float(expected) * n, rel=1e-6)
    assert float(parts["z_loss"]) == 0


def test_micro_batches_add_up() -> None:
    model, objective, whole = ours(), NextToken(), batch()
    total = objective.count(whole)
    expected, _ = objective(model, whole, total)
    value = sum(
        objective(
            model,
            Batch(
                ids_BS=whole.ids_BS[rows],
                targets_BS=whole.targets_BS[rows],
                positions_BS=whole.positions_BS[rows],
                documents_BS=None,
            ),
            total,
        )[0]
        for rows in (slice(0, 1), slice(1, 3))
    )
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)


def test_every_name_leads_to_an_objective() -> None:
    for name in objectives.OBJECTIVES:
        assert callable(objectives.load(name)().count)
    with pytest.raises(UserError, match="unknown objective 'next_tokens'; did you mean 'next_token'"):
        objectives.load("next_tokens")
