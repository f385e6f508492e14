"""Attention in blocks against the plain one: with documents, with heads that share keys, and with little memory."""

import pytest
import torch

from tests.training.kernels.comparing import compare
from training import blockwise
from training.attention import attention, places

TOLERANCE = {torch.float32: 4e-6, torch.bfloat16: 2e-2}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("n_heads", "n_kv_heads"), [(6, 2), (2, 2), (4, 1)])
@pytest.mark.parametrize("has_documents", [True, False])
@pytest.mark.parametrize("kept", [0, 1 << 30])
def test_it_is_the_plain_attention(
    dtype: torch.dtype, n_heads: int, n_kv_heads: int, has_documents: bool, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blockwise, "_BLOCK", 16)
    monkeypatch.setattr(blockwise, "_KEPT_BYTES", kept)
    n_rows, n_positions, head_dim = 2, 37, 8
    qkv = torch.randn(n_rows, n_positions, (n_heads + 2 * n_kv_heads) * head_dim).to(dtype)
    scales = [torch.rand(head_dim) + 0.5 for _ in range(2)]
    documents = torch.tensor([[0] * 20 + [1] * 3 + [-1] * 14, [3] * 16 + [4] * 21], dtype=torch.int32)

    def function(x: torch.Tensor, *norms: torch.Tensor) -> torch.Tensor:
        where = places(
            torch.arange(n_positions).expand(n_rows, -1),
            documents if has_documents else None,
            head_dim=head_dim,
            base=1e4,
            dtype=norms[0].dtype,
        )
        return attention(x, *norms, where, n_heads=n_heads, eps=1e-5)

    compare(function, [qkv, *scales], TOLERANCE[dtype], monkeypatch)


def test_blocks_touch_only_keys_that_someone_sees() -> None:
    starts = torch.tensor([[0] * 130 + [130] * 170], dtype=torch.int32)
    blocks = list(blockwise._blocks(starts, torch.Size((1, 2, 300, 3, 8))))
    assert [(b.positions.start, b.keys.start, b.keys.stop) for b in blocks] == [
        (0, 0, 128),
        (128, 0, 256),
        (256, 130, 300),
    ]
    assert blocks[1].queries == slice(384, 768)
    assert [b.matrices for b in blockwise._blocks(None, torch.Size((4, 2, 10, 3, 8)))] == [slice(0, 8)]
