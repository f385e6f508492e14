"""Where documents start, and which keys a query sees."""

import torch

from training.attention import places, starts


def test_a_start_is_where_a_run_of_equal_numbers_begins() -> None:
    documents = torch.tensor([[0, 0, 1, 1, 1, -1], [4, 5, 5, 4, 4, 4]], dtype=torch.int32)
    assert starts(documents).tolist() == [[0, 0, 2, 2, 2, 5], [0, 1, 1, 3, 3, 3]]
    assert starts(documents).dtype == torch.int32


def test_a_query_sees_the_past_of_its_document() -> None:
    documents = torch.tensor([[0, 0, 1, -1]])
    where = places(torch.arange(4)[None], documents, head_dim=4, base=1e4, dtype=torch.float64)
    assert where.mask_B1SS is not None
    assert where.mask_B1SS.int().tolist() == [[[[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]]]
    assert places(torch.arange(4)[None], None, head_dim=4, base=1e4, dtype=torch.float64).mask_B1SS is None
    assert places(torch.arange(4)[None], documents, head_dim=4, base=1e4, dtype=torch.float32).mask_B1SS is None
