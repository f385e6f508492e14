"""A micro-batch: what the model reads, and what it should predict.

Shape suffixes: B rows, S positions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Tensors of one shape (B, S), on one device."""

    ids_BS: Tensor  # int64, token ids
    targets_BS: Tensor  # int64, the id that should follow; -100: no loss here
    positions_BS: Tensor  # int64, position of a token within its document, for RoPE
    documents_BS: Tensor | None  # int32, number of the document within the row, -1 for padding; None: one per row

    def __post_init__(self) -> None:
        for tensor in (self.targets_BS, self.positions_BS, self.documents_BS):
            assert tensor is None or tensor.shape == self.ids_BS.shape

    def to(self, device: torch.device | str) -> "Batch":
        """Returns the batch on a device; from pinned memory, without waiting for the copy."""
        documents = self.documents_BS
        return Batch(
            ids_BS=self.ids_BS.to(device, non_blocking=True),
            targets_BS=self.targets_BS.to(device, non_blocking=True),
            positions_BS=self.positions_BS.to(device, non_blocking=True),
            documents_BS=None if documents is None else documents.to(device, non_blocking=True),
        )
