"""Distillation with a teacher's whole distribution, to compare with its likeliest tokens (training.objectives.distill).

Source: Hinton et al. 2015, arXiv:1503.02531, at temperature 1: the divergence KL(teacher, student), which has the same
gradient as their cross-entropy. The teacher computes along: its distributions are too large to be stored.
"""

from dataclasses import dataclass

from training.batch import Batch
from training.loss import Whole
from training.objectives.tokens import Taught


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence(Taught):
    """Mean of `(1 - share) · cross-entropy + share · KL(teacher, model) + z_loss · logsumexp²`."""

    def from_teacher(self, batch: Batch) -> Whole:
        """Returns the teacher's distributions."""
        assert self.teacher is not None, "there is no teacher"
        return self.teacher.whole(batch, self.share)
