"""A teacher's tokens against Hugging Face's largest logits; files that can be found by number, resumed and refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.shards import packing
from corpus.shards.batches import Batches
from corpus.shards.stream import Stream
from tests.training.models import ids, ours, theirs
from tests.training.objectives.test_distill import batch
from tests.training.plans import plan
from tests.training.runs import start
from training import teacher
from training.batch import Batch
from training.loss import IGNORE
from training.teacher import Stored, Teacher


@pytest.fixture
def batches(mixed: Lake) -> Batches:
    stream = Stream(Path(plan(mixed).shards))
    return Batches(stream, packing.concatenated(stream, 32), 8)


@pytest.fixture
def small(tmp_path: Path) -> Teacher:
    return Teacher(start(tmp_path / "teacher"), "float32")


def test_its_tokens_are_those_of_the_largest_logits(small: Teacher) -> None:
    small.model = ours(dtype=torch.float32)
    due = theirs(small.model)(ids()).logits.argmax(-1)
    one = batch()
    found = small.likeliest(one)
    kept = one.targets_BS != IGNORE
    assert torch.equal(found[kept], due[kept])
    assert bool((found[~kept] == 0).all())


def test_stored_tokens_are_found_by_the_number_of_a_sequence(
    small: Teacher, batches: Batches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "_FILE_TOKENS", 10 * 32)
    told: list[tuple[int, int]] = []
    teacher.write(small, batches, 25, tmp_path, lambda *numbers: told.append(numbers), micro_batch=4)
    assert told == [(10, 25), (20, 25), (25, 25)]
    assert sum(path.stat().st_size - 128 for path in tmp_path.glob("ids-*.npy")) == 4 * 25 * 32, "4 bytes a token"
    stored = Stored(tmp_path, 32, 560)
    for rows in (range(0, 3), range(8, 12), range(24, 25)):
        due = small.likeliest(Batch.of(batches.sequences(rows)))
        assert np.array_equal(stored.of(rows), due.numpy())


def test_a_pass_that_was_stopped_goes_on_with_the_next_file(
    small: Teacher, batches: Batches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "_FILE_TOKENS", 10 * 32)

    def stop(done: int, n: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teacher.write(small, batches, 25, tmp_path, stop)
    asked: list[Any] = []
    original = small.likeliest
    monkeypatch.setattr(Teacher, "likeliest", lambda self, one: (asked.append(one), original(one))[1])
    teacher.write(small, batches, 25, tmp_path, lambda *_: None, micro_batch=5)
    assert len(asked) == 1, "only the last file was made"
    assert Stored(tmp_path, 32, 560).of(range(25)).shape == (25, 32)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (np.full((4, 32), 560, np.int32), "a stored token is not in the vocabulary"),
        (np.full((4, 32), -1, np.int32), "a stored token is not in the vocabulary"),
        (np.zeros((4, 16), np.int32), "no tokens of sequences of 32"),
        (np.zeros((4, 32), np.int64), "no tokens of sequences of 32"),
    ],
)
def test_damaged_files_are_refused(file: Any, told: str, tmp_path: Path) -> None:
    np.save(tmp_path / "ids-000000.npy", file)
    with pytest.raises(UserError, match=told):
        Stored(tmp_path, 32, 560).of(range(2))
    (tmp_path / "ids-000000.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match="a teacher's tokens cannot be read"):
        Stored(tmp_path, 32, 560).of(range(2))
