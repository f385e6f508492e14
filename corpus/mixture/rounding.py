"""Rounds the shares of groups to whole documents: which ones occur once more, so that each group has its tokens.

1. Documents are in the order of a hash. Sums over its buckets show where the tokens of a group end: at a limit.
2. The document at the limit is mostly too long. Later ones that fit fill the rest.
3. If more than a hundredth is missing still, all documents of the group are asked whether they fit, and a group of few
   documents tries other orders.

Where the shares follow from the corpus, groups may be smaller than a document (a thousand domains). They share what
they lack: the next documents of any group fill it.

A group has no more tokens than its share, except that a group with a weight has at least one document. A miss above
the mixture's tolerance is an error.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from corpus.errors import UserError
from corpus.mixture.allocation import Share
from corpus.mixture.settings import Mixture
from corpus.sizes import count_text

TOP = 2**64  # above all hashes
_BUCKETS = 1 << 12
_LOOKED_AT = 256  # documents of a group that step 2 looks at; a group of no more tries other orders
_ASKED = 1 << 16  # documents that step 3 asks
_SMALL = 0.01  # share of a group's tokens, or of the mixture's, that may be missing without more ado


@dataclass
class _Rest:
    """What a group has once more: the documents with a hash below the limit, and some after it."""

    limit: int
    lacks: float  # tokens that are missing still
    more: list[str] = field(default_factory=list)  # ids


def once_more(
    mixture: Mixture, ranked: pl.LazyFrame, shares: Mapping[str, Share], whole: Mapping[str, int]
) -> tuple[dict[str, int], list[str]]:
    """Returns for each group the hash below which its documents occur once more, and the ids of some after it.

    `ranked` has id, group, tokens and _rank, the hash. All documents of a group occur `whole` times anyway.
    Raises `UserError` for a group that misses its share.
    """
    rests = _by_hash(ranked, shares, whole)
    if mixture.weights:
        for group, rest in rests.items():
            if rest.lacks > _SMALL * shares[group].tokens:
                rests[group] = _improved(ranked, group, rest, shares[group], whole[group])
        lacks = {group: rest.lacks for group, rest in rests.items()}
    else:
        with_room = [group for group, share in shares.items() if share.epochs < mixture.cap(group) - 1e-9]
        after = _after(ranked.filter(pl.col("group").is_in(with_room)), rests)
        ids, missing = _fitting(after, sum(rest.lacks for rest in rests.values()))
        rests[""], lacks = _Rest(0, missing, ids), {"": missing}

    _refuse_a_miss(mixture, shares, lacks)
    return {group: rest.limit for group, rest in rests.items()}, [id for rest in rests.values() for id in rest.more]


def below(limits: Mapping[str, int]) -> pl.Expr:
    """Returns whether a document's hash is below the limit of its group."""
    return pl.col("_rank") < of_group(limits, pl.UInt64)


def of_group(values: Mapping[str, int], kind: type[pl.DataType]) -> pl.Expr:
    """Returns the value of a document's group; 0 for a group without one."""
    names, numbers = pl.Series(list(values), dtype=pl.String), pl.Series(list(values.values()), dtype=kind)
    return pl.col("group").replace_strict(names, numbers, default=0, return_dtype=kind)


