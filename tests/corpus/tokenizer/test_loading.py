"""Loading a tokenizer: which tokens end and fill, and mistakes in one line."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models

from corpus.errors import UserError
from corpus.tokenizer.loading import FILE, SETTINGS, load


def saved(folder: Path, vocabulary: dict[str, int], settings: dict[str, object] | None = None) -> Path:
    Tokenizer(models.WordLevel(vocabulary, unk_token="a")).save(str(folder / FILE))
    if settings is not None:
        (folder / SETTINGS).write_text(json.dumps(settings))
    return folder


def test_settings_name_the_end_and_the_filling(tmp_path: Path) -> None:
    settings = {"eos_token": {"content": "b"}, "pad_token": "c", "bos_token": None}
    vocabulary = load(saved(tmp_path, {"a": 0, "b": 1, "c": 7}, settings))
    assert (vocabulary.end, vocabulary.pad, vocabulary.begin, vocabulary.size) == (1, 7, None, 8)


def test_without_settings_a_usual_name_ends_a_document_and_fills(tmp_path: Path) -> None:
    vocabulary = load(saved(tmp_path, {"a": 0, "</s>": 5}) / FILE)
    assert (vocabulary.end, vocabulary.pad) == (5, 5)


def test_the_key_changes_with_what_ends_a_document(tmp_path: Path) -> None:
    first = load(saved(tmp_path, {"a": 0, "b": 1}, {"eos_token": "a"})).key
    assert load(saved(tmp_path, {"a": 0, "b": 1}, {"eos_token": "b"})).key != first


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        (None, None, "it has no tokenizer.json"),
        ("{}", None, "it cannot be read"),
        ("not json", None, "it cannot be read"),
        ("", "[", "they cannot be read"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, content: str | None, settings: str | None, words: str) -> None:
    if content == "":
        saved(tmp_path, {"a": 0})
    elif content is not None:
        (tmp_path / FILE).write_text(content)
    if settings is not None:
        (tmp_path / SETTINGS).write_text(settings)
    with pytest.raises(UserError, match=words):
        load(tmp_path)


def test_a_tokenizer_without_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"no token ends a document; name one as eos_token in {SETTINGS}"):
        load(saved(tmp_path, {"a": 0, "b": 1}))
