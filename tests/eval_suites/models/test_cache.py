"""The buffered cache against transformers' own."""

import torch
from transformers.cache_utils import DynamicLayer

from eval_suites.models.cache import Buffered, Stack


def parts(n: int, rows: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(rows, 2, n, 4), torch.randn(rows, 2, n, 4)


def test_it_holds_what_the_dynamic_one_holds() -> None:
    ours, peer = Buffered(), DynamicLayer()
    for n in (3, 1, 300, 1, 700):
        new = parts(n)
        for got, expected in zip(ours.update(*new), peer.update(*new), strict=True):
            assert torch.equal(got, expected)
    assert ours.get_seq_length() == peer.get_seq_length() == 1005


def test_cutting_is_free_and_goes_on_after_the_cut() -> None:
    ours, peer = Buffered(), DynamicLayer()
    first, second = parts(10), parts(4)
    ours.update(*first)
    storage = ours.keys.data_ptr()
    ours.cut(6)
    got, _ = ours.update(*second)
    assert got.data_ptr() == storage
    peer.update(first[0][:, :, :6], first[1][:, :, :6])
    assert torch.equal(got, peer.update(*second)[0])


def test_rows_begin_alike_and_go_on_by_themselves() -> None:
    stack = Stack.empty(2)
    start = parts(5)
    for layer in range(2):
        stack.update(*start, layer)
    rows = stack.repeated(3, capacity=8)
    new = parts(1, rows=3)
    keys, _ = rows.update(*new, 0)
    assert torch.equal(keys, torch.cat([start[0].expand(3, -1, -1, -1), new[0]], 2))
    rows.update(*new, 1)
    rows.select([2, 0])
    keys, _ = rows.update(*parts(4, rows=2), 0)
    assert torch.equal(keys[:, :, :6], torch.cat([start[0].expand(3, -1, -1, -1), new[0]], 2)[[2, 0]])
    assert stack.layers[0].get_seq_length() == 5
