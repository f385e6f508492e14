"""What a person asks of a mixture: what each group has and gives, and which benchmark items its documents touch."""

from dataclasses import dataclass

import polars as pl

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.mixture.stages import slot

_SLOT = slot("")


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group of a mixture."""

    group: str
    weight: float  # share of the tokens that the mixture asks for, in [0, 1]
    share: float  # that it has
    documents: int  # kept documents of the corpus
    tokens: int  # of them
    held_out_documents: int
    held_out_tokens: int
    documents_taken: int  # different documents that are trained on
    tokens_taken: int  # repeats included
    epochs: float  # tokens taken / tokens that are not held out


@dataclass(frozen=True, slots=True)
class MixtureView:
    """A mixture: its tokens by group, before and after, and the benchmark items that it touches."""

    mixture: str
    tokens: int  # repeats included
    tokens_are: str  # counted, or estimated from bytes because the lake has no tokenizer yet
    documents: int  # different documents that are trained on
    held_out_documents: int
    held_out_tokens: int
    groups: list[GroupView]  # the largest first
    left_out_groups: int  # that have no weight
    left_out_documents: int
    left_out_tokens: int
    touched: dict[str, int]  # items that its documents touch, by benchmark


def names(lake: Lake) -> list[str]:
    """Returns the names of the mixtures of a lake, in the order of the alphabet."""
    lineages = lake.lineages("mixtures") if lake.exists("mixtures") else {}
    return sorted(name.removeprefix(_SLOT) for name in lineages)


def mixture(lake: Lake, name: str) -> MixtureView:
    """Returns one mixture; raises `UserError` if the lake has none of that name."""
    lineage = lake.current("mixtures", slot(name)) if lake.exists("mixtures") else None
    if lineage is None:
        known = names(lake)
        if known:
            raise unknown("mixture", name, known)
        raise UserError(f"lake {lake.url} has no mixture {name!r} yet; make it: pomona mix --name {name}")

    taken = pl.col("tokens") * pl.col("repeats")
    train = pl.col("split") == "train"
    rows = (
        lake.scan("mixtures", slot=slot(name))
        .group_by("group")
        .agg(
            documents=train.sum(),
            tokens=taken.filter(train).sum(),
            once=pl.col("tokens").filter(train).sum(),
            held_documents=(~train).sum(),
            held_tokens=pl.col("tokens").filter(~train).sum(),
        )
        .collect(engine="streaming")
    )
    total = int(rows["tokens"].sum())
    had = lake.counts("mixtures", slot(name))
    groups = [_group(row, had, total) for row in rows.sort("tokens", "group", descending=[True, False]).to_dicts()]
    touched = lake.scan("touched", slot=slot(name)).group_by("benchmark").len("n").sort("benchmark").collect()
    return MixtureView(
        name, total, str(lineage.config.get("tokens_are", "")), sum(one.documents_taken for one in groups),
        sum(one.held_out_documents for one in groups), sum(one.held_out_tokens for one in groups), groups,
        had.get("left_out_groups", 0), had.get("left_out_documents", 0), had.get("left_out_tokens", 0),
        dict(touched.iter_rows()),
    )  # fmt: skip


def _group(row: dict[str, int], had: dict[str, int], total: int) -> GroupView:
    group = str(row["group"])
    tokens = had.get(f"tokens:{group}", 0)
    left = tokens - row["held_tokens"]
    return GroupView(
        group, had.get(f"weight:{group}", 0) / 10**9, row["tokens"] / max(total, 1), had.get(f"documents:{group}", 0),
        tokens, row["held_documents"], row["held_tokens"], row["documents"], row["tokens"],
        row["tokens"] / left if left > 0 else 0.0,
    )  # fmt: skip
