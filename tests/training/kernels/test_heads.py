"""Queries, keys and values in their order in memory, against the plain formula."""

import numpy as np
import torch

from training.kernels import arrays, heads
from training.operations import rms_norm


def test_each_head_is_normed_turned_and_put_in_its_place() -> None:
    b, s, g, r, c = 2, 5, 2, 3, 8
    qkv, scales = torch.randn(b, s, (r + 2) * g * c), torch.rand(2, c) + 0.5
    angles = torch.rand(b, s, c // 2) * 6
    q, k, v = torch.empty(b, g, s, r, c), torch.empty(b, g, s, c), torch.empty(b, g, s, c)
    heads.split_heads(*arrays(qkv, *scales, angles.cos(), angles.sin()), np.float32(1e-5), *arrays(q, k, v))

    each = qkv.view(b, s, -1, c)
    turn = torch.polar(torch.ones_like(angles), angles)[:, :, None]  # e^(i angle)

    def turned(x: torch.Tensor) -> torch.Tensor:
        pairs = torch.complex(x[..., : c // 2].contiguous(), x[..., c // 2 :].contiguous()) * turn
        return torch.cat([pairs.real, pairs.imag], dim=-1)

    queries = turned(rms_norm(each[:, :, : g * r], scales[0], 1e-5)) / c**0.5
    torch.testing.assert_close(q, queries.view(b, s, g, r, c).transpose(1, 2))
    torch.testing.assert_close(k, turned(rms_norm(each[:, :, g * r : g * r + g], scales[1], 1e-5)).transpose(1, 2))
    assert torch.equal(v, each[:, :, g * r + g :].transpose(1, 2))
