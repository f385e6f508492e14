"""Soft-Top-K against its equations (paper, section 13) and its published iteration; masks; and the cut."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from tests.training.models import SMALL, ids, ours
from training import pruning
from training.model import Transformer
from training.pruning import Masks, cut, soft_top_k
from training.weights import load_state_dict, to_state_dict


def published(s: torch.Tensor, k: float, epsilon: float, iterations: int) -> torch.Tensor:
    """The published iteration: a makes the sum right, then b ≤ 0 takes away what is above 1; ε falls from 4 by 0.7."""
    b, a, eps = -s, torch.zeros_like(s[..., :1]), 4.0
    for _ in range(iterations):
        a = eps * (math.log(k) - ((s + b) / eps).logsumexp(-1, keepdim=True))
        b = -(s + a).relu()
        used, eps = eps, max(0.7 * eps, epsilon)
    return ((s + a + b) / used).exp()


def scores(n: int = 64, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(-30, 30), min_size=1, max_size=30),
    st.floats(0.01, 1.0),
    st.floats(0.02, 4.0),
)
def test_it_solves_the_problem(numbers: list[int], share: float, epsilon: float) -> None:
    s = torch.tensor(numbers, dtype=torch.float64) / 10
    k = max(share * len(numbers), 0.01)
    mask = soft_top_k(s, k, epsilon)
    assert float(mask.sum()) == pytest.approx(k, rel=1e-9)
    assert bool(((mask >= 0) & (mask <= 1 + 1e-12)).all())
    order = s.argsort()
    assert bool((mask[order].diff() >= -1e-12).all()), "not monotone in the scores"
    # All units below 1 have the same price: s - ε (log λ + 1) is one number, and no unit at 1 has a lower one.
    price = s - epsilon * mask.log()
    free = price[mask < 1 - 1e-9]
    if len(free) and not free.isinf().any():
        assert float(free.max() - free.min()) < 1e-6
        assert bool((price[mask >= 1 - 1e-9] >= free.max() - 1e-6).all())


def test_the_published_iteration_comes_to_the_same_mask() -> None:
    s, due = scores(), soft_top_k(scores(), 16, 0.05)
    drawn = torch.stack([scores(seed=seed) for seed in range(50)])
    sums = [float(published(drawn, 16, 0.05, n).sum(1).mean()) for n in (20, 50, 200)]
    assert sums == pytest.approx([13.1, 15.3, 16.0], abs=0.5), "as the specification has computed it, for one draw"
    short = [16 - float(published(s, 16, 0.05, n).sum()) for n in (20, 50, 200, 2000)]
    assert short == sorted(short, reverse=True)
    assert short[-1] == pytest.approx(0, abs=1e-3)
    torch.testing.assert_close(published(s, 16, 0.05, 5000), due, rtol=1e-5, atol=1e-8)
    top = published(s, 16, 0.05, 20).argsort(descending=True)[:16]
    assert set(top.tolist()) == set(s.argsort(descending=True)[:16].tolist())


def test_a_small_epsilon_gives_the_hard_mask_and_all_units_give_ones() -> None:
    s = scores()
    hard = torch.zeros_like(s)
    hard[s.argsort(descending=True)[:16]] = 1
    torch.testing.assert_close(soft_top_k(s, 16, 1e-4), hard, rtol=0, atol=1e-6)
    assert torch.equal(soft_top_k(s, 64, 0.3), torch.ones_like(s))
    torch.testing.assert_close(published(s, 64, 0.3, 3000), torch.ones_like(s), rtol=0, atol=1e-3)


def test_equal_scores_share_alike() -> None:
    torch.testing.assert_close(soft_top_k(torch.zeros(2, 8), 2.0, 0.1), torch.full((2, 8), 0.25))


def test_gradients_are_those_of_differences() -> None:
    s = scores(12).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: soft_top_k(x, 4.5, 0.4), (s,))


def test_rows_are_masks_of_their_own() -> None:
    s = torch.stack([scores(seed=1), scores(seed=2)])
    for row in (0, 1):
        torch.testing.assert_close(soft_top_k(s, 10, 0.1)[row], soft_top_k(s[row], 10, 0.1))


def masked(is_hard: bool = False, units: int = 24) -> Transformer:
    model = ours()
    model.masks = Masks(SMALL, units, epsilon=0.1, gain=2.0).double()
    with torch.no_grad():
        model.masks.scores.copy_(scores(len(model.masks.scores)))
    model.masks.k, model.masks.is_hard = float(units), is_hard
    return model


def test_a_run_begins_with_the_model_as_it_was_and_ends_with_a_hard_mask() -> None:
    model, masks = masked(), Masks(SMALL, 24, epsilon=0.1, gain=1.0)
    model.masks = None
    due = model(ids())
    model.masks = masks.double()
    torch.testing.assert_close(model(ids()), due, rtol=1e-12, atol=1e-12)

    k, hard = [], []
    for step in range(1, 101):
        masks.at(step, 100)
        k.append(masks.k)
        hard.append(masks.is_hard)
    assert k[0] == pytest.approx(64 - 40 * 0.05)
    assert k == sorted(k, reverse=True)
    assert k[19:] == [24.0] * 81
    assert hard == [False] * 50 + [True] * 50


def test_scores_begin_with_the_sizes_of_a_units_weights() -> None:
    model, masks = ours(), Masks(SMALL, 24, epsilon=0.1, gain=2.0).double()
    with torch.no_grad():
        block = list(model.layers())[1]
        gate, up = block.gate_up.chunk(2)
        for unit in (3, 50):
            up[unit] *= 10
        block.down[:, 7] *= 100
        gate[9] *= 0.01
    masks.begin(pruning.importance(to_state_dict(model), 2).double())
    scores_LF = masks.scores.detach().view(2, 64) * 2.0
    assert scores_LF[1].argsort(descending=True)[:3].tolist()[0] == 7
    assert set(scores_LF[1].argsort(descending=True)[:3].tolist()) == {3, 7, 50}
    assert int(scores_LF[1].argmin()) == 9
    torch.testing.assert_close(scores_LF.std(1), torch.full((2,), 0.5, dtype=torch.float64))
    masks.begin(torch.zeros(2, 64, dtype=torch.float64))
    assert not masks.scores.any()


def test_every_score_gets_its_gradient_while_the_mask_is_soft() -> None:
    model = masked()
    model(ids()).square().mean().backward()
    grad = model.masks.scores.grad
    assert grad is not None
    mask = model.masks().flatten()
    assert bool((grad[mask == 1] == 0).all()), "a unit that is wholly there has no price"
    assert bool((grad[mask < 1] != 0).all())
    again, step = masked(), 1e-6  # by a difference
    i = int(grad.abs().argmax())
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            again.masks.scores[i] = model.masks.scores[i] + sign * step
        values.append(float(again(ids()).square().mean().detach()))
    assert float(grad[i]) == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4)


def test_checkpointed_activations_change_nothing() -> None:
    found = []
    for is_on in (False, True):
        model = masked()
        model.checkpoint_activations = is_on
        model(ids()).square().mean().backward()
        found.append((model.masks.scores.grad, model.embedding.grad))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-16)


def test_the_cut_model_computes_what_the_masked_one_does() -> None:
    model = masked(is_hard=True)
    small = Transformer(replace(SMALL, d_ffn=24)).double()
    weights = cut(to_state_dict(model), model.masks.kept())
    load_state_dict(small, weights)
    torch.testing.assert_close(small(ids()), model(ids()), rtol=1e-10, atol=1e-12)
    assert pruning.SCORES not in weights
    assert small.shape.parameters == SMALL.parameters - 2 * 3 * 48 * 40
    for row, kept in enumerate(model.masks.kept()):
        own = model.masks.scores.view(2, 64)[row]
        assert set(kept.tolist()) == set(own.argsort(descending=True)[:24].tolist())


def test_a_checkpoint_of_a_pruned_model_is_a_plain_one(tmp_path: Path, mixed: object) -> None:
    from corpus.tokenizer import stages as tokenizer_stages
    from corpus.tokenizer import steps as tokenizer_steps
    from training import checkpoints

    tokenizer = tokenizer_steps.folder(mixed, tokenizer_stages.current(mixed))  # type: ignore[arg-type]
    model = masked(is_hard=True).float()
    checkpoints.export(tmp_path, model, str(tokenizer), 64)
    read = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert read.config.intermediate_size == 24
    due = model(ids()) @ model.output_weight.T
    torch.testing.assert_close(read(ids()).logits, due, rtol=1e-3, atol=1e-4)
