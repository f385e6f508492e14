"""A tokenizer from a folder or a file, with what training needs to know of it. No code of the folder is run."""

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from corpus.errors import UserError

FILE, SETTINGS = "tokenizer.json", "tokenizer_config.json"
_END_TOKENS = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "[SEP]")  # if the settings name none


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer, and the ids that a corpus of its tokens needs."""

    tokenizer: Any  # tokenizers.Tokenizer
    folder: Path
    end: int  # id of the token that ends a document
    pad: int  # id of the token that fills a sequence up; that of `end` if the tokenizer has none of its own
    begin: int | None  # id of the token that begins a document, if it has one

    @cached_property
    def size(self) -> int:
        """Returns the number of ids: the highest one, plus one."""
        return 1 + max(self.tokenizer.get_vocab(with_added_tokens=True).values())

    @property
    def dtype(self) -> Any:
        """Returns the type of an id in files: uint16 if all fit."""
        return np.uint16 if self.size <= 1 << 16 else np.uint32

    @cached_property
    def key(self) -> str:
        """Returns a hash of everything that changes ids."""
        parts = [self.tokenizer.to_str(), self.end, self.pad, self.begin]
        return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def load(path: str | Path) -> Vocabulary:
    """Loads a folder in Hugging Face's format, or one `tokenizer.json`; raises `UserError` in one line."""
    from tokenizers import Tokenizer

    path = Path(path).expanduser()
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        what = f"it has no {FILE}" if path.is_dir() else "there is no such file or folder"
        raise UserError(f"tokenizer {path}: {what}; name a folder that has a {FILE}, or the file itself")
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises Exception itself
        raise UserError(f"tokenizer {file}: it cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if getattr(tokenizer.model, "dropout", None):
        tokenizer.model.dropout = None  # the same text has the same ids
    tokenizer.encode_special_tokens = True  # a corpus is text: what looks like a special token is plain characters

    settings = _settings(file.parent / SETTINGS)
    end = _id(tokenizer, settings, "eos_token", _END_TOKENS)
    if end is None:
        raise UserError(
            f"tokenizer {path}: no token ends a document; name one as eos_token in {SETTINGS}, e.g. {_END_TOKENS[0]}"
        )
    pad = _id(tokenizer, settings, "pad_token", ())
    return Vocabulary(
        tokenizer, file.parent, end, end if pad is None else pad, _id(tokenizer, settings, "bos_token", ())
    )


def _settings(file: Path) -> dict[str, Any]:
    try:
        settings = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"tokenizer settings {file}: they cannot be read: {error}") from error
    return settings if isinstance(settings, dict) else {}


def _id(tokenizer: Any, settings: dict[str, Any], field: str, otherwise: tuple[str, ...]) -> int | None:
    """Returns the id of the token that a field of the settings names, else of the first that the vocabulary has."""
    named = settings.get(field)
    text = named.get("content") if isinstance(named, dict) else named
    for candidate in (text, *otherwise):
        token_id = tokenizer.token_to_id(candidate) if isinstance(candidate, str) else None
        if token_id is not None:
            return int(token_id)
    return None
