"""A learned vocabulary: its order, its control tokens, and what transformers makes of it."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from corpus.errors import UserError
from corpus.tokenizer import learning
from corpus.tokenizer.learning import ALWAYS, BYTES, CONTROL, LEAST_SIZE, learn
from corpus.tokenizer.loading import FILE, load
from corpus.tokenizer.settings import Tokenizer

TEXTS = ["the quick brown fox jumps over the lazy dog " * 4, "numbers 123 456", "naïve café ëëë"] * 30


def test_control_tokens_come_first_then_bytes_then_what_was_learned(tmp_path: Path) -> None:
    learn(TEXTS, 420, tmp_path)
    tokenizer = load(tmp_path).tokenizer
    assert tokenizer.get_vocab_size() == 420
    for i, token in enumerate((*CONTROL, *BYTES)):
        assert tokenizer.token_to_id(token) == i
    assert all(tokenizer.token_to_id(character) >= len(CONTROL) + len(BYTES) for character in ALWAYS)
    assert (load(tmp_path).pad, load(tmp_path).end) == (0, 1)


def test_digits_stay_single_and_nothing_is_normalized(tmp_path: Path) -> None:
    learn(["2024 2024 2024 e\u0301 é"] * 50, 5000, tmp_path, fewer=True)
    tokenizer = load(tmp_path).tokenizer
    assert tokenizer.encode("2024", add_special_tokens=False).tokens == ["2", "0", "2", "4"]
    for text in ("e\u0301", "é", "ﬁ", "  two  blanks ", "a\r\nb"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids) == text


def test_the_same_texts_give_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        learn(iter(TEXTS), 420, tmp_path / name)
    assert (tmp_path / "one" / FILE).read_bytes() == (tmp_path / "two" / FILE).read_bytes()


def test_too_little_text_is_an_error_unless_fewer_ids_will_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"too little text for 5,000 ids: it gives \d+; ask for at most that many"):
        learn(TEXTS, 5000, tmp_path)
    learn(TEXTS, 5000, tmp_path, fewer=True)
    assert LEAST_SIZE < load(tmp_path).size < 5000
    with pytest.raises(UserError, match=f"control tokens, bytes and ASCII take {LEAST_SIZE}"):
        learn(TEXTS, LEAST_SIZE - 1, tmp_path)


def test_transformers_loads_it_and_renders_a_chat(tmp_path: Path) -> None:
    learn(TEXTS, 420, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.eos_token == learning.END
    assert tokenizer.decode(tokenizer("the lazy dog  7é")["input_ids"]) == "the lazy dog  7é"
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "hi"}], tokenize=False, add_generation_prompt=True
    )
    assert chat == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    ids = tokenizer(chat)["input_ids"]
    assert ids[0] == tokenizer.convert_tokens_to_ids("<|im_start|>")


def test_the_least_size_of_the_settings_is_what_every_vocabulary_has() -> None:
    with pytest.raises(ValueError, match="386"):
        Tokenizer(vocab_size=LEAST_SIZE - 1)
    assert Tokenizer(vocab_size=LEAST_SIZE).vocab_size == LEAST_SIZE
