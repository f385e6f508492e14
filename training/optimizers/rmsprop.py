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

Two passes over memory: the first updates v and sums u²; the second computes u again rather than keeping it. Of a tensor
in pieces, the sums of all processes are added up in between.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.autograd.graph import increment_version

from training import kernels, sharding
from training.kernels import updates
from training.optimizers.state import State, Update


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
        for together in _together(state.updates()):
            squares = [_first_pass(each, settings, scale, correction) for each in together]
            summed = sharding.summed(torch.stack(squares), together[0].like)
            for each, square in zip(together, summed.unbind(), strict=True):
                kept = 1 - schedule * settings.weight_decay
                rate = schedule * settings.lr * self._factors[each.name]
                _second_pass(each, settings, square, (scale, correction, kept, rate))

    def state(self) -> dict[str, Tensor]:
        """Returns the state as it is, not a copy."""
        return self._state.flat()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Copies a saved state into this one."""
        self._state.restore(state)


def _together(updates: Iterable[Update]) -> Iterator[list[Update]]:
    """Yields what takes both passes together: what is in pieces, so that sums need one message; else each tensor alone,
    while it is in the cache."""
    in_pieces = []
    for each in updates:
        if sharding.is_sharded(each.like):
            in_pieces.append(each)
        else:
            yield [each]
    if in_pieces:
        yield in_pieces


def _first_pass(each: Update, settings: Settings, scale: float, correction: float) -> Tensor:
    """Updates v, and returns the sum of u²."""
    g, (v, _) = each.gradient, each.moments
    if not g.numel():
        return g.new_zeros(())
    if not kernels.fits_updates(g, v, each.parameter):
        g = g * scale
        v.mul_(settings.beta2).add_(g.square().add_(settings.eps), alpha=1 - settings.beta2)
        return g.div_((v * correction).sqrt_()).square_().sum()
    g_N, v_N = (a.reshape(-1) for a in kernels.arrays(g, v))
    sums_K = np.empty(updates.n_blocks(len(g_N)), np.float32)
    numbers = map(np.float32, (scale, settings.beta2, settings.eps, correction))
    updates.mean_square(g_N, v_N, *numbers, sums_K)  # type: ignore[call-arg]
    return torch.tensor(sums_K.sum(dtype=np.float64), dtype=torch.float64)


def _second_pass(each: Update, settings: Settings, square: Tensor, factors: tuple[float, ...]) -> None:
    """Updates m and θ. `square` is the sum of u² over the whole tensor."""
    g, (v, m), (scale, correction, kept, rate) = each.gradient, each.moments, factors
    if not g.numel():
        return
    clip = (square / each.like.numel()).sqrt_().div_(settings.update_limit).clamp_(min=1.0)
    if not kernels.fits_updates(g, v, m, each.parameter):
        update = (g * scale).div_((v * correction).sqrt_()).div_(clip)
        m.mul_(settings.beta1).add_(update, alpha=1 - settings.beta1)
        each.parameter.mul_(kept).add_(m, alpha=-rate)
        return
    g_N, v_N, m_N, p_N = (a.reshape(-1) for a in kernels.arrays(g, v, m, each.parameter))
    numbers = map(np.float32, (scale, settings.beta1, correction, 1 / float(clip), kept, rate))
    updates.rmsprop(g_N, v_N, m_N, p_N, *numbers, updates.n_blocks(len(g_N)))  # type: ignore[call-arg]
    increment_version(each.parameter)  # copies of it are old
