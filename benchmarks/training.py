"""Whole training steps on the CPU: forward, loss, backward, clipping and optimizer, beside Hugging Face's model.

Peers (`peer_loops`) are a plain loop over `transformers.Qwen3ForCausalLM` with its own loss and `torch.optim.AdamW`,
and, where they are installed, `transformers.Trainer` and the loop of litgpt. All have the same shape, data, and number of threads. Sides take turns
in one process, and the best of several steps counts. Freed memory is kept (training.memory) for all of them, which
makes the peers faster than they are by themselves.

A step can be no faster than its matrix products. So the rate of a step, with FLOPs as `Shape.flops_per_token` counts
them, is set beside the rate of one large product, and of the model's own products alone.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import peer_loops
from benchmarks.claims import Claim, Rows, best, claim, named

_ROWS, _POSITIONS = 8, 512  # of a batch
_REPEATS = 5  # steps of each side; the best counts
_CASES = (("6M", 8_192), ("6M", 49_152), ("26M", 8_192), ("26M", 49_152))
_TARGETS = {"float32": {8_192: 1.5, 49_152: 2.0}, "bfloat16": {8_192: 3.0, 49_152: 3.0}}
_RATE = 0.6  # least share of the rate of a large product
Step = Callable[[], float]


def run(_: Path | None) -> Iterator[Claim | Rows]:
    """Tokens per second, share of the machine's rate, memory of the loss, agreement of losses, optimizers."""
    from training import memory

    memory.keep_freed()
    large = {precision: _rate_of_product((2048, 2048, 2048), precision) for precision in _TARGETS}
    rates: list[tuple[Any, ...]] = []
    for size, vocab in _CASES:
        yield from _steps(size, vocab, large, rates)
    header = ("model", "precision", "step", "its products alone", "2048³", "share of its products", "share of 2048³")
    yield Rows("Rate of training steps, GFLOP/s", header, rates)

    yield from _other_loops()
    yield _loss_memory()
    yield from _agreement()
    yield from _optimizers()


def _steps(size: str, vocab: int, large: dict[str, float], rates: list[tuple[Any, ...]]) -> Iterator[Claim]:
    """A model against the plain loop, in both precisions."""
    from training import shape

    this = shape.named(size, vocab)
    ids = _ids(vocab, 0)
    sides: dict[str, Step] = {precision: _ours(this, ids, precision) for precision in _TARGETS}
    sides["plain"] = peer_loops.plain(this, ids)
    seconds = _alternate(sides)

    n_tokens, name = _ROWS * _POSITIONS, f"{size}_{vocab // 1000}k"
    flops = this.flops_per_token(_POSITIONS) * n_tokens
    for precision, targets in _TARGETS.items():
        ours, plain = n_tokens / seconds[precision], n_tokens / seconds["plain"]
        note = f"vocabulary {vocab:,}, {_ROWS} rows of {_POSITIONS} tokens, AdamW, {precision}; the peer is float32"
        yield claim(f"training.{precision}_{name}", ours, plain, f"plain loop, {named('transformers')}", "tokens/s",
                    targets[vocab], note)  # fmt: skip

        rate, alone = flops / seconds[precision] / 1e9, _rate_of_model(this, precision)
        yield claim(f"training.rate_{precision}_{name}", rate, large[precision], "one product, 2048³", "GFLOP/s", _RATE)
        rates.append((name, precision, *map(round, (rate, alone, large[precision])), f"{rate / alone:.0%}",
                      f"{rate / large[precision]:.0%}"))  # fmt: skip


def _alternate(sides: dict[str, Step]) -> dict[str, float]:
    """Best seconds of each side, taking turns."""
    seconds = dict.fromkeys(sides, float("inf"))
    for repeat in range(_REPEATS + 1):
        for name, step in sides.items():
            started = time.perf_counter()
            step()
            if repeat:  # the first compiles and allocates
                seconds[name] = min(seconds[name], time.perf_counter() - started)
    return seconds


