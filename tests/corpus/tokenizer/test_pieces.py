"""Pieces against the pattern as the `tokenizers` library applies it, character by character and on arbitrary strings."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, pre_tokenizers

from corpus.text.buffers import string_buffers
from corpus.tokenizer import pieces

SPLIT = pre_tokenizers.Split(Regex(pieces.PATTERN), "isolated")
CHARACTERS = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from(list(" \n\r\t\u00a0\u2028\u3000aZ09.,'_-éß中あ\u0301١😀"))),
    max_size=60,
)


def cut(texts: list[str], n_pieces: int = 1 << 17, n_bytes: int = 1 << 18) -> list[list[str]]:
    """The pieces of some texts, by the kernel."""
    offsets, data = string_buffers(pa.array(texts, pa.large_string()))
    known = pieces.new_known(n_pieces, n_bytes)
    numbers, counts = np.empty(n_pieces, np.int32), np.zeros(len(texts), np.int64)
    d, _, n, n_known, lacking = pieces.number(
        offsets, data, pieces.classes(), known, 0, pieces.LONGEST_KNOWN, 0, int(offsets[0]), numbers, counts
    )
    assert d == len(texts)
    assert not lacking
    raw = [known.data[known.starts[i] : known.starts[i + 1]].tobytes().decode() for i in range(n_known)]
    of_text = np.split(numbers[:n], np.cumsum(counts)[:-1]) if texts else []
    return [[raw[number] for number in each] for each in of_text]


def expected(text: str) -> list[str]:
    return [piece for piece, _ in SPLIT.pre_tokenize_str(text)] if text else []


@given(st.lists(CHARACTERS, max_size=6))
def test_pieces_are_those_of_the_pattern(texts: list[str]) -> None:
    assert cut(texts) == [expected(text) for text in texts]


def test_every_character_is_of_the_class_that_the_library_says() -> None:
    """A letter joins its neighbor, a digit stands alone, white space and others do neither: one probe tells them apart."""
    step = 97  # a sample of all code points, and everything in the first two thousand
    points = sorted({*range(0x800), *range(0x800, 0x110000, step)} - set(range(0xD800, 0xE000)))
    probes = [f"a{chr(point)}{chr(point)}b" for point in points]
    assert cut(probes) == [expected(probe) for probe in probes]


def test_digits_stand_alone_and_words_take_the_blank_before_them() -> None:
    assert cut(["In 2024, x=10\n\n  def f():\n    pass "]) == [
        [
            "In",
            " ",
            "2",
            "0",
            "2",
            "4",
            ",",
            " x",
            "=",
            "1",
            "0",
            "\n\n",
            " ",
            " def",
            " f",
            "():\n",
            "   ",
            " pass",
            " ",
        ]
    ]


def test_a_full_table_stops_the_kernel_where_it_can_go_on() -> None:
    text = "one two three four five six seven eight nine ten"
    offsets, data = string_buffers(pa.array([text, text], pa.large_string()))
    known = pieces.new_known(4, 64)
    numbers, counts = np.empty(100, np.int32), np.zeros(2, np.int64)
    d, at, n, n_known, lacking = pieces.number(
        offsets, data, pieces.classes(), known, 0, pieces.LONGEST_KNOWN, 0, 0, numbers, counts
    )
    assert (d, n, n_known, lacking) == (0, 4, 4, 0)
    larger = pieces.grown(known, n_known, 0)
    assert len(larger.hashes) == 8
    d, _, more, n_known, _ = pieces.number(
        offsets, data, pieces.classes(), larger, n_known, pieces.LONGEST_KNOWN, d, at, numbers, counts
    )
    assert more == 4
    assert n_known == 8


def test_pieces_with_one_hash_are_told_apart_by_their_bytes() -> None:
    texts = [f"w{i}x" for i in range(2000)] * 2
    assert cut(texts) == [expected(text) for text in texts]
