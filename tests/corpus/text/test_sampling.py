"""What a sample holds, against its definition written out in Python."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.text.buffers import string_buffers
from corpus.text.sampling import samples
from corpus.text.segment import Segmenter


def sampled(*texts: str, n: int = 40, places: int = 4) -> list[str]:
    return samples(Segmenter()(*string_buffers(pa.array(texts, pa.large_string()))), n, places)


def test_a_short_text_is_taken_whole_with_its_blanks_folded() -> None:
    assert sampled("  some \n\t words\u00a0here  ") == ["some words here"]


def test_blanks_before_a_text_do_not_count() -> None:
    assert sampled(" \n" * 5000 + "some words") == ["some words"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("MY FRIEND IS A BIRD", "my friend is a bird"),
        ("My Friend Is A Bird", "My Friend Is A Bird"),
        ("ΕΙΝΑΙ ΕΝΑ ΠΟΥΛΙ", "ειναι ενα πουλι"),
        ("DIE NASA IST HIER", "die nasa ist hier"),
        ("die NASA ist hier", "die NASA ist hier"),
    ],
)
def test_capitals_come_out_in_lower_case(text: str, wanted: str) -> None:
    assert sampled(text) == [wanted]


@pytest.mark.parametrize("text", ["", " \n", "123 456", "...!", "\u200b"])
def test_a_text_without_letters_has_no_sample(text: str) -> None:
    assert sampled(text) == [""]


def test_a_long_text_is_sampled_from_each_quarter() -> None:
    text = " ".join(["aaaa"] * 100 + ["bbbb"] * 100 + ["cccc"] * 100 + ["dddd"] * 100)
    [found] = sampled(text)
    assert len(found) <= 40
    assert [found.count(letter) for letter in "abcd"] == [8, 8, 8, 8] or all(letter in found for letter in "abcd")


def test_a_piece_begins_with_a_word() -> None:
    words = [f"word{i}" for i in range(1000)]
    [found] = sampled(" ".join(words), n=400, places=8)
    assert sum(piece in words for piece in found.split()) >= len(found.split()) - 8  # a piece may end inside one


def test_nul_is_a_blank() -> None:
    assert sampled("a\x00b") == ["a b"]


@given(st.lists(st.text(max_size=300), min_size=1, max_size=5), st.integers(8, 60), st.integers(1, 6))
def test_a_sample_is_short_folded_and_of_the_text(texts: list[str], n: int, places: int) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    for text, found in zip(texts, sampled(*texts, n=n, places=places), strict=True):
        assert len(found) <= n
        assert "  " not in found
        assert found == found.lstrip()
        assert set(found.lower()) - {" "} <= set(text.lower()) | set(text)
