import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.text.buffers import string_buffers
from corpus.text.segment import Segmenter, Segments
from tests.corpus.text import reference
from tests.corpus.text.strategies import texts


def segment(*documents: str | bytes) -> Segments:
    kind = pa.large_binary() if documents and isinstance(documents[0], bytes) else pa.large_string()
    return Segmenter()(*string_buffers(pa.array(documents, kind)))


def words_of(s: Segments, d: int) -> list[str]:
    rows = range(s.word_offsets[d], s.word_offsets[d + 1])
    return ["".join(map(chr, s.chars[s.word_start[w] : s.word_end[w]])) for w in rows]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, world!", ["Hello", ",", "world", "!"]),
        ("don't we'll it's", ["do", "n't", "we", "'ll", "it", "'s"]),
        ("e.g. the U.S. rose...", ["e.g.", "the", "U.S.", "rose", "..."]),
        ("state-of-the-art", ["state", "-", "of", "-", "the", "-", "art"]),
        ("see http://x.y/z, a@b.com.", ["see", "http://x.y/z", ",", "a@b.com", "."]),
        ("(3-4) $5.00 50%", ["(", "3", "-", "4", ")", "$", "5.00", "50", "%"]),
        ("end.Next x=y and/or", ["end", ".", "Next", "x", "=", "y", "and", "/", "or"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_words_are_those_that_spacy_finds(text: str, words: list[str]) -> None:
    # The expected lists were printed by spaCy 3.8, spacy.blank("en").
    assert words_of(segment(text), 0) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("下列说法中不正确的是。", [*"下列说法中不正确的是。"]),
        ("用Debian 11的人", ["用", "Debian", "11", "的", "人"]),
        ("カタカナ、ー", [*"カタカナ、ー"]),
        ("ต้องการ", ["ต้", "อ", "ง", "ก", "า", "ร"]),
        ("「don't」漢", ["「", "do", "n't", "」", "漢"]),
        ("한국어 단어", ["한국어", "단어"]),
    ],
)
def test_in_scripts_without_blanks_each_letter_is_a_word(text: str, words: list[str]) -> None:
    assert words_of(segment(text), 0) == words


@settings(max_examples=400, deadline=None)
@given(st.lists(texts, max_size=4))
def test_agrees_with_plain_python_on_any_text(documents: list[str]) -> None:
    s = segment(*documents)
    for d, text in enumerate(documents):
        chars = s.chars[s.char_offsets[d] : s.char_offsets[d + 1]]
        assert "".join(map(chr, chars)) == text
        assert words_of(s, d) == reference.words(text)
        lines = range(s.line_offsets[d], s.line_offsets[d + 1])
        assert ["".join(map(chr, s.chars[s.line_start[i] : s.line_end[i]])) for i in lines] == text.split("\n")
        assert s.n_bytes[d] == len(text.encode())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_without_a_crash_and_each_bad_byte_is_one_character(raw: bytes) -> None:
    s = segment(raw)
    assert "".join(map(chr, s.chars)) == lenient(raw)


def lenient(raw: bytes) -> str:
    """Width from the first byte alone, continuation bytes unchecked: what the kernel promises for invalid UTF-8."""
    out, i = "", 0
    while i < len(raw):
        byte = raw[i]
        width = (
            1
            if byte < 0x80
            else 2
            if 0xC2 <= byte < 0xE0
            else 3
            if 0xE0 <= byte < 0xF0
            else 4
            if 0xF0 <= byte < 0xF5
            else 0
        )
        if width == 0 or i + width > len(raw):
            out, i = out + "\ufffd", i + 1
            continue
        point = byte if width == 1 else byte & (0x7F >> width)
        for more in raw[i + 1 : i + width]:
            point = point << 6 | more & 0x3F
        if point >= 0x110000:
            out, i = out + "\ufffd", i + 1
        else:
            out, i = out + chr(point), i + width
    return out


def test_equal_words_have_equal_hashes_wherever_they_stand() -> None:
    s = segment("alpha beta alpha", "gamma alpha.")
    words = [words_of(s, 0), words_of(s, 1)]
    hashes = dict(zip([*words[0], *words[1]], s.word_hash.tolist(), strict=True))
    assert words == [["alpha", "beta", "alpha"], ["gamma", "alpha", "."]]
    assert len({hashes[w] for w in ("alpha", "beta", "gamma", ".")}) == 4
    assert s.word_hash[0] == s.word_hash[2] == s.word_hash[4]


def test_a_slice_is_read_in_place_and_scratch_is_reused() -> None:
    array = pa.array(["one two", "three", "four five six"], pa.large_string())
    segmenter = Segmenter()
    segmenter(*string_buffers(array))
    s = segmenter(*string_buffers(array.slice(1)))
    assert [words_of(s, d) for d in range(2)] == [["three"], ["four", "five", "six"]]
    assert np.diff(s.word_offsets).tolist() == [1, 3]


def test_no_documents() -> None:
    s = segment()
    assert len(s.chars) == 0
    assert s.word_offsets.tolist() == [0]
