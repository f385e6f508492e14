"""Measures how fast texts become tokens on this machine."""

import tempfile
from pathlib import Path

import pyarrow as pa

from corpus.rates import rate
from corpus.tokenizer.encoding import Encoder
from corpus.tokenizer.learning import learn
from corpus.tokenizer.loading import load


def rates(text: pa.Array) -> dict[str, float]:
    """Returns MB/s of encoding, for pieces that are known: new ones grow rare in a large corpus."""
    with tempfile.TemporaryDirectory() as folder:
        learn(text.to_pylist(), 2048, Path(folder), fewer=True)
        encode = Encoder(load(folder))
    encode(text)
    return {"tokens": rate(text.nbytes, lambda: encode(text))}
