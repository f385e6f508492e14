"""Pre-training: the next token's cross-entropy, with AFM's z-loss."""

from dataclasses import dataclass

from torch import Tensor

from training.batch import Batch
from training.model import Transformer
from training.objectives.tokens import OverTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class NextToken(OverTokens):
    """Mean of `cross-entropy + z_loss · logsumexp²` over the targets of a step, in nats."""

    def __call__(self, model: Transformer, batch: Batch, total: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the loss over `total` targets; parts are sums in nats, detached."""
        loss, parts = self._loss(model, batch, total)
        return loss, {"cross_entropy": parts.cross_entropy, "z_loss": parts.z_loss}
