"""Sizes against the paper, against Hugging Face's own model, and against a count of FLOPs by hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import UserError
from training import shape
from training.shape import Shape, from_config, named


def test_afm_on_device_has_the_papers_parameters() -> None:
    afm = named("afm_on_device", 49_152)
    assert (afm.d_model, afm.n_layers, afm.n_heads, afm.n_kv_heads, afm.head_dim) == (3072, 26, 24, 8, 128)
    assert afm.d_ffn == 8064
    assert afm.parameters == 2_586_744_320
    assert afm.embedding_parameters == 150_994_944
    assert afm.cache_bytes_per_token() == 106_496


@pytest.mark.parametrize("name", [name for name in shape.NAMES if name != "afm_on_device"])
def test_a_name_is_the_number_of_parameters(name: str) -> None:
    due = float(name[:-1]) * {"M": 1e6, "B": 1e9}[name[-1]]
    this = named(name, 8192)
    assert this.parameters == pytest.approx(due, rel=0.1)
    assert this.d_ffn * 8 == 21 * this.d_model
    assert this.n_heads * this.head_dim == this.d_model
    assert this.n_heads / this.n_kv_heads in (3, 4)


def test_flops_are_those_of_a_count_by_hand() -> None:
    this = Shape(d_model=8, n_layers=2, n_heads=4, n_kv_heads=2, head_dim=2, d_ffn=12, vocab_size=10)
    length, forward = 5, 0
    for position in range(length):
        for _ in range(this.n_layers):
            forward += 2 * 8 * (8 + 4 + 4) + 2 * 8 * 8 + 3 * 2 * 8 * 12  # q, k, v; output; gate, up, down
            forward += 4 * (2 * 2 + 2 * 2) * (position + 1)  # each query head: keys and values up to here
        forward += 2 * 8 * 10
    assert this.flops_per_token(length) * length == 3 * forward


def test_memory_is_sixteen_bytes_for_a_weight() -> None:
    this = named("1M", 1000)
    n = this.parameters + this.embedding_parameters
    assert this.memory().total == 16 * n
    assert this.memory(moments=1).optimizer == 4 * n


def test_a_configuration_and_back(tmp_path: Path) -> None:
    this = named("12M", 512)
    config = this.to_config(max_position_embeddings=2048, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    assert from_config(config) == this
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert shape.read(tmp_path) == this


def test_transformers_reads_the_configuration() -> None:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    this = named("1M", 300)
    config = Qwen3Config(**this.to_config(max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0))
    assert (config.rope_parameters["rope_theta"], config.rms_norm_eps) == (500_000.0, 1e-5)
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (1, 2, 0)
    n = sum(p.numel() for p in Qwen3ForCausalLM(config).parameters())
    assert n == this.parameters + this.embedding_parameters
    assert from_config(config.to_dict()) == this


def test_the_older_form_of_rope_is_read() -> None:
    config = named("1M", 300).to_config(max_position_embeddings=64)
    del config["rope_parameters"]
    assert from_config({**config, "rope_theta": 1e6, "rope_scaling": None}).rope_base == 1e6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "llama"}, "model_type is 'llama'; only 'qwen3' can be trained"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings is False"),
        ({"attention_bias": True}, "attention_bias is True"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1.0}}, "rope_type is 'yarn'"),
        ({"num_key_value_heads": 3}, "n_heads 4 is not a multiple of n_kv_heads 3"),
        ({"head_dim": 31}, "head_dim 31 is odd"),
        ({"vocab_size": 0}, "vocab_size is 0; it must be above 0"),
    ],
)
def test_what_cannot_be_trained_is_refused(change: dict[str, object], words: str) -> None:
    config = named("1M", 300).to_config(max_position_embeddings=64)
    with pytest.raises(UserError, match=words):
        from_config(config | change)


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown model size '26m'; did you mean '26M'\? Allowed: 1M, 3M, 6M"):
        named("26m", 100)
    with pytest.raises(UserError, match=r"config.json: no configuration of a model: no such file"):
        shape.read(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(UserError, match="it must be a JSON object"):
        shape.read(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="no configuration of a model"):
        shape.read(tmp_path)
    with pytest.raises(UserError, match="'hidden_size' is missing"):
        from_config({"model_type": "qwen3", "tie_word_embeddings": True})


def test_shapes_need_no_torch() -> None:
    code = "import sys, training.shape; assert not {'torch', 'transformers', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hidden_size": 16.5}, "d_model is 16.5; it must be a whole number"),
        ({"hidden_size": "16"}, "d_model is '16'"),
        ({"num_hidden_layers": None}, "n_layers is none"),
        ({"rope_parameters": {"rope_theta": None}}, "no configuration of a Qwen3 model"),
        ({"rope_parameters": [1]}, "rope_parameters is"),
        ({"rope_parameters": {"type": "yarn", "rope_theta": 1e4}}, "rope_type is 'yarn'"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "layer_types is 'sliding_attention'"),
    ],
)
def test_a_configuration_is_not_trusted(change: dict[str, object], words: str) -> None:
    config = named("1M", 560).to_config(max_position_embeddings=8) | change
    with pytest.raises(UserError, match=words):
        from_config(config)
