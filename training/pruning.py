"""Pruning of feed-forward units: a mask that is learned with the model, then a cut to a smaller, plain model.

Source: AFM, arXiv:2407.21075, section 3 (only hidden units of feed-forward blocks are cut, equally many in each layer,
by Soft-Top-K masks); Soft-Top-K itself: Lei et al. 2023 (CoDA), arXiv:2304.04947, section 3.2. For scores s of F units,
of which k are kept:

    λ = argmax  s · λ + ε H(λ)   where  Σ λ = k,  0 ≤ λ ≤ 1,   H(λ) = - Σ λ log λ

so λ_i = min(1, exp((s_i + a) / ε)) with the a at which they sum to k. The published way to a is an iteration, which is
short of k when it stops (docs/experiments.md); sorted scores give its limit at once.

What AFM does not say is where scores begin and how the mask gets hard. Here they begin with the sizes of the weights of
a unit (`importance`), and a run has three parts, as measured (docs/experiments.md):

    the first fifth        k falls from F, where the model is what it was, to what is kept
    until the half         k stays, and units change places
    then                   the mask is 1 for the units with the largest scores and 0 for the others, and the model
                           gets used to it; so the cut model computes what the masked one computed

A mask multiplies the columns of the `down` matrix, which is less work than to multiply the units of each token. Each
process has all scores, also if the model is in pieces.

Shape suffixes: L layers, F hidden units.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.shape import Shape

_FALLEN, _HARD = 0.2, 0.5  # shares of a run: k has fallen, the mask is hard
_SPREAD = 0.5  # standard deviation of a layer's scores when they begin
SCORES = "masks.scores"  # parameter, and its name in a saved state


def soft_top_k(scores: Tensor, k: float, epsilon: float) -> Tensor:
    """Returns λ in (0, 1] over the last axis: near 1 for the k largest scores, near 0 for the others.

    `k` is above 0, at most the number of scores, and need not be a whole number. The smaller `epsilon`, the harder.
    """
    n = scores.shape[-1]
    assert 0 < k <= n, "k is out of range"
    if k == n:
        return scores * 0 + 1.0  # of the same type, with gradients of 0

    order = scores.detach().argsort(-1, descending=True)
    is_full = torch.zeros_like(scores, dtype=torch.bool).scatter(-1, order, _full(scores.detach(), order, k, epsilon))
    left = k - is_full.sum(-1, keepdim=True, dtype=scores.dtype)
    rest = scores.masked_fill(is_full, -math.inf) / epsilon
    a = left.log() - rest.logsumexp(-1, keepdim=True)
    return torch.where(is_full, 1.0, (rest + a).exp())


def _full(scores: Tensor, order: Tensor, k: float, epsilon: float) -> Tensor:
    """Returns which scores have λ = 1, by rank: the first m, for the least m at which no other one is above 1."""
    x = scores.gather(-1, order).double() / epsilon
    rest = x.flip(-1).logcumsumexp(-1).flip(-1)  # log Σ exp over this rank and all behind it
    m = torch.arange(x.shape[-1], dtype=x.dtype, device=x.device)
    is_enough = (m < k) & (x + (k - m).clamp(min=1e-300).log() - rest <= 1e-12)
    first = is_enough.double().argmax(-1, keepdim=True)
    return m < first


class Masks(nn.Module):
    """A mask over the feed-forward units of each layer, by scores that are learned."""

    def __init__(self, shape: Shape, units: int, *, epsilon: float, gain: float) -> None:
        """Of each layer, `units` are kept. Scores move `gain` times as fast as weights."""
        super().__init__()
        self.units, self.epsilon, self.gain = units, epsilon, gain
        self.n_layers, self.n_units = shape.n_layers, shape.d_ffn
        self.scores = nn.Parameter(torch.zeros(shape.n_layers * shape.d_ffn))
        self.k, self.is_hard = float(shape.d_ffn), False

    @torch.no_grad()
    def begin(self, importance_LF: Tensor) -> None:
        """Gives the scores their first values."""
        spread = importance_LF.std(1, keepdim=True).clamp(min=1e-12)
        scores_LF = (importance_LF - importance_LF.mean(1, keepdim=True)) / spread * _SPREAD / self.gain
        self.scores.copy_(scores_LF.flatten())

    def at(self, step: int, steps: int) -> None:
        """Sets how far the mask has come, before a step is taken: the first one is step 1."""
        done = step / max(steps, 1)
        fallen = min(done / _FALLEN, 1.0)
        self.k = self.n_units - (self.n_units - self.units) * fallen
        self.is_hard = done > _HARD

    def forward(self) -> Tensor:
        """Returns λ (L, F)."""
        scores_LF = self.scores.view(self.n_layers, self.n_units) * self.gain
        if self.is_hard:
            return torch.zeros_like(scores_LF.detach()).scatter(1, _largest(scores_LF, self.units), 1.0)
        return soft_top_k(scores_LF, self.k, self.epsilon)

    @torch.no_grad()
    def kept(self) -> Tensor:
        """Returns the units that are kept (L, units), in their order, on the CPU."""
        return _largest(self.scores.view(self.n_layers, self.n_units), self.units).sort(1).values.cpu()


def importance(weights: Mapping[str, Tensor], n_layers: int) -> Tensor:
    """Returns how much each unit can do (L, F): the norms of its gate, up and down weights, multiplied (log)."""
    rows = []
    for i in range(n_layers):
        gate, up, down = (weights[f"model.layers.{i}.mlp.{one}_proj.weight"].float() for one in ("gate", "up", "down"))
        rows.append((gate.norm(dim=1) * up.norm(dim=1) * down.norm(dim=0)).clamp(min=1e-30).log())
    return torch.stack(rows)


def cut(weights: Mapping[str, Tensor], kept_LK: Tensor) -> dict[str, Tensor]:
    """Returns the weights, by Hugging Face's names, of the model that has only some feed-forward units."""
    made = {name: tensor for name, tensor in weights.items() if name != SCORES}
    for i, kept in enumerate(kept_LK):
        place = f"model.layers.{i}.mlp"
        for name in ("gate_proj", "up_proj"):
            made[f"{place}.{name}.weight"] = made[f"{place}.{name}.weight"][kept].contiguous()
        made[f"{place}.down_proj.weight"] = made[f"{place}.down_proj.weight"][:, kept].contiguous()
    return made


def _largest(scores_LF: Tensor, units: int) -> Tensor:
    """Returns the units with the largest scores (L, units); of equal ones, those that come first."""
    return scores_LF.detach().argsort(stable=True, dim=1, descending=True)[:, :units]
