"""How large steps are over a run: a factor of the peak learning rate for step t = 1, 2, ... of T.

Every schedule rises linearly from 0 to 1 over its warm-up, t / T_w. Sources: `cosine` is AFM's (arXiv:2407.21075,
section 3), with a final fraction of 0.005 in core pre-training and 0.001 in continued; `wsd` (warm-up, stable, decay)
is MiniCPM's (Hu et al. 2024, arXiv:2404.06395, section 4), with a linear decay as in Hägele et al. 2024
(arXiv:2405.18392).
"""

import math
from dataclasses import dataclass
from typing import Literal

from corpus.errors import UserError

Kind = Literal["cosine", "constant", "linear", "wsd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule; `schedule(t)` is its factor at step t, in [0, 1]."""

    kind: Kind
    steps: int  # T; later steps stay at the last factor
    warm_up: int = 0  # T_w, steps
    final: float = 0.0  # factor at the last step, in [0, 1]; constant has none
    decay: float = 0.2  # wsd only: share in (0, 1] of all steps that the factor falls in

    def __post_init__(self) -> None:
        if self.kind not in ("cosine", "constant", "linear", "wsd"):
            raise UserError(f"schedule: kind is {self.kind!r}; allowed: constant, cosine, linear, wsd")
        if self.steps < 1:
            raise UserError(f"schedule: steps is {self.steps}; it must be at least 1")
        if not 0 <= self.warm_up <= self.steps:
            raise UserError(f"schedule: warm_up is {self.warm_up}; it must be from 0 to {self.steps}, the steps")
        if not 0 <= self.final <= 1:
            raise UserError(f"schedule: final is {self.final}; it must be from 0 to 1")
        if not 0 < self.decay <= 1:
            raise UserError(f"schedule: decay is {self.decay}; it must be above 0, and at most 1")

    def __call__(self, step: int) -> float:
        """Returns the factor at a step; the first step is 1."""
        if step <= self.warm_up:
            return step / self.warm_up
        first = self.warm_up
        if self.kind == "wsd":
            first = max(first, self.steps - round(self.decay * self.steps))
        if self.kind == "constant" or step <= first:
            return 1.0

        share = min(1.0, (step - first) / (self.steps - first)) if self.steps > first else 1.0
        fallen = (1 + math.cos(math.pi * share)) / 2 if self.kind == "cosine" else 1 - share
        return self.final + (1 - self.final) * fallen
