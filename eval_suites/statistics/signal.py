"""Whether a task can decide anything at a model's size: how far it moves against how much it jitters.

Signal-to-noise ratio: the range of the scores of the models that are compared, divided by the standard deviation of one
model's scores over its last checkpoints. Source: Heineman et al. 2025, Signal and Noise, arXiv:2508.13144, section 3.

Over the checkpoints of one run, the signal is the gap between the means of the first and of the last third, and the
noise is what is left of the differences of neighbors without their mean: von Neumann 1941, Ann. Math. Stat. 12:367.

Shapes: C checkpoints in the order of training, M models.
"""

from dataclasses import dataclass

import numpy as np

from eval_suites.statistics.intervals import Floats

CAN_DECIDE = 2.0  # a task with a higher ratio can order models of this size


@dataclass(frozen=True, slots=True)
class Signal:
    """How much a task tells."""

    signal: float  # in units of the score
    noise: float

    @property
    def ratio(self) -> float:
        """Signal over noise; infinite without noise, 0 without signal."""
        if self.signal == 0:
            return 0.0
        return self.signal / self.noise if self.noise else float("inf")


def of_models(scores_M: Floats, last_checkpoints_C: Floats) -> Signal:
    """Returns the signal of several models, and the noise of one of them over its last checkpoints."""
    scores_M, last_checkpoints_C = np.asarray(scores_M, np.float64), np.asarray(last_checkpoints_C, np.float64)
    if len(scores_M) < 2 or len(last_checkpoints_C) < 2:
        raise ValueError(f"signal needs two models, noise two checkpoints: {len(scores_M)}, {len(last_checkpoints_C)}")
    return Signal(float(scores_M.max() - scores_M.min()), float(last_checkpoints_C.std(ddof=1)))


def of_run(scores_C: Floats) -> Signal:
    """Returns the signal and the noise of a task over the checkpoints of one run, whether higher or lower is better."""
    scores_C = np.asarray(scores_C, np.float64)
    if len(scores_C) < 3:
        raise ValueError(f"signal and noise over a run need three checkpoints, not {len(scores_C)}")
    third = len(scores_C) // 3
    rise = float(scores_C[-third:].mean() - scores_C[:third].mean())
    steps = np.diff(scores_C)
    noise = float(np.sqrt(((steps - steps.mean()) ** 2).sum() / (len(steps) - 1) / 2)) if len(steps) > 1 else 0.0
    return Signal(abs(rise), noise)
