"""Reading a stream: any stretch, over the bounds of shards, and from a position to a document and back."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import UserError
from corpus.shards.layout import read_about
from corpus.shards.stream import Stream
from tests.corpus.shards.streams import END, stream

LENGTHS = [5, 1, 17, 40, 3, 2, 2, 60, 9, 11]
ENDS = np.cumsum(LENGTHS)


@pytest.fixture(scope="module", params=[1, 3, 10, 14])
def made(request: pytest.FixtureRequest) -> Stream:
    return stream(LENGTHS, n_shards=request.param)


@settings(max_examples=50)
@given(st.integers(0, 150), st.integers(0, 150))
def test_a_stretch_is_the_same_whatever_the_shards(made: Stream, a: int, b: int) -> None:
    start, end = sorted((a, b))
    whole = np.arange(150) % 1000
    whole[ENDS - 1] = END
    assert made.tokens(start, end).tolist() == whole[start:end].tolist()
    first = np.concatenate([[0], ENDS[:-1]])
    assert made.starts(start, end).tolist() == [s for s in first.tolist() if start <= s < end]


def test_each_position_leads_to_its_document_and_each_document_to_its_positions(made: Stream) -> None:
    for position in range(150):
        at = made.document_at(position)
        number = int(np.searchsorted(ENDS, position, "right"))
        assert (at.start, at.end) == (int(ENDS[number] - LENGTHS[number]), int(ENDS[number]))
        assert made.occurrences(at.id) == [at]
    assert made.occurrences("0" * 32) == []


def test_what_is_not_there_is_refused(made: Stream) -> None:
    for start, end in ((-1, 3), (5, 3), (0, 151)):
        with pytest.raises(ValueError, match="not in a stream of 150 tokens"):
            made.tokens(start, end)
    with pytest.raises(ValueError, match="position 150"):
        made.document_at(150)


def test_a_folder_without_shards_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it has no token shards"):
        read_about(tmp_path)
