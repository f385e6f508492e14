"""Batches: one global stream for any number of devices, targets and boundaries as they are defined, any step at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.shards import packing
from corpus.shards.batches import NO_TARGET, PADDING, Batches, share
from corpus.shards.stream import Stream
from tests.corpus.shards.streams import END, stream

LENGTHS = [12, 3, 40, 25, 2, 2, 60, 9, 31, 5, 1, 80, 14] * 6


@pytest.fixture(scope="module")
def made() -> Stream:
    return stream(LENGTHS, n_shards=3)


def batches(made: Stream, kind: str, boundaries: str, length: int = 16, n: int = 6) -> Batches:
    packed = packing.concatenated(made, length) if kind == "concatenated" else packing.best_fit(made, length)
    return Batches(made, packed, n, boundaries, pad=7)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["concatenated", "best_fit"])
@pytest.mark.parametrize("boundaries", ["mask", "positions", "none"])
def test_slots_are_those_of_a_plain_version(made: Stream, kind: str, boundaries: str) -> None:
    every = batches(made, kind, boundaries)
    tokens = made.tokens(0, made.n_tokens).tolist()
    ends = set((np.cumsum(LENGTHS) - 1).tolist())
    for number in range(every.packing.n_sequences):
        got = every.sequences(range(number, number + 1))
        ids, targets, positions, documents = [], [], [], []
        document = 0
        for start, size in every.packing.of(number).tolist():
            place = 0
            for at in range(start, start + size):
                ids.append(tokens[at])
                is_end = at in ends
                targets.append(NO_TARGET if is_end and boundaries == "mask" else tokens[at + 1])
                positions.append(len(positions) if boundaries == "none" else place)
                documents.append(document)
                place += 1
                if is_end and at + 1 < start + size:
                    document, place = document + 1, 0
            document += 1
        n = len(ids)
        assert got.ids[0].tolist() == ids + [7] * (16 - n)
        assert got.targets[0].tolist() == targets + [NO_TARGET] * (16 - n)
        assert got.positions[0].tolist() == positions + [0] * (16 - n)
        if boundaries == "mask":
            assert got.documents is not None
            assert got.documents[0].tolist() == documents + [PADDING] * (16 - n)
        else:
            assert got.documents is None


@settings(max_examples=30)
@given(st.integers(0, 10), st.integers(1, 8), st.sampled_from(["concatenated", "best_fit"]))
def test_devices_together_have_each_sequence_once(made: Stream, step: int, world: int, kind: str) -> None:
    every = batches(made, kind, "mask")
    step %= every.n_steps
    whole = every.step(step)
    parts = [every.step(step, rank, world) for rank in range(world)]
    assert np.concatenate([part.ids for part in parts]).tolist() == whole.ids.tolist()
    assert np.concatenate([part.targets for part in parts]).tolist() == whole.targets.tolist()
    assert sum(part.n_targets for part in parts) == whole.n_targets
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_step_is_the_same_wherever_reading_begins(made: Stream) -> None:
    every = batches(made, "best_fit", "mask")
    keys = [one.key() for one in every.ahead(0, every.n_steps)]
    assert len(set(keys)) == len(keys) == every.n_steps
    assert [one.key() for one in every.ahead(3, 5)] == keys[3:5]
    assert every.step(4).key() == keys[4]
    assert list(every.ahead(5, 5)) == []


def test_parts_of_a_batch_are_its_rows(made: Stream) -> None:
    whole = batches(made, "concatenated", "mask").step(1)
    part = whole.part(2, 5)
    assert part.ids.tolist() == whole.ids[2:5].tolist()
    assert part.n_targets == int((whole.targets[2:5] != NO_TARGET).sum())


def test_the_last_token_of_a_document_is_predicted_and_predicts_nothing(made: Stream) -> None:
    got = batches(made, "concatenated", "mask").sequences(range(40))
    assert (got.targets[got.ids == END] == NO_TARGET).all()
    assert (got.targets == END).sum() > 10


def test_sequences_that_do_not_exist_are_refused(made: Stream) -> None:
    every = batches(made, "concatenated", "none")
    with pytest.raises(ValueError, match="not in a packing"):
        every.sequences(range(every.packing.n_sequences, every.packing.n_sequences + 1))


@given(st.integers(0, 100), st.integers(1, 17))
def test_shares_cover_everything(n: int, world: int) -> None:
    bounds = [share(n, rank, world) for rank in range(world)]
    assert [i for low, high in bounds for i in range(low, high)] == list(range(n))
