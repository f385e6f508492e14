"""Packings: every token once, sequences never too long, best fit as good as a plain version, any step in one look."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.shards import packing
from corpus.shards.stream import Stream
from tests.corpus.shards.streams import stream


def plain_fit(sizes: list[int], length: int) -> int:
    """Number of sequences of best-fit decreasing, with a list of what is free."""
    free: list[int] = []
    for size in sorted(sizes, reverse=True):
        fitting = [left for left in free if left >= size]
        if fitting:
            free.remove(min(fitting))
            free.append(min(fitting) - size)
        else:
            free.append(length - size)
    return len(free)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=80), st.integers(2, 70), st.integers(0, 3))
def test_best_fit_has_each_slot_of_each_document_once(lengths: list[int], length: int, n_shards: int) -> None:
    made = stream(lengths, n_shards=n_shards + 1)
    got = packing.best_fit(made, length)
    assert got.pieces is not None
    assert got.bounds is not None
    seen = np.zeros(made.n_tokens, int)
    for sequence in range(got.n_sequences):
        pieces = got.of(sequence)
        assert 0 < pieces[:, 1].sum() <= length
        for start, size in pieces.tolist():
            seen[start : start + size] += 1
    ends = np.concatenate([np.asarray(shard.starts)[1:] - 1 for shard in made.shards])
    expected = np.ones(made.n_tokens, int)
    expected[ends] = 0  # nothing follows the token that ends a document, so it is no input
    assert (seen == expected).all()
    assert got.filled == expected.sum()
    assert got.utilization == expected.sum() / (length * max(got.n_sequences, 1)) if got.n_sequences else True

    n = 0
    for shard in made.shards:
        slots = np.diff(np.asarray(shard.starts)) - 1
        sizes = [min(length, s - first) for s in slots.tolist() for first in range(0, s, length)]
        n += plain_fit(sizes, length)
    assert got.n_sequences == n


def test_a_document_that_fits_is_not_cut() -> None:
    made = stream([20, 90, 33, 7, 64, 2, 65])
    got = packing.best_fit(made, 64)
    assert got.pieces is not None
    starts = set(np.asarray(made.shards[0].starts).tolist())
    inside = [start for start, _ in got.pieces.tolist() if start not in starts]
    assert len(inside) == 1, "only the document of 90 tokens, whose 89 slots do not fit"


def test_sequences_keep_the_order_of_the_stream() -> None:
    made = stream([30] * 200)
    got = packing.best_fit(made, 64)
    firsts = [int(got.of(i)[0, 0]) for i in range(got.n_sequences)]
    assert firsts == sorted(firsts)


def test_concatenated_sequences_follow_one_another() -> None:
    made = stream([10, 20, 35])
    got = packing.concatenated(made, 16)
    assert got.n_sequences == 4
    assert [got.of(i).tolist() for i in range(4)] == [[[0, 16]], [[16, 16]], [[32, 16]], [[48, 16]]]
    assert got.utilization == 1.0
    assert packing.concatenated(stream([3]), 16).n_sequences == 0


def test_a_saved_packing_is_the_same(tmp_path: Path) -> None:
    made = stream([10, 20, 35, 7])
    first = packing.best_fit(made, 16)
    packing.save(first, tmp_path)
    second = packing.load(tmp_path, 16)
    assert (second.n_sequences, second.filled) == (first.n_sequences, first.filled)
    assert [second.of(i).tolist() for i in range(second.n_sequences)] == [
        first.of(i).tolist() for i in range(first.n_sequences)
    ]


@pytest.mark.parametrize("length", [64, 128, 1000])
def test_best_fit_of_many_documents_is_nearly_full(length: int) -> None:
    chance = np.random.default_rng(0)
    made = stream((chance.lognormal(4, 1, 4000).astype(int) + 2).tolist())
    assert packing.best_fit(made, length).utilization > 0.995


def test_streams_of_tests_are_streams() -> None:
    assert isinstance(stream([3]), Stream)
