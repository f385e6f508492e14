"""Clipping by the norm of all gradients, and the decision to skip a step.

Source: AFM's public configuration, `skip_and_clip_by_global_norm` (arXiv:2407.21075 states the clip at 1.0): a step
whose norm is 100 or more, or not finite, changes nothing, not even the optimizer's state; otherwise gradients longer
than 1.0 are shortened to that.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from training import sharding


@dataclass(frozen=True, slots=True)
class Clip:
    """What to do with the gradients of a step."""

    norm: float  # of all gradients together
    scale: float  # to multiply gradients by, at most 1
    is_skipped: bool  # whether the step has to be left out


def clip(norm: float, *, limit: float = 1.0, skip_at: float = 100.0) -> Clip:
    """Returns what to do with gradients of a norm."""
    is_skipped = not math.isfinite(norm) or norm >= skip_at
    return Clip(norm, 1.0 if is_skipped else min(1.0, limit / max(norm, 1e-30)), is_skipped)


@torch.no_grad()
def global_norm(parameters: Iterable[Tensor]) -> float:
    """Returns the Euclidean norm of all gradients together; reads them once. Of gradients in pieces, all processes
    call it, and get the same."""
    found = [parameter for parameter in parameters if parameter.grad is not None]
    square = 0.0
    for is_in_pieces in (True, False):
        some = [parameter for parameter in found if sharding.is_sharded(parameter) is is_in_pieces]
        if some:
            norm = torch.stack(torch._foreach_norm([sharding.local(parameter.grad) for parameter in some])).norm()
            square += float(sharding.summed(norm.double().square(), some[0]))
    return math.sqrt(square)