def _by_hash(ranked: pl.LazyFrame, shares: Mapping[str, Share], whole: Mapping[str, int]) -> dict[str, _Rest]:
    """Steps 1 and 2. Only the documents of the bucket where a group ends, and some that follow, are sorted."""
    ranked = ranked.with_columns(_bucket=pl.col("_rank") // pl.lit(TOP // _BUCKETS, pl.UInt64))
    sums = ranked.group_by("group", "_bucket").agg(documents=pl.len().cast(pl.Int64), tokens=pl.col("tokens").sum())
    lacks: dict[str, float] = {}  # tokens that a group lacks where its last bucket begins
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
    return {str(name): _filled(rows, lacks[str(name)]) for (name,), rows in ordered.group_by("group")}


def _filled(rows: pl.DataFrame, lacks: float) -> _Rest:
    """Returns what a group has of its documents from some bucket on, which are in the order of their hashes."""
    tokens, ranks = rows["tokens"].to_numpy(), rows["_rank"]
    through = np.cumsum(tokens)
    n = int(np.searchsorted(through, lacks + 1e-6, "right"))
    limit = int(ranks[n]) if n < len(tokens) else int(ranks[n - 1]) + 1
    ids, left = _fitting(rows[n:], lacks - (int(through[n - 1]) if n else 0))
    return _Rest(limit, left, ids)


def _improved(ranked: pl.LazyFrame, group: str, rest: _Rest, share: Share, whole: int) -> _Rest:
    """Step 3, for one group with a weight."""
    ranked = ranked.filter(pl.col("group") == group)
    ids, left = _fitting(_after(ranked, {group: rest}), rest.lacks)
    better = _Rest(rest.limit, left, rest.more + ids)
    columns = ranked.select("id", "tokens", "_rank")
    few = columns.head(_LOOKED_AT + 1).collect(engine="streaming")
    if better.lacks > _SMALL * share.tokens and few.height <= _LOOKED_AT:
        better = min(better, _in_other_orders(few.sort("_rank"), share.tokens, whole), key=lambda one: one.lacks)

    if better.lacks < share.tokens:
        return better
    shortest = columns.bottom_k(1, by=["tokens", "_rank"]).collect(engine="streaming")  # each group has a document
    return _Rest(0, share.tokens - int(shortest["tokens"][0]), shortest["id"].to_list())


def _after(ranked: pl.LazyFrame, rests: Mapping[str, _Rest]) -> pl.DataFrame:
    """Returns the documents that are not taken yet and fit, in the order of their hashes; the first ones of many."""
    taken = [id for rest in rests.values() for id in rest.more]
    is_taken = below({group: rest.limit for group, rest in rests.items()}) | pl.col("id").is_in(taken)
    fits = pl.col("tokens") <= sum(rest.lacks for rest in rests.values()) + 1e-6
    rows = ranked.filter(fits & ~is_taken).select("id", "tokens", "_rank")
    return rows.bottom_k(_ASKED, by="_rank").collect(engine="streaming").sort("_rank")


def _in_other_orders(rows: pl.DataFrame, wanted: float, whole: int) -> _Rest:
    """Returns the best of taking what fits from the first document on, from the second on, and so forth."""
    wanted -= whole * int(rows["tokens"].sum())
    tried = (_fitting(pl.concat([rows[first:], rows[:first]]), wanted) for first in range(rows.height))
    ids, left = min(tried, key=lambda one: one[1])
    return _Rest(0, left, ids)


def _fitting(rows: pl.DataFrame, lacks: float) -> tuple[list[str], float]:
    """Returns the ids of the documents that fit, one after the other, and the tokens that are missing then."""
    chosen = []
    for i, tokens in enumerate(rows["tokens"].to_list()):
        if tokens <= lacks + 1e-6:
            lacks -= tokens
            chosen.append(i)
    return rows["id"][chosen].to_list() if chosen else [], lacks


def _refuse_a_miss(mixture: Mixture, shares: Mapping[str, Share], lacks: Mapping[str, float]) -> None:
    """Raises `UserError` for the group that misses its share the most. '' is all groups together."""
    total = sum(share.tokens for share in shares.values())
    wanted = {group: shares[group].tokens if group else total for group in lacks}
    missed = {
        group: abs(missing) / wanted[group]
        for group, missing in lacks.items()
        if abs(missing) > max(mixture.tolerance * wanted[group], _SMALL * total)
    }
    if not missed:
        return
    worst = max(missed, key=lambda group: missed[group])
    raise UserError(
        f"mixture {mixture.name!r}: {f'{worst!r} comes' if worst else 'it comes'} out at "
        f"{count_text(int(wanted[worst] - lacks[worst]))} tokens, not {count_text(int(wanted[worst]))}, because "
        "documents are taken whole and these are long. Ask for more tokens, allow more repeats, or allow the miss: "
        f"tolerance {math.ceil(missed[worst] * 100) / 100:g}"
    )
