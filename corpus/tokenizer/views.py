"""What a person asks of the lake's tokenizer: how many bytes a token holds, by source, beside other tokenizers."""

from dataclasses import dataclass

import polars as pl

from corpus import artifacts
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.tokenizer.stages import current
from corpus.tokenizer.steps import KIND, OWN


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a tokenizer fits a source."""

    tokenizer: str  # own, or the path of another
    vocab_size: int
    source: str
    documents: int
    bytes: int
    tokens: int
    bytes_per_token: float


@dataclass(frozen=True, slots=True)
class TokenizerView:
    """The tokenizer of a lake."""

    tokenizer: str  # key
    folder: str  # in Hugging Face's format
    vocab_size: int
    bytes_per_token: float  # over all sources
    fits: list[Fit]  # by source, the lake's own first


def tokenizer(lake: Lake) -> TokenizerView:
    """Returns the lake's tokenizer; raises `UserError` if it has none."""
    key = current(lake)
    if not key:
        raise UserError(f"lake {lake.url} has no tokenizer yet; make one: pomona tokenizer train")
    rows = lake.scan("tokenizers").sort("source", pl.col("tokenizer") != OWN, "tokenizer").collect().to_dicts()
    fits = [Fit(**row, bytes_per_token=row["bytes"] / max(row["tokens"], 1)) for row in rows]
    own = [fit for fit in fits if fit.tokenizer == OWN]
    per_token = sum(fit.bytes for fit in own) / max(sum(fit.tokens for fit in own), 1)
    folder = artifacts.Artifact(kind=KIND, key=key, stage="").path
    size = own[0].vocab_size if own else 0
    return TokenizerView(key, f"{lake.root if lake.is_local else lake.url}/{folder}", size, per_token, fits)
