"""What a person asks of the token shards of a mixture."""

from dataclasses import dataclass

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.mixture.stages import slot


@dataclass(frozen=True, slots=True)
class ShardsView:
    """The tokens of a mixture, in their training order."""

    mixture: str
    folder: str
    tokenizer: str  # key
    shards: int
    documents: int  # repeats included
    tokens: int
    held_out_documents: int
    held_out_tokens: int


def shards(lake: Lake, mixture: str) -> ShardsView:
    """Returns the shards of a mixture; raises `UserError` if it has none."""
    rows = lake.scan("shards", slot=slot(mixture)).sort("shard").collect().to_dicts()
    if not rows:
        known = lake.scan("shards").select("mixture").unique().collect()["mixture"].to_list()
        if known:
            raise unknown("mixture with token shards", mixture, known)
        raise UserError(f"lake {lake.url} has no token shards yet; make some: pomona tokenize --mixture {mixture}")
    held = [row for row in rows if row["shard"] < 0]
    train = [row for row in rows if row["shard"] >= 0]
    folder = f"{lake.root if lake.is_local else lake.url}/{rows[0]['artifact']}"
    return ShardsView(
        mixture, folder, rows[0]["tokenizer"], len(train), sum(row["documents"] for row in train),
        sum(row["tokens"] for row in train), sum(row["documents"] for row in held), sum(row["tokens"] for row in held),
    )  # fmt: skip
