"""Muon: the momentum of a hidden matrix, orthogonalized; AdamW for embedding and norms.

Sources: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon (Nesterov momentum, five steps of a quintic
Newton-Schulz iteration); Liu et al. 2025, arXiv:2502.16982, section 2.2: an update of 0.2 sqrt(max(rows, columns))
times the orthogonal matrix has the RMS of AdamW's, so both share one learning rate and weight decay.

A fused projection is several matrices: `pieces` says how many rows each has, and each is orthogonalized alone.

Shape suffixes: R rows, K columns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training import sharding
from training.optimizers import adamw
from training.optimizers.state import State, Update

_QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan's coefficients: fast, to singular values in about [0.7, 1.2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Those of the sources by default."""

    lr: float = 1e-3  # peak learning rate of all tensors
    weight_decay: float = 0.1  # times the learning rate: share of a weight that a step takes away
    momentum: float = 0.95  # of the hidden matrices
    iterations: int = 5  # of Newton-Schulz
    beta1: float = 0.9  # of AdamW, for embedding and norms
    beta2: float = 0.95
    eps: float = 1e-8
    is_low_precision: bool = False  # Newton-Schulz in bfloat16, as in the source


class Muon:
    """See above. Parameters of two dimensions are hidden matrices, except the embedding."""

    def __init__(
        self,
        parameters: Iterable[tuple[str, Tensor]],
        settings: Settings,
        pieces: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.settings = settings
        self._pieces = pieces or {}
        named = dict(parameters)
        matrices = [name for name, p in named.items() if p.ndim == 2 and name.split(".")[-1] != "embedding"]
        rest = [name for name in named if name not in matrices]
        self._state = State(named.items(), {"momentum": matrices, "mean": rest, "mean_square": rest})
        self._adamw = adamw.Settings(
            lr=settings.lr,
            weight_decay=settings.weight_decay,
            beta1=settings.beta1,
            beta2=settings.beta2,
            eps=settings.eps,
        )

    @torch.no_grad()
    def step(self, schedule: float, scale: float = 1.0) -> None:
        """Changes the parameters by one step; gradients are multiplied by `scale`, and not changed."""
        state, lr = self._state, self.settings.lr * schedule
        state.steps += 1
        for each in state.updates():
            if each.name in state.moments["momentum"]:
                self._turn(each, lr, scale)
            else:
                adamw.update(each, self._adamw, state.steps, lr, scale)

    def _turn(self, each: Update, lr: float, scale: float) -> None:
        """Changes one hidden matrix and its momentum in place. What is in pieces is turned as a whole, by all."""
        settings, (momentum,) = self.settings, each.moments
        gradient = each.gradient * scale
        momentum.mul_(settings.momentum).add_(gradient)
        ahead = sharding.gathered(gradient.add_(momentum, alpha=settings.momentum), each.like)  # Nesterov

        rows = list(self._pieces.get(each.name, (len(ahead),)))
        turned = torch.cat([self._direction(piece) for piece in ahead.split(rows)])
        each.parameter.mul_(1 - lr * settings.weight_decay)
        each.parameter.add_(sharding.part(turned, each.like), alpha=-lr)

    def _direction(self, matrix: Tensor) -> Tensor:
        dtype = torch.bfloat16 if self.settings.is_low_precision else matrix.dtype
        turned = orthogonal(matrix.to(dtype), self.settings.iterations).to(matrix.dtype)
        return turned.mul_(0.2 * max(matrix.shape) ** 0.5)

    def state(self) -> dict[str, Tensor]:
        """Returns the state as it is, not a copy."""
        return self._state.flat()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Copies a saved state into this one."""
        self._state.restore(state)


def orthogonal(matrix_RK: Tensor, iterations: int = 5) -> Tensor:
    """Returns roughly the orthogonal matrix nearest to a direction: U Vᵀ of its singular value decomposition."""
    a, b, c = _QUINTIC
    is_tall = matrix_RK.shape[0] > matrix_RK.shape[1]
    x = matrix_RK.T if is_tall else matrix_RK  # the product with itself is then the smaller one
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.T if is_tall else x
