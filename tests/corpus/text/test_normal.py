from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings

from corpus.text.folding import fold_character
from corpus.text.normal import Normalizer, normal_points, normal_text, normalize
from corpus.text.words import stands_alone
from tests.corpus.text.strategies import texts


def reference(text: str) -> str:
    """The definition, in plain Python."""
    folded = "".join(fold_character(char) for char in text)
    return " ".join("".join(f" {c} " if stands_alone(ord(c)) else c for c in folded).split())


def points(text: str) -> str:
    return normal_text(text)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_normal_text_is_what_the_definition_says(text: str) -> None:
    assert normal_text(text) == reference(text)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_words_are_those_of_the_normal_text(text: str) -> None:
    words = normalize(pa.array([text], pa.large_string()))
    want = reference(text).split()
    assert len(words.hash) == len(want)
    by_hash: dict[int, str] = {}
    for h, word in zip(words.hash.tolist(), want, strict=True):
        assert by_hash.setdefault(h, word) == word
    assert len(set(words.hash.tolist())) == len(set(want))
    data = text.encode()
    for start, end, word in zip(words.start, words.end, want, strict=True):
        assert word in reference(data[start:end].decode()).split()


@settings(max_examples=100, deadline=None)
@given(texts, texts)
def test_a_word_has_the_same_hash_wherever_it_stands(left: str, right: str) -> None:
    alone = normalize(pa.array([left, right], pa.large_string()))
    batch = pa.array(["x", left, "", right], pa.large_string())
    together = normalize(batch.slice(1))
    assert together.hash.tolist() == alone.hash.tolist()
    assert together.offsets.tolist() == [0, alone.offsets[1], alone.offsets[1], alone.offsets[2]]


def test_words_are_joined_with_a_separator() -> None:
    found = normalize(pa.array(["ab c", "a bc", "AB, c!", "ab\nc"]))
    pairs = found.hash.reshape(4, 2).tolist()
    assert pairs[0] != pairs[1]
    assert pairs[0] == pairs[2] == pairs[3]


def test_scratch_grows_and_is_reused() -> None:
    normalizer = Normalizer()
    small = normalizer(*_buffers(["one two"])).hash.copy()
    normalizer(*_buffers(["three " * 1000, "ﷺ" * 500, "½" * 300]))
    assert normalizer(*_buffers(["one two"])).hash.tolist() == small.tolist()


def _buffers(texts: list[str]):  # type: ignore[no-untyped-def]
    from corpus.text.buffers import string_buffers

    return string_buffers(pa.array(texts, pa.large_string()))


def test_points_of_a_batch() -> None:
    found, offsets = normal_points(pa.array(["A  b", "", "東京 x"], pa.large_string()))
    cut = ["".join(map(chr, found[a:b])) for a, b in pairwise(offsets)]
    assert cut == ["a b", "", "東 京 x"]
