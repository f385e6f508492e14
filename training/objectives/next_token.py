"""Pre-training: the next token's cross-entropy, with AFM's z-loss.

Source: AFM, arXiv:2407.21075, section 3; z = 1e-6 is that of Apple's public configuration.
"""

from dataclasses import dataclass

from torch import Tensor

from training.batch import Batch
from training.loss import IGNORE, cross_entropy
from training.model import Transformer


@dataclass(frozen=True, slots=True, kw_only=True)
class NextToken:
    """Mean of `cross-entropy + z_loss · logsumexp²` over the targets of a step, in nats."""

    z_loss: float = 1e-6  # 0: plain cross-entropy

    def count(self, batch: Batch) -> int:
        """Returns the number of targets of a micro-batch."""
        return int((batch.targets_BS != IGNORE).sum())

    def __call__(self, model: Transformer, batch: Batch, total: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the loss over `total` targets; parts are sums in nats, detached."""
        hidden_BSD = model(batch.ids_BS, batch.positions_BS, batch.documents_BS)
        loss, parts = cross_entropy(
            hidden_BSD.flatten(0, 1),
            model.output_weight,
            batch.targets_BS.flatten(),
            total,
            z_loss=self.z_loss,
            precision=model.precision,
        )
        return loss, {"cross_entropy": parts.cross_entropy, "z_loss": parts.z_loss}
