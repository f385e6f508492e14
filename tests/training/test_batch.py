"""A micro-batch: one shape, one device."""

import pytest
import torch

from training.batch import Batch


def test_all_tensors_have_one_shape_and_move_together() -> None:
    ids = torch.zeros(2, 3, dtype=torch.long)
    batch = Batch(ids_BS=ids, targets_BS=ids, positions_BS=ids, documents_BS=ids.int())
    moved = batch.to("meta")
    assert {t.device.type for t in (moved.ids_BS, moved.targets_BS, moved.positions_BS, moved.documents_BS)} == {"meta"}
    assert Batch(ids_BS=ids, targets_BS=ids, positions_BS=ids, documents_BS=None).to("cpu").documents_BS is None
    with pytest.raises(AssertionError):
        Batch(ids_BS=ids, targets_BS=ids[:1], positions_BS=ids, documents_BS=None)
