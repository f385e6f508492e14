"""What objectives over the next token share: one target per slot, and AFM's z-loss.

Source: AFM, arXiv:2407.21075, section 3; z = 1e-6 is that of Apple's public configuration.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from training.batch import Batch
from training.loss import IGNORE, Parts, Top, Whole, cross_entropy
from training.model import Transformer

if TYPE_CHECKING:
    from training.teacher import Teacher


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTokens:
    """An objective over the tokens that should follow."""

    z_loss: float = 1e-6  # 0: without

    def count(self, batch: Batch) -> int:
        """Returns the number of targets of a micro-batch."""
        return int((batch.targets_BS != IGNORE).sum())

    def _loss(
        self, model: Transformer, batch: Batch, total: int, teacher: Top | Whole | None = None
    ) -> tuple[Tensor, Parts]:
        """Returns the loss over `total` targets, and its parts: sums in nats, detached."""
        hidden_BSD = model(batch.ids_BS, batch.positions_BS, batch.documents_BS)
        return cross_entropy(
            hidden_BSD.flatten(0, 1),
            model.output_weight,
            batch.targets_BS.flatten(),
            total,
            z_loss=self.z_loss,
            precision=model.precision,
            teacher=teacher,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught(OverTokens):
    """An objective of which a teacher has a share; a subclass says what it takes of the teacher."""

    share: float = 0.9  # of the target
    teacher: "Teacher | None" = None  # that computes along; None: batches bring its tokens

    def from_teacher(self, batch: Batch) -> Top | Whole:
        """Returns what the teacher says of a micro-batch."""
        raise NotImplementedError

    def __call__(self, model: Transformer, batch: Batch, total: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the loss over `total` targets, and its parts: sums in nats, detached. `aim` is all but the z-loss."""
        loss, parts = self._loss(model, batch, total, self.from_teacher(batch))
        aim = (1 - self.share) * parts.cross_entropy + self.share * parts.teacher
        return loss, {
            "cross_entropy": parts.cross_entropy, "teacher": parts.teacher, "aim": aim, "z_loss": parts.z_loss,
        }  # fmt: skip
