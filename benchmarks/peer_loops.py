"""Training loops of peers, on one batch of token ids (B, S + 1), for the area `training`."""

import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, ClassVar


def _reference(shape: Any, n_positions: int) -> Any:
    """Hugging Face's model with the first values of ours."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    from training.model import Transformer
    from training.weights import initialize, to_state_dict

    model = Transformer(shape)
    initialize(model, seed=0)
    reference = Qwen3ForCausalLM(Qwen3Config(**shape.to_config(max_position_embeddings=n_positions)))
    reference.load_state_dict(to_state_dict(model), strict=False)
    return reference


def plain(shape: Any, ids: Any) -> Callable[[], float]:
    """A step of the loop that most would write."""
    import torch

    model = _reference(shape, ids.shape[1] - 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=1e-4, fused=True)

    def step() -> float:
        inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
        loss = model(inputs, labels=inputs, shift_labels=targets).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return float(loss.detach())

    return step


def trainer(shape: Any, ids: Any, repeats: int) -> float | None:
    """Seconds of the best step of Hugging Face's Trainer, without saving, logging or evaluating; None without it."""
    if find_spec("accelerate") is None:
        return None
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Clock(TrainerCallback):  # type: ignore[misc]
        seconds: ClassVar[list[float]] = []

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.started = time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.seconds.append(time.perf_counter() - self.started)

    rows = [{"input_ids": row, "labels": row} for _ in range(repeats + 1) for row in ids[:, :-1]]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, per_device_train_batch_size=len(ids), max_steps=repeats + 1, save_strategy="no",
            report_to=[], use_cpu=True, logging_strategy="no", disable_tqdm=True,
        )  # fmt: skip
        model = _reference(shape, ids.shape[1] - 1)
        Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[Clock()]).train()
    return min(Clock.seconds[1:])


def litgpt(shape: Any, ids: Any, repeats: int) -> float | None:
    """Seconds of the best step of litgpt's pre-training loop, with its model and loss; None without it.

    Source: `fit` of litgpt/pretrain.py, without Lightning's Fabric around it, which only adds to it. Install it with
    `pip install --no-deps litgpt lightning lightning-utilities torchmetrics pytorch-lightning`.
    """
    if find_spec("litgpt") is None or find_spec("lightning") is None:
        return None
    import torch
    from litgpt.config import Config
    from litgpt.model import GPT
    from litgpt.utils import chunked_cross_entropy

    of_qwen3 = shape.to_config(max_position_embeddings=ids.shape[1] - 1)
    model = GPT(
        Config(
            block_size=ids.shape[1] - 1, vocab_size=shape.vocab_size, padded_vocab_size=shape.vocab_size,
            n_layer=shape.n_layers, n_head=shape.n_heads, n_embd=shape.d_model, head_size=shape.head_dim,
            n_query_groups=of_qwen3["num_key_value_heads"], intermediate_size=shape.d_ffn, rotary_percentage=1.0,
            parallel_residual=False, bias=False, norm_class_name="RMSNorm", mlp_class_name="LLaMAMLP", norm_qk=True,
        )
    )  # fmt: skip
    model.transformer.wte.weight = model.lm_head.weight
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=1e-4, fused=True)
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        loss = chunked_cross_entropy(model(inputs), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:])