def _ids(vocab: int, seed: int) -> Any:
    """Token ids (B, S + 1) that a model can learn something about: half of them follow from the one before."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    shape = (_ROWS, _POSITIONS + 1)
    ids = (vocab ** torch.rand(shape, generator=generator)).long().clamp_(max=vocab - 1)  # roughly Zipf's law
    follows = torch.rand(shape, generator=generator) < 0.5
    for i in range(1, _POSITIONS + 1):
        ids[:, i] = torch.where(follows[:, i], (ids[:, i - 1] * 7 + 3) % vocab, ids[:, i])
    return ids


def _batch(ids: Any) -> Any:
    import torch

    from training.batch import Batch

    positions = torch.arange(ids.shape[1] - 1).expand(len(ids), -1)
    return Batch(
        ids_BS=ids[:, :-1].contiguous(), targets_BS=ids[:, 1:].contiguous(), positions_BS=positions, documents_BS=None
    )


def _ours(shape: Any, ids: Any, precision: Any) -> Step:
    """A step of ours, on a batch that `ids` holds; returns its loss."""
    from training.model import Transformer
    from training.objectives.next_token import NextToken
    from training.optimizers.adamw import AdamW, Settings
    from training.optimizers.clip import clip, global_norm
    from training.weights import initialize

    model = Transformer(shape, precision=precision)
    initialize(model, seed=0)
    parameters, objective = list(model.parameters()), NextToken(z_loss=0.0)
    optimizer = AdamW(model.named_parameters(), Settings())

    def step() -> float:
        batch = _batch(ids)
        loss, _ = objective(model, batch, objective.count(batch))
        loss.backward()
        decision = clip(global_norm(parameters))
        optimizer.step(1.0, decision.scale)
        for parameter in parameters:
            parameter.grad = None
        return float(loss.detach())

    return step


def _other_loops() -> Iterator[Claim]:
    """Steps of whole trainers, where they are installed."""
    from training import shape

    this, n_tokens = shape.named("6M", 8_192), _ROWS * _POSITIONS
    ids = _ids(this.vocab_size, 0)
    for name, package, seconds in (
        ("trainer", "transformers", peer_loops.trainer(this, ids, _REPEATS)),
        ("litgpt", "litgpt", peer_loops.litgpt(this, ids, _REPEATS)),
    ):
        for precision in _TARGETS if seconds else ():
            step = _ours(this, ids, precision)
            step()
            yield claim(f"training.{name}_{precision}", n_tokens / best(step, _REPEATS), n_tokens / seconds,
                        f"{name}, {named(package)}", "tokens/s", _TARGETS[precision][8_192],
                        "6M, vocabulary 8,192; the peer is float32")  # fmt: skip


def _rate_of_product(sizes: tuple[int, int, int], precision: str) -> float:
    """GFLOP/s of one product (M, K) by (K, N)."""
    import torch

    m, k, n = sizes
    a, b = (torch.randn(shape).to(getattr(torch, precision)) for shape in ((m, k), (n, k)))
    out = torch.empty(m, n, dtype=a.dtype)
    torch.mm(a, b.T, out=out)
    return 2 * m * k * n / best(lambda: torch.mm(a, b.T, out=out), 10) / 1e9


def _rate_of_model(shape: Any, precision: str) -> float:
    """GFLOP/s of the model's forward products alone, each as often as it is done; attention's are left out."""
    d, inner, m = shape.d_model, shape.n_heads * shape.head_dim, _ROWS * _POSITIONS
    products = [(m, d, shape.d_qkv), (m, inner, d), (m, d, 2 * shape.d_ffn), (m, shape.d_ffn, d)]
    counts = dict.fromkeys(products, shape.n_layers) | {(1024, d, shape.vocab_size): m / 1024}
    flops = {sizes: 2 * sizes[0] * sizes[1] * sizes[2] * n for sizes, n in counts.items()}
    seconds = sum(flops[sizes] / _rate_of_product(sizes, precision) for sizes in flops)
    return sum(flops.values()) / seconds


def _loss_memory() -> Claim:
    """Peak memory of the loss with its gradients, beside the plain way, each in a process of its own."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        ours, plain = pool.map(_loss_peak, (True, False))
    return claim("training.loss_memory", ours / 2**20, plain / 2**20, "logits, F.cross_entropy, backward", "MiB", 3.0,
                 "4,096 tokens, vocabulary 49,152, width 256, float32: beyond its inputs", less=True)  # fmt: skip


