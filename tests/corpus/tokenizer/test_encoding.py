"""Encoding against the `tokenizers` library, for a tokenizer that takes the fast way and for one that does not."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from corpus.tokenizer import encoding
from corpus.tokenizer.encoding import Encoder, is_by_piece
from corpus.tokenizer.learning import learn
from corpus.tokenizer.loading import FILE, load

TEXTS = ["the cat sat on the mat, 12 times", "def f(x):\n    return x + 1\n", "naïve café — 中文 😀", ""] * 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer")
    learn(TEXTS, 420, path)
    return path


def library(folder: Path, texts: list[str]) -> list[list[int]]:
    return [one.ids for one in load(folder).tokenizer.encode_batch(texts, add_special_tokens=False)]


def encoded(encoder: Encoder, texts: list[str]) -> list[list[int]]:
    tokens, lengths = encoder(pa.array(texts, pa.large_string()))
    return [each.tolist() for each in np.split(tokens, np.cumsum(lengths)[:-1])] if texts else []


ANY = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(list(" \n\t09aé中😀<|>x"))), max_size=80)


@given(
    st.lists(st.one_of(ANY, st.sampled_from(["<|endoftext|>", "<0x41>", "<0xFF> <|im_end|>"])), min_size=1, max_size=5)
)
def test_tokens_are_those_of_the_library_and_decode_to_the_text(folder: Path, texts: list[str]) -> None:
    encoder = encoding.encoder(folder)
    ids = encoded(encoder, texts)
    assert ids == library(folder, texts)
    for text, of_text in zip(texts, ids, strict=True):
        assert load(folder).tokenizer.decode(of_text, skip_special_tokens=False) == text
        assert not set(of_text) & {0, 1, 2, 3}, "what looks like a control token is plain characters"


def test_what_was_learned_before_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Growing, forgetting and long pieces: the same tokens."""
    texts = [f"word{i} " * 3 + "x" * 300 for i in range(400)]
    plain = encoded(Encoder(load(folder)), texts)
    monkeypatch.setattr(encoding, "_FIRST_PIECES", 8)
    monkeypatch.setattr(encoding, "_FIRST_BYTES", 16)
    monkeypatch.setattr(encoding, "_MOST_PIECES", 100)
    monkeypatch.setattr(encoding, "_PIECES", 7)
    assert encoded(Encoder(load(folder)), texts) == plain == library(folder, texts)


def test_another_kind_of_tokenizer_goes_through_the_library(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"<eos>": 0, "hello": 1, "world": 2, "[UNK]": 3}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / FILE))
    vocabulary = load(tmp_path)
    assert not is_by_piece(vocabulary.tokenizer)
    assert encoded(Encoder(vocabulary), ["Hello WORLD", "", "other world"]) == [[1, 2], [], [3, 2]]


def test_ids_take_two_bytes_if_they_fit(folder: Path) -> None:
    tokens, _ = Encoder(load(folder))(pa.array(["a"], pa.large_string()))
    assert tokens.dtype == np.uint16
