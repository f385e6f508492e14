"""Turns documents into vectors. The cosine of two vectors measures how much the documents say the same.

  hashed   words and pairs of words of the normal text, 1 + log(count), signed hashing into 256 numbers. It needs no
           model and no download. Source: Weinberger et al. 2009, Feature Hashing for Large Scale Multitask Learning
  PATH     a sentence-transformers model in a folder. Its weights are safetensors, and its code is not run

D documents, E numbers per vector.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.errors import UserError
from corpus.text.mixing import GOLDEN, mix64
from corpus.text.normal import normalize

VERSION = 1  # raise it when the same text gives another vector
HASHED = "hashed"
_HASHED_SIZE = 256
_BUCKETS = 1 << 18  # in which features are counted; features in the same bucket count as one

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedding:
    """The method that makes the vectors."""

    model: str = HASHED

    @property
    def is_hashed(self) -> bool:
        """Whether the vectors are made of hashed words."""
        return self.model == HASHED

    def check(self) -> None:
        """Raises `UserError` if the model is not a folder with a model or its library is missing. Loads neither."""
        if self.is_hashed:
            return
        if not (Path(self.model) / "modules.json").is_file():
            raise UserError(
                f"model {self.model!r} is neither {HASHED!r} nor a folder with a sentence-transformers model "
                "(modules.json); fetch one first and give its path"
            )
        if find_spec("sentence_transformers") is None:
            raise UserError(f"model {self.model!r} needs a package: pip install 'pomona[semantic]'")


def embed(text: pa.Array | pa.ChunkedArray, embedding: Embedding) -> Vectors:
    """Returns float32 (D, E): vectors of length 1, or all zeros for a text without words."""
    return _hashed(text) if embedding.is_hashed else _of_model(text, embedding.model)


def normalized(vectors: Vectors) -> Vectors:
    """Returns each row scaled to length 1; rows of zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _hashed(text: pa.Array | pa.ChunkedArray) -> Vectors:
    words = normalize(text)
    vectors = np.zeros((len(words.offsets) - 1, _HASHED_SIZE), np.float32)
    _features(words.hash, words.offsets, np.zeros(_BUCKETS, np.int32), np.empty(_BUCKETS, np.int64), vectors)
    return normalized(vectors)


@njit(cache=True, nogil=True)
def _features(words, offsets, counts, touched, vectors):
    # For each document, counts its words and pairs of words in buckets. Then each bucket that was touched adds the
    # logarithm of its count, with its own sign, at four places of the vector, and is emptied.
    mask = np.uint64(counts.size - 1)
    for d in range(offsets.size - 1):
        n = 0
        for i in range(offsets[d], offsets[d + 1]):
            for pair in range(2):
                if pair and i + 1 == offsets[d + 1]:
                    continue
                h = mix64(words[i] + np.uint64(3) * words[i + 1]) if pair else mix64(words[i])
                bucket = np.int64(h & mask)
                if counts[bucket] == 0:
                    touched[n] = bucket
                    n += 1
                counts[bucket] += 1

        for k in range(n):
            bucket = touched[k]
            weight = np.float32(1 + np.log(counts[bucket]))
            h = mix64(np.uint64(bucket) + GOLDEN)
            for _ in range(4):  # places of a feature, so that two strong features collide less often
                place = np.int64(h % np.uint64(vectors.shape[1]))
                h = mix64(h)
                vectors[d, place] += weight if h >> np.uint64(63) else -weight
            counts[bucket] = 0


def _of_model(text: pa.Array | pa.ChunkedArray, path: str) -> Vectors:
    encoded = _model(path).encode(text.to_pylist(), convert_to_numpy=True, show_progress_bar=False)
    return normalized(np.asarray(encoded, np.float32).reshape(len(text), -1))


@lru_cache(maxsize=1)
def _model(path: str) -> Any:
    from sentence_transformers import SentenceTransformer

    safe = {"use_safetensors": True}
    try:
        return SentenceTransformer(path, local_files_only=True, trust_remote_code=False, model_kwargs=safe)
    except MemoryError:
        raise
    except Exception as error:  # a broken folder can cause any error in these libraries
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(f"the model in {path!r} cannot be loaded ({cause}); fetch it again") from error


def as_lists(vectors: Vectors) -> pa.Array:
    """Returns a column of `embeddings`."""
    offsets = np.arange(0, vectors.size + 1, max(vectors.shape[1], 1), dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(vectors).ravel()))


def from_lists(column: pa.Array | pa.ChunkedArray) -> Vectors:
    """Returns float32 (D, E) from a column of `embeddings`."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column.flatten().to_numpy().reshape(len(column), -1) if len(column) else np.empty((0, 0), np.float32)
