"""AdamW, as in PyTorch: decoupled weight decay, both moments corrected.

Source: Loshchilov & Hutter 2017, arXiv:1711.05101. Weight decay is multiplied by learning rate and schedule, and
concerns all tensors. The defaults are those of AFM's baseline (arXiv:2407.21075, appendix A).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.autograd.graph import increment_version

from training import kernels
from training.kernels import updates
from training.optimizers.state import State, Update


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """AFM's baseline by default."""

    lr: float = 1e-3  # peak learning rate
    weight_decay: float = 1e-4  # times the learning rate: share of a weight that a step takes away
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8  # added to the root


class AdamW:
    """See above."""

    def __init__(self, parameters: Iterable[tuple[str, Tensor]], settings: Settings) -> None:
        self.settings = settings
        named = dict(parameters)
        self._state = State(named.items(), {"mean": named, "mean_square": named})

    @torch.no_grad()
    def step(self, schedule: float, scale: float = 1.0) -> None:
        """Changes the parameters by one step; gradients are multiplied by `scale`, and not changed."""
        state = self._state
        state.steps += 1
        for each in state.updates():
            update(each, self.settings, state.steps, self.settings.lr * schedule, scale)

    def state(self) -> dict[str, Tensor]:
        """Returns the state as it is, not a copy."""
        return self._state.flat()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Copies a saved state into this one."""
        self._state.restore(state)


def update(each: Update, settings: Settings, step: int, lr: float, scale: float) -> None:
    """Changes one parameter and its moments, mean and mean square, in place."""
    parameter, gradient, (mean, square) = each.parameter, each.gradient, each.moments
    if kernels.fits_updates(parameter, gradient, mean, square):
        numbers = (
            scale,
            settings.beta1,
            settings.beta2,
            settings.eps,
            1 / math.sqrt(1 - settings.beta2**step),
            1 - lr * settings.weight_decay,
            lr / (1 - settings.beta1**step),
        )
        flat = [a.reshape(-1) for a in kernels.arrays(gradient, mean, square, parameter)]
        updates.adamw(*flat, *map(np.float32, numbers), updates.n_blocks(parameter.numel()))  # type: ignore[call-arg]
        increment_version(parameter)  # copies of it are old
        return
    gradient = gradient * scale
    mean.lerp_(gradient, 1 - settings.beta1)
    square.mul_(settings.beta2).addcmul_(gradient, gradient, value=1 - settings.beta2)
    root = (square.sqrt() / math.sqrt(1 - settings.beta2**step)).add_(settings.eps)
    parameter.mul_(1 - lr * settings.weight_decay)
    parameter.addcdiv_(mean, root, value=-lr / (1 - settings.beta1**step))
