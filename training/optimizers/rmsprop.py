"""AFM's optimizer: RMSProp with momentum, on normalized and clipped updates.

Source: AFM, arXiv:2407.21075, section 3, and Apple's public configuration of it (AXLearn, `adastar_optimizer`); the
factor of widths is μParam (simple) of Wortsman et al. 2023, arXiv:2309.14322, section 3.2.4. For step t, gradient g
after clipping, parameter θ, and factor s of the schedule:

    v = β2 v + (1 - β2) (g² + ε)
    u = g / sqrt(v / (1 - β2^t))
    u = u / max(1, RMS(u) / limit)          RMS over a stored tensor
    m = β1 m + (1 - β1) u                   not corrected: a warm-up of some 20 steps
    θ = θ - s (lr c m + wd θ)               c = min(768 / d_model, 1) for attention and feed-forward matrices, else 1

Weight decay is multiplied by the schedule but not by the learning rate or c, and concerns all tensors. The RMS is that
of a tensor as it is stored: of queries, keys and values together, as in Apple's fused projection, and of gates and ups
together.

Two passes over memory: the first updates v and sums u²; the second computes u again rather than keeping it.
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
from training.optimizers.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """AFM's values by default."""

    d_model: int  # width of the model, for the factor of its matrices
    lr: float = 0.01  # peak learning rate, the same for all widths
    weight_decay: float = 3.16e-4  # share of a weight that a step at the peak takes away
    beta1: float = 0.95  # of the momentum
    beta2: float = 0.95  # of the mean square
    eps: float = 1e-30  # added to g²
    update_limit: float = 1.0  # largest RMS of a tensor's update
    base_width: int = 768  # models up to this width have a factor of 1


class RMSProp:
    """See above. Parameters of two dimensions are attention and feed-forward matrices, except the embedding."""

    def __init__(self, parameters: Iterable[tuple[str, Tensor]], settings: Settings) -> None:
        self.settings = settings
        named = dict(parameters)
        self._state = State(named.items(), {"mean_square": named, "momentum": named})
        self._factors = {name: self._factor(name, tensor) for name, tensor in named.items()}

    def _factor(self, name: str, parameter: Tensor) -> float:
        is_matrix = parameter.ndim == 2 and name.split(".")[-1] != "embedding"
        return min(self.settings.base_width / self.settings.d_model, 1.0) if is_matrix else 1.0

    @torch.no_grad()
    def step(self, schedule: float, scale: float = 1.0) -> None:
        """Changes the parameters by one step; gradients are multiplied by `scale`, and not changed."""
        state, settings = self._state, self.settings
        state.steps += 1
        correction = 1 / (1 - settings.beta2**state.steps)
        for name, parameter, gradient in state.gradients():
            v, m = state.moments["mean_square"][name], state.moments["momentum"][name]
            kept = 1 - schedule * settings.weight_decay
            rate = schedule * settings.lr * self._factors[name]
            if kernels.fits_updates(parameter, gradient, v, m):
                _by_kernels((gradient, v, m, parameter), settings, scale, correction, (kept, rate))
                continue
            gradient = gradient * scale
            v.mul_(settings.beta2).add_(gradient.square().add_(settings.eps), alpha=1 - settings.beta2)
            update = gradient.div_((v * correction).sqrt_())
            update.div_((update.square().mean().sqrt() / settings.update_limit).clamp_(min=1.0))
            m.mul_(settings.beta1).add_(update, alpha=1 - settings.beta1)
            parameter.mul_(kept).add_(m, alpha=-rate)

    def state(self) -> dict[str, Tensor]:
        """Returns the state as it is, not a copy."""
        return self._state.flat()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Copies a saved state into this one."""
        self._state.restore(state)


def _by_kernels(
    tensors: tuple[Tensor, Tensor, Tensor, Tensor],
    settings: Settings,
    scale: float,
    correction: float,
    factors: tuple[float, float],
) -> None:
    """Changes moments and parameter in place; `tensors` are g, v, m, θ; `factors` those of θ and m in the last line."""
    g, v, m, p = (a.reshape(-1) for a in kernels.arrays(*tensors))
    blocks = updates.n_blocks(len(g))
    sums_K = np.empty(blocks, np.float32)
    numbers = scale, settings.beta1, settings.beta2, settings.eps, correction, *factors
    scale_, beta1, beta2, eps, correction_, kept, rate = map(np.float32, numbers)
    updates.mean_square(g, v, scale_, beta2, eps, correction_, sums_K)

    rms = math.sqrt(float(sums_K.sum(dtype=np.float64)) / len(g))
    inverse_clip = np.float32(1 / max(1.0, rms / settings.update_limit))
    updates.rmsprop(g, v, m, p, scale_, beta1, correction_, inverse_clip, kept, rate, blocks)
    increment_version(tensors[3])  # copies of it are old
