"""Texts to tokens: BPE once per distinct piece where the tokenizer allows it, else the `tokenizers` library as it is.

A tokenizer without a normalizer, whose pre-tokenizer is Pomona's pattern, treats each piece by itself. Then the ids of
a text are those of its pieces, one after the other, and only pieces that were not seen before reach the library. The
result is that of the library, which the tests check on arbitrary strings.
"""

import itertools
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpus.text.buffers import string_buffers
from corpus.tokenizer import pieces
from corpus.tokenizer.loading import Vocabulary, load

_MOST_PIECES = 4_000_000  # known at once; then the encoder forgets all of them and begins again
_MOST_BYTES = 256 << 20  # of their texts
_FIRST_PIECES, _FIRST_BYTES = 1 << 17, 1 << 20
_PIECES = 1 << 18  # of one run of the kernel
_SEQUENCE = 4096  # pieces that the library gets as one sequence


class Encoder:
    """Encodes batches of texts with one tokenizer. It remembers pieces, which changes its speed and not its result."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._by_piece = is_by_piece(vocabulary.tokenizer)
        self._model = _of_pieces(vocabulary.tokenizer) if self._by_piece else None
        self._known: pieces.Known
        self._n_known: int
        self._ids: npt.NDArray[Any]
        self._id_offsets: npt.NDArray[np.int64]
        self._n_ids: npt.NDArray[np.int64]
        self._forget()

    def __call__(self, text: pa.Array) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Returns (tokens (T,), tokens of each document (D,)). The tokens are uint16 if all ids fit, else uint32.

        No special token is added, and none is found in a text: what looks like one is encoded as plain characters.
        """
        if self._by_piece:
            return self._fast(text)
        encoded = self.vocabulary.tokenizer.encode_batch_fast(text.to_pylist(), add_special_tokens=False)
        ids = [np.array(one.ids, self.vocabulary.dtype) for one in encoded]
        lengths = np.array([len(one) for one in ids], np.int64)
        return np.concatenate([np.empty(0, self.vocabulary.dtype), *ids]), lengths

    def _fast(self, text: pa.Array) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        offsets, data = string_buffers(text)
        lengths, runs = np.zeros(len(text), np.int64), [np.empty(0, self.vocabulary.dtype)]
        document, at = 0, int(offsets[0])
        while document < len(text):
            if self._n_known > _MOST_PIECES or self._known.starts[self._n_known] > _MOST_BYTES:
                self._forget()
            numbers, counts = np.empty(_PIECES, np.int32), np.zeros(len(text), np.int64)
            before = self._n_known
            document, at, n_pieces, self._n_known, lacking = pieces.number(
                offsets,
                data,
                pieces.classes(),
                self._known,
                before,
                pieces.LONGEST_KNOWN,
                document,
                at,
                numbers,
                counts,
            )
            self._learn(before)

            numbers = numbers[:n_pieces]
            n_tokens = int(self._n_ids[numbers].sum())
            runs.append(np.empty(n_tokens, self.vocabulary.dtype))
            pieces.spread(numbers, self._id_offsets, self._ids, counts, runs[-1], lengths)
            if lacking or self._n_known == len(self._known.hashes):
                self._known = pieces.grown(self._known, self._n_known, lacking)
        return np.concatenate(runs), lengths

    def _learn(self, before: int) -> None:
        """Encodes the pieces that came with this batch."""
        if self._n_known == before:
            return
        starts, data = self._known.starts[before : self._n_known + 1], self._known.data
        raw = data[starts[0] : starts[-1]].tobytes()
        bounds = (starts - starts[0]).tolist()
        new = [raw[a:b].decode() for a, b in itertools.pairwise(bounds)]
        # Given as words of a few long sequences, pieces cost a third of what they cost as sequences of their own.
        rows = [new[i : i + _SEQUENCE] for i in range(0, len(new), _SEQUENCE)]
        assert self._model is not None
        encoded = self._model.encode_batch(rows, is_pretokenized=True, add_special_tokens=False)

        counts = [
            np.bincount(np.array(one.word_ids), minlength=len(row)) for one, row in zip(encoded, rows, strict=True)
        ]
        lengths = np.concatenate(counts)
        ids = np.concatenate([np.array(one.ids, self.vocabulary.dtype) for one in encoded])
        self._ids = np.concatenate([self._ids, ids])
        self._id_offsets = np.concatenate([self._id_offsets, self._id_offsets[-1] + np.cumsum(lengths)])
        self._n_ids = np.diff(self._id_offsets)

    def _forget(self) -> None:
        self._known, self._n_known = pieces.new_known(_FIRST_PIECES, _FIRST_BYTES), 0
        self._ids, self._id_offsets = np.empty(0, self.vocabulary.dtype), np.zeros(1, np.int64)
        self._n_ids = np.empty(0, np.int64)


@lru_cache(maxsize=2)
def encoder(folder: Path) -> Encoder:
    """Returns the encoder of the tokenizer in a folder; a worker uses one for all its work items."""
    return Encoder(load(folder))


def is_by_piece(tokenizer: Any) -> bool:
    """Returns whether a tokenizer treats each piece of Pomona's pattern by itself."""
    parts = json.loads(tokenizer.to_str())
    split = {"type": "Split", "pattern": {"Regex": pieces.PATTERN}, "behavior": "Isolated", "invert": False}
    plain = parts["normalizer"] is None and parts["truncation"] is None and parts["padding"] is None
    return bool(plain and parts["pre_tokenizer"] == split and parts["model"]["type"] == "BPE")


def _of_pieces(tokenizer: Any) -> Any:
    """Returns a tokenizer with the same model that takes pieces: it neither cuts texts nor looks for special tokens."""
    from tokenizers import Tokenizer

    parts = json.loads(tokenizer.to_str())
    return Tokenizer.from_str(json.dumps({**parts, "added_tokens": [], "pre_tokenizer": None, "post_processor": None}))
