"""Distillation with a teacher's whole distribution, to compare with its likeliest tokens (training.objectives.distill).

Source: Hinton et al. 2015, arXiv:1503.02531, at temperature 1: the divergence KL(teacher, student), which has the same
gradient as their cross-entropy. The teacher computes along: its distributions are too large to be stored.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from training.batch import Batch
from training.loss import IGNORE, cross_entropy
from training.model import Transformer

if TYPE_CHECKING:
    from training.teacher import Teacher


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """Mean of `(1 - share) · cross-entropy + share · KL(teacher, model) + z_loss · logsumexp²`."""

    z_loss: float = 1e-6
    share: float = 0.9  # of the target that the teacher has
    teacher: "Teacher | None" = None

    def count(self, batch: Batch) -> int:
        """Returns the number of targets of a micro-batch."""
        return int((batch.targets_BS != IGNORE).sum())

    def __call__(self, model: Transformer, batch: Batch, total: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the loss over `total` targets; parts are sums in nats, detached."""
        assert self.teacher is not None, "there is no teacher"
        hidden_BSD = model(batch.ids_BS, batch.positions_BS, batch.documents_BS)
        loss, parts = cross_entropy(
            hidden_BSD.flatten(0, 1),
            model.output_weight,
            batch.targets_BS.flatten(),
            total,
            z_loss=self.z_loss,
            precision=model.precision,
            teacher=self.teacher.whole(batch, self.share),
        )
        aim = (1 - self.share) * parts.cross_entropy + self.share * parts.teacher
        return loss, {
            "cross_entropy": parts.cross_entropy, "teacher": parts.teacher, "aim": aim, "z_loss": parts.z_loss,
        }  # fmt: skip
