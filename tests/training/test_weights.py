"""Weights: first values, a round trip through Hugging Face, and checkpoints of another shape."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from corpus.errors import UserError
from tests.training.models import SMALL, ids, ours, theirs
from training.model import Transformer
from training.shape import named
from training.weights import initialize, load_state_dict, to_state_dict


def test_first_values_have_the_papers_spread() -> None:
    model = Transformer(named("1M", 2000))
    initialize(model, seed=0)
    for name, weight in to_state_dict(model).items():
        if weight.ndim == 1:
            assert (weight == 1).all(), name
        else:
            assert float(weight.std()) == pytest.approx(weight.shape[1] ** -0.5, rel=0.05), name
            assert abs(float(weight.mean())) < 0.03 * weight.shape[1] ** -0.5, name


def test_first_values_follow_seed_and_name() -> None:
    model, again, other = Transformer(SMALL), Transformer(SMALL), Transformer(replace(SMALL, n_layers=1))
    initialize(model, seed=1)
    initialize(again, seed=1)
    initialize(other, seed=1)
    first, second, fewer = to_state_dict(model), to_state_dict(again), to_state_dict(other)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(torch.equal(first[name], fewer[name]) for name in fewer)

    matrices = [name for name, weight in first.items() if weight.ndim == 2]
    initialize(again, seed=2)
    assert not any(torch.equal(first[name], to_state_dict(again)[name]) for name in matrices)
    heads = {float(first[name].flatten()[0]) for name in matrices}
    assert len(heads) == len(matrices)


def test_files_go_to_hugging_face_and_back(tmp_path: Path) -> None:
    model = ours(dtype=torch.float32)
    theirs(model).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    assert weights.keys() == to_state_dict(model).keys()

    back = Transformer(SMALL)
    load_state_dict(back, weights)
    assert torch.equal(back(ids()), model(ids()))
    save_file(to_state_dict(back), tmp_path / "again.safetensors")
    assert load_file(tmp_path / "again.safetensors").keys() == weights.keys()


def test_a_state_dict_is_a_copy() -> None:
    model = ours()
    weights = to_state_dict(model)
    weights["model.norm.weight"].zero_()
    assert model.final_norm.abs().sum() > 0


def test_the_output_matrix_may_be_written_twice() -> None:
    model, back = ours(), Transformer(SMALL).double()
    weights = to_state_dict(model)
    load_state_dict(back, weights | {"lm_head.weight": weights["model.embed_tokens.weight"]})
    assert torch.equal(back.embedding, model.embedding)
    with pytest.raises(UserError, match=r"lm_head.weight differs from the embedding; only tied"):
        load_state_dict(back, weights | {"lm_head.weight": torch.zeros(101, 48)})


def test_another_shape_is_one_line_and_changes_nothing() -> None:
    model = ours()
    before = to_state_dict(model)
    deeper = to_state_dict(ours(replace(SMALL, n_layers=3)))
    shallower = to_state_dict(ours(replace(SMALL, n_layers=1)))
    wider = to_state_dict(ours(replace(SMALL, d_ffn=80)))
    for weights, words in (
        (deeper, r"x: another shape: it has, but the model lacks, 11 tensors, such as model.layers.2"),
        (shallower, r"x: another shape: it lacks 11 tensors, such as model.layers.1"),
        (wider, r"x: another shape: model.layers.0.mlp.gate_proj.weight is \(80, 48\), but the model has \(64, 48\)"),
    ):
        with pytest.raises(UserError, match=words) as raised:
            load_state_dict(model, weights, "x")
        assert "\n" not in str(raised.value)
    assert all(torch.equal(before[name], weight) for name, weight in to_state_dict(model).items())
