"""Spares the last layer what nobody reads: after it, only the tokens whose logits are needed count.

The feed-forward block of a layer works on each token by itself, and nothing comes after that of the last layer but the
head. So it is given the needed tokens alone. In a model of 6 layers that is a tenth of all work.

Shapes: B rows, N tokens of a row, K tokens whose logits are needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

_needed: ContextVar[Tensor | None] = ContextVar("needed", default=None)


class _Sparing(torch.nn.Module):
    """A feed-forward block that leaves other tokens at 0 while `only` is in force."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, hidden_BND: Tensor, *more: Any, **others: Any) -> Any:
        needed_K = _needed.get()
        if needed_K is None or more or others:
            return self.inner(hidden_BND, *more, **others)
        out_BKD = self.inner(hidden_BND[:, needed_K])
        if not isinstance(out_BKD, Tensor):  # a mixture of experts may return more
            return self.inner(hidden_BND)
        return torch.zeros_like(hidden_BND).index_copy_(1, needed_K, out_BKD)


def spare(model: Any) -> None:
    """Gives the last layer of a model such a block, if it has one where most models do."""
    layers = getattr(getattr(model, "model", None), "layers", None)
    if layers is None:
        return
    block = getattr(layers[-1], "mlp", None)
    if isinstance(block, torch.nn.Module) and not isinstance(block, _Sparing):
        layers[-1].mlp = _Sparing(block)


@contextmanager
def only(needed_K: Tensor) -> Iterator[None]:
    """Within it, the last layer computes what these tokens of a row need."""
    token = _needed.set(needed_K)
    try:
        yield
    finally:
        _needed.reset(token)
