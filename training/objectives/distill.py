"""Distillation with a teacher's likeliest tokens: 0.9 of the target is the teacher's token, 0.1 the one that follows.

Source: AFM, arXiv:2407.21075, section 3: the one-hot target becomes 0.9 onehot(argmax of the teacher) + 0.1
onehot(token). So only one id per position is needed of the teacher. The z-loss stays as it is.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from training.batch import Batch
from training.loss import IGNORE, Top, cross_entropy
from training.model import Transformer

if TYPE_CHECKING:
    from training.teacher import Teacher


@dataclass(frozen=True, slots=True, kw_only=True)
class Distill:
    """Mean of `(1 - share) · cross-entropy + share · cross-entropy of the teacher's tokens + z_loss · logsumexp²`."""

    z_loss: float = 1e-6
    share: float = 0.9  # of the target that the teacher has
    teacher: "Teacher | None" = None  # None: batches bring its tokens along

    def count(self, batch: Batch) -> int:
        """Returns the number of targets of a micro-batch."""
        return int((batch.targets_BS != IGNORE).sum())

    def __call__(self, model: Transformer, batch: Batch, total: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the loss over `total` targets; parts are sums in nats, detached."""
        ids_BS = batch.teacher_BS if self.teacher is None else self.teacher.likeliest(batch)
        assert ids_BS is not None, "neither a teacher nor its tokens"
        hidden_BSD = model(batch.ids_BS, batch.positions_BS, batch.documents_BS)
        loss, parts = cross_entropy(
            hidden_BSD.flatten(0, 1),
            model.output_weight,
            batch.targets_BS.flatten(),
            total,
            z_loss=self.z_loss,
            precision=model.precision,
            teacher=Top(ids_BS.flatten(), self.share),
        )
        aim = (1 - self.share) * parts.cross_entropy + self.share * parts.teacher
        return loss, {
            "cross_entropy": parts.cross_entropy, "teacher": parts.teacher, "aim": aim, "z_loss": parts.z_loss,
        }  # fmt: skip