def _loss_peak(is_ours: bool) -> int:
    """Bytes that the loss adds to this process's memory at its peak."""
    import torch

    from training.loss import cross_entropy

    hidden, weight = torch.randn(4096, 256).requires_grad_(), torch.randn(49_152, 256).requires_grad_()
    targets = torch.randint(49_152, (4096,))
    cross_entropy(hidden[:16], weight[:64], targets[:16] % 64, 16)[0].backward()  # kernels and libraries are loaded
    hidden.grad = weight.grad = None
    before = _kibibytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    if is_ours:
        loss, _ = cross_entropy(hidden, weight, targets, 4096)
    else:
        loss = torch.nn.functional.cross_entropy(hidden @ weight.T, targets)
    loss.backward()
    return (_kibibytes("VmHWM") - before) * 1024


def _kibibytes(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def _agreement(n_steps: int = 200) -> Iterator[Claim]:
    """Losses after 200 steps on ever new data: both precisions, and the plain loop."""
    from training import shape

    this = shape.named("1M", 2_048)
    ids = _ids(this.vocab_size, 0)
    sides = {precision: _ours(this, ids, precision) for precision in _TARGETS} | {"plain": peer_loops.plain(this, ids)}
    last: dict[str, list[float]] = {name: [] for name in sides}
    for n in range(n_steps):
        ids.copy_(_ids(this.vocab_size, n))
        for name, step in sides.items():
            last[name] = [*last[name], step()][-20:]
    mean = {name: sum(losses) / len(losses) for name, losses in last.items()}
    for name in ("bfloat16", "plain"):
        apart = abs(mean[name] / mean["float32"] - 1)
        yield Claim(f"training.loss_after_200_{name}", apart, 0.001, "0.1%", "relative difference",
                    0.001 / max(apart, 1e-9), 1.0, apart <= 0.001,
                    f"1M, last 20 of 200 steps: ours in float32 {mean['float32']:.4f}, {name} {mean[name]:.4f}")  # fmt: skip


def _optimizers() -> Iterator[Claim]:
    """One step of an optimizer over the 26M model's weights, beside PyTorch's fused AdamW."""
    import torch

    from training import shape
    from training.model import Transformer
    from training.optimizers.adamw import AdamW
    from training.optimizers.adamw import Settings as AdamWSettings
    from training.optimizers.rmsprop import RMSProp
    from training.optimizers.rmsprop import Settings as RMSPropSettings
    from training.weights import initialize

    model = Transformer(shape.named("26M", 49_152))
    initialize(model, seed=0)
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    adamw = AdamW(model.named_parameters(), AdamWSettings())
    rmsprop = RMSProp(model.named_parameters(), RMSPropSettings(d_model=model.shape.d_model))
    fused = torch.optim.AdamW(model.parameters(), fused=True)
    sides: dict[str, Step] = {"adamw": lambda: adamw.step(1.0) or 0.0, "rmsprop": lambda: rmsprop.step(1.0) or 0.0,
                              "fused": lambda: fused.step() or 0.0}  # fmt: skip
    seconds = _alternate(sides)
    for name in ("adamw", "rmsprop"):
        yield claim(f"training.optimizer_{name}", seconds[name] * 1e3, seconds["fused"] * 1e3,
                    f"AdamW(fused=True), {named('torch')}", "ms", {"adamw": 0.9, "rmsprop": 0.7}[name],
                    "53 million weights; RMSProp reads gradients and mean squares twice", less=True)  # fmt: skip
