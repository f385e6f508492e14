"""A lake with two tiny runs, the second one after the first."""

import json
from pathlib import Path

from corpus.lake import Lake
from pomona import making
from training.settings import Run
from training.shape import Shape

SHAPE = Shape(d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, head_dim=8, d_ffn=42, vocab_size=560)


def start(folder: Path) -> Path:
    """A tiny model in Hugging Face's format, to start runs from: no size by name is as small."""
    import torch
    from safetensors.torch import save_file

    from training.model import Transformer
    from training.shape import CONFIG
    from training.weights import initialize, to_state_dict

    folder.mkdir()
    model = Transformer(SHAPE)
    initialize(model, 1)
    save_file(to_state_dict(model), folder / "model.safetensors")
    (folder / CONFIG).write_text(json.dumps(SHAPE.to_config(max_position_embeddings=64)))
    assert torch.is_grad_enabled()
    return folder


def settings(name: str, **fields: object) -> Run:
    """Settings of a run of some steps of 8 sequences of 32 tokens."""
    plain = {
        "mixture": "all", "sequence_length": 32, "batch_tokens": 256, "tokens": 10 * 256, "evaluations": 2,
        "evaluation_tokens": 100, "precision": "float32",
    }  # fmt: skip
    return Run.model_validate({"name": name} | plain | fields)


def train(lake: Lake, run: Run) -> str:
    """Trains, and returns what the last stage did: ran, or current."""
    return list(making.run(lake, run, workers=1))[-1].state
