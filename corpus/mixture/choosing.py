"""Chooses the documents of a mixture by hashes, so that the choice depends on the documents alone.

Held out: each document whose hash is below the share. Copies have one hash, that of their cluster, so they are on one
side. The hash has no seed: all mixtures of a lake hold out the same documents, as far as their shares agree.

Trained on: by another hash, which the seed changes. A group that is to be read e times has each document floor(e)
times, and the documents with the least hashes once more, until the group has its tokens.

Source of the hash: MurmurHash3's finalizer, over the first 60 bits of an id.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from corpus.dedup.joined import clusters
from corpus.lake import Lake
from corpus.mixture.allocation import Share, allocate
from corpus.mixture.rounding import TOP, below, of_group, once_more
from corpus.mixture.settings import Mixture

_BITS = 60  # of an id that are hashed: 15 hex digits
_HELD_OUT = 0x5EED  # salt of the first hash


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a mixture: what the corpus has of it, and what the mixture takes."""

    group: str
    documents: int  # kept documents
    tokens: int  # of them
    held_out_documents: int
    held_out_tokens: int
    share: Share | None  # None: the mixture has no weight for it, so it is left out


def hashed(column: str, seed: int) -> pl.Expr:
    """Returns uint64: the hash of a column of hex digits."""
    h = pl.col(column).str.slice(0, _BITS // 4).str.to_integer(base=16).cast(pl.UInt64)
    h = (h ^ pl.lit(seed, pl.UInt64)) * pl.lit(0x9E3779B97F4A7C15, pl.UInt64)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = (h ^ (h // pl.lit(1 << 33, pl.UInt64))) * pl.lit(factor, pl.UInt64)
    return h ^ (h // pl.lit(1 << 33, pl.UInt64))


Allocation = Callable[[Mixture, Mapping[str, int]], dict[str, Share]]


def choose(
    mixture: Mixture, candidates: pl.LazyFrame, allocation: Allocation = allocate
) -> tuple[list[Group], pl.LazyFrame]:
    """Returns what each group has and gets, and the documents of the mixture with `split` and `repeats`.

    `candidates` has id, unit (hex digits that copies have in common), group, tokens. It is read three times, in pieces.
    Raises `UserError` for a shortage.
    """
    marked = _held_out(mixture, candidates)
    counts = (
        marked.group_by("group", "held")
        .agg(documents=pl.len(), tokens=pl.col("tokens").sum())
        .collect(engine="streaming")
    )
    of: dict[tuple[str, bool], tuple[int, int]] = {(g, held): (n, t) for g, held, n, t in counts.iter_rows()}
    names = sorted({group for group, _ in of})
    shares = allocation(mixture, {name: of.get((name, False), (0, 0))[1] for name in names})

    groups = []
    for name in names:
        (n, tokens), (n_held, held_tokens) = of.get((name, False), (0, 0)), of.get((name, True), (0, 0))
        groups.append(Group(name, n + n_held, tokens + held_tokens, n_held, held_tokens, shares.get(name)))
    return groups, _repeated(mixture, marked, shares)


def with_unit(lake: Lake, candidates: pl.LazyFrame) -> pl.LazyFrame:
    """Adds `unit`, which copies have in common: their cluster, or else the hash of their text."""
    if not lake.parts("duplicates"):
        return candidates.with_columns(unit=pl.col("text_hash"))
    members = clusters(lake).select("id", "cluster").unique("id")
    joined = candidates.join(members, on="id", how="left", maintain_order="left")
    return joined.with_columns(unit=pl.coalesce("cluster", "text_hash"))


def held_out_hash(column: str) -> pl.Expr:
    """Returns uint64: the hash by which documents are held out, the least ones first."""
    return hashed(column, _HELD_OUT)


def _held_out(mixture: Mixture, candidates: pl.LazyFrame) -> pl.LazyFrame:
    """Adds `held`: whether a document is held out. A group of two units or more holds out at least one."""
    marked = candidates.with_columns(_unit=held_out_hash("unit"))
    if mixture.held_out == 0:
        return marked.with_columns(held=pl.lit(False))
    limit = min(int(mixture.held_out * TOP), TOP - 1)
    least = marked.group_by("group").agg(least=pl.col("_unit").min(), most=pl.col("_unit").max())
    first = [low for _, low, high in least.collect(engine="streaming").rows() if limit <= low < high]
    # A unit that is held out for one group is held out in all of them: copies stay on one side.
    held = (pl.col("_unit") < limit) | pl.col("_unit").is_in(pl.Series(first, dtype=pl.UInt64).implode())
    return marked.with_columns(held=held)


def _repeated(mixture: Mixture, marked: pl.LazyFrame, shares: Mapping[str, Share]) -> pl.LazyFrame:
    """Returns the documents that are held out, with one repeat, or trained on, with their number of repeats."""
    ranked = marked.with_columns(_rank=hashed("id", mixture.seed + 1)).filter(pl.col("group").is_in(list(shares)))
    whole = {group: math.floor(share.epochs + 1e-9) for group, share in shares.items()}
    limits, more = once_more(mixture, ranked.filter(~pl.col("held")), shares, whole)

    repeats = of_group(whole, pl.Int32) + (below(limits) | pl.col("id").is_in(more)).cast(pl.Int32)
    ranked = ranked.with_columns(
        split=pl.when("held").then(pl.lit("held_out")).otherwise(pl.lit("train")),
        repeats=pl.when("held").then(pl.lit(1, pl.Int32)).otherwise(repeats),
    )
    return ranked.filter(pl.col("repeats") > 0)
