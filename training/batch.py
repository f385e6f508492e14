"""A micro-batch: what the model reads, and what it should predict.

Shape suffixes: B rows, S positions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from corpus.shards.batches import Sequences
from training.loss import IGNORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Tensors of one shape (B, S), on one device."""

    ids_BS: Tensor  # int64, token ids
    targets_BS: Tensor  # int64, the id that should follow; -100: no loss here
    positions_BS: Tensor  # int64, position of a token within its document, for RoPE
    documents_BS: Tensor | None  # int32, number of the document within the row, -1 for padding; None: one per row
    teacher_BS: Tensor | None = None  # int64, the id that a teacher finds likeliest; None: there is no teacher

    def __post_init__(self) -> None:
        for tensor in (self.targets_BS, self.positions_BS, self.documents_BS, self.teacher_BS):
            assert tensor is None or tensor.shape == self.ids_BS.shape

    @classmethod
    def of(cls, sequences: Sequences, teacher: npt.NDArray[np.int64] | None = None) -> "Batch":
        """Returns sequences as tensors, with the ids of a teacher (B, S) if there is one."""
        documents = sequences.documents
        return cls(
            ids_BS=torch.from_numpy(sequences.ids),
            targets_BS=torch.from_numpy(sequences.targets),
            positions_BS=torch.from_numpy(sequences.positions).long(),
            documents_BS=None if documents is None else torch.from_numpy(documents),
            teacher_BS=None if teacher is None else torch.from_numpy(teacher),
        )

    @classmethod
    def without_targets(cls, length: int) -> "Batch":
        """Returns one row that counts for nothing, for a process that has to compute along with others."""
        zeros_BS = torch.zeros(1, length, dtype=torch.int64)
        none_BS = torch.full_like(zeros_BS, IGNORE)
        return cls(
            ids_BS=zeros_BS, targets_BS=none_BS, positions_BS=zeros_BS, documents_BS=None, teacher_BS=zeros_BS
        )  # fmt: skip

    def to(self, device: torch.device | str) -> "Batch":
        """Returns the batch on a device; from pinned memory, without waiting for the copy."""
        documents, teacher = self.documents_BS, self.teacher_BS
        return Batch(
            ids_BS=self.ids_BS.to(device, non_blocking=True),
            targets_BS=self.targets_BS.to(device, non_blocking=True),
            positions_BS=self.positions_BS.to(device, non_blocking=True),
            documents_BS=None if documents is None else documents.to(device, non_blocking=True),
            teacher_BS=None if teacher is None else teacher.to(device, non_blocking=True),
        )
