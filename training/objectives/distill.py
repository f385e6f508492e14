"""Distillation with a teacher's likeliest tokens: 0.9 of the target is the teacher's token, 0.1 the one that follows.

Source: AFM, arXiv:2407.21075, section 3: the one-hot target becomes 0.9 onehot(argmax of the teacher) + 0.1
onehot(token). So only one id per position is needed of the teacher. The z-loss stays as it is.
"""

from dataclasses import dataclass

from training.batch import Batch
from training.loss import Top
from training.objectives.tokens import Taught


@dataclass(frozen=True, slots=True, kw_only=True)
class Distill(Taught):
    """Mean of `(1 - share) · cross-entropy + share · cross-entropy of the teacher's tokens + z_loss · logsumexp²`."""

    def from_teacher(self, batch: Batch) -> Top:
        """Returns the teacher's likeliest tokens."""
        ids_BS = batch.teacher_BS if self.teacher is None else self.teacher.likeliest(batch)
        assert ids_BS is not None, "neither a teacher nor its tokens"
        return Top(ids_BS.flatten(), self.share)
