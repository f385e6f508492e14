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

import numpy as np
import polars as pl

from corpus.dedup.joined import clusters
from corpus.lake import Lake
from corpus.mixture.allocation import Share, allocate
from corpus.mixture.settings import Mixture

_BITS = 60  # of an id that are hashed: 15 hex digits
_BUCKETS = 1 << 12  # of the hash, for sums that show where the last document is
_HELD_OUT = 0x5EED  # salt of the first hash
_LOOKED_AT = 256  # documents that may fill the rest of a group's tokens
_TOP = 2**64


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


def _held_out(mixture: Mixture, candidates: pl.LazyFrame) -> pl.LazyFrame:
    """Adds `held`: whether a document is held out. A group of two units or more holds out at least one."""
    marked = candidates.with_columns(_unit=hashed("unit", _HELD_OUT))
    if mixture.held_out == 0:
        return marked.with_columns(held=pl.lit(False))
    limit = min(int(mixture.held_out * _TOP), _TOP - 1)
    least = marked.group_by("group").agg(least=pl.col("_unit").min(), most=pl.col("_unit").max())
    first = [low for _, low, high in least.collect(engine="streaming").rows() if limit <= low < high]
    # A unit that is held out for one group is held out in all of them: copies stay on one side.
    held = (pl.col("_unit") < limit) | pl.col("_unit").is_in(pl.Series(first, dtype=pl.UInt64).implode())
    return marked.with_columns(held=held)


def _repeated(mixture: Mixture, marked: pl.LazyFrame, shares: Mapping[str, Share]) -> pl.LazyFrame:
    """Returns the documents that are held out, with one repeat, or trained on, with their number of repeats."""
    ranked = marked.with_columns(_rank=hashed("id", mixture.seed + 1)).filter(pl.col("group").is_in(list(shares)))
    whole = {group: math.floor(share.epochs + 1e-9) for group, share in shares.items()}
    limits, more = _once_more(ranked.filter(~pl.col("held")), shares, whole)

    once_more = (pl.col("_rank") < _of_group(limits, pl.UInt64)) | pl.col("id").is_in(more)
    repeats = _of_group(whole, pl.Int32) + once_more.cast(pl.Int32)
    ranked = ranked.with_columns(
        split=pl.when("held").then(pl.lit("held_out")).otherwise(pl.lit("train")),
        repeats=pl.when("held").then(pl.lit(1, pl.Int32)).otherwise(repeats),
    )
    return ranked.filter(pl.col("repeats") > 0)


def _once_more(
    ranked: pl.LazyFrame, shares: Mapping[str, Share], whole: Mapping[str, int]
) -> tuple[dict[str, int], list[str]]:
    """Returns for each group the hash below which its documents occur once more, and the ids of some after it.

    Sums over buckets of the hash show in which bucket the group's tokens end. Only the documents of that bucket, and
    some that follow, are sorted. Where the next document is too long, later ones that fit fill the rest, so a group
    never has more tokens than its share, and hardly fewer.
    """
    bucket = pl.col("_rank") // pl.lit(_TOP // _BUCKETS, pl.UInt64)
    ranked = ranked.with_columns(_bucket=bucket)
    sums = ranked.group_by("group", "_bucket").agg(documents=pl.len().cast(pl.Int64), tokens=pl.col("tokens").sum())
    lacks: dict[str, float] = {}  # tokens that a group still lacks where its last bucket begins
    looked_at = []
    for (name,), rows in sums.collect(engine="streaming").sort("group", "_bucket").group_by("group"):
        group = str(name)
        before = (rows["tokens"].cum_sum() - rows["tokens"]).to_numpy()
        wanted = shares[group].tokens - whole[group] * int(rows["tokens"].sum())
        last = max(int(np.searchsorted(before, wanted, "right")) - 1, 0)
        lacks[group] = wanted - int(before[last])
        after = (rows["documents"].cum_sum() - rows["documents"][: last + 1].sum()).to_numpy()
        looked_at.append(rows[last : int(np.searchsorted(after, _LOOKED_AT)) + 1].select("group", "_bucket"))

    inside = ranked.join(pl.concat(looked_at).lazy(), on=["group", "_bucket"], how="semi")
    ordered = inside.select("group", "id", "_rank", "tokens").sort("group", "_rank").collect(engine="streaming")
    limits: dict[str, int] = {}
    more: list[str] = []
    for (name,), rows in ordered.group_by("group"):
        group = str(name)
        limits[group], chosen = _filled(rows, lacks[group])
        nothing = not chosen and limits[group] <= int(rows["_rank"][0]) and lacks[group] == shares[group].tokens
        more += rows.sort("tokens", "_rank")["id"][:1].to_list() if nothing else chosen  # each group has a document
    return limits, more


def _filled(rows: pl.DataFrame, lacks: float) -> tuple[int, list[str]]:
    """Returns (hash below which documents are taken, ids after it), for a group's documents from some bucket on."""
    tokens, ranks = rows["tokens"].to_numpy(), rows["_rank"]
    through = np.cumsum(tokens)
    n = int(np.searchsorted(through, lacks + 1e-6, "right"))
    left = lacks - (int(through[n - 1]) if n else 0)
    chosen = []
    for i in range(n, len(tokens)):
        if tokens[i] <= left + 1e-6:
            left -= int(tokens[i])
            chosen.append(i)
    limit = int(ranks[n]) if n < len(tokens) else int(ranks[n - 1]) + 1
    return limit, rows["id"][chosen].to_list() if chosen else []


def _of_group(values: Mapping[str, int], kind: type[pl.DataType]) -> pl.Expr:
    """Returns the value of a document's group; 0 for a group without one."""
    names, numbers = pl.Series(list(values), dtype=pl.String), pl.Series(list(values.values()), dtype=kind)
    return pl.col("group").replace_strict(names, numbers, default=0, return_dtype=kind)
