"""A sample of the kept documents to learn a vocabulary from, in the proportions of a mixture.

No document that a mixture holds out is in it. These show afterwards how well the vocabulary fits.
"""

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus import remaining, row_groups
from corpus.lake import Lake
from corpus.mixture.allocation import Share, shares
from corpus.mixture.candidates import BYTES_PER_TOKEN, Candidates, write
from corpus.mixture.choosing import choose, with_unit
from corpus.mixture.settings import Mixture

_AT_ONCE = 64  # row groups whose decisions are read together


@dataclass(frozen=True, slots=True)
class Sample:
    """Places of the documents of a sample."""

    lake: Lake
    slots: tuple[str, ...]  # stages that have decided
    rows: pl.DataFrame  # id, source, split (train, held_out), tokens (estimated), row_group, row

    def texts(self, split: str) -> Iterator[pl.DataFrame]:
        """Yields source and text of the documents of a split, some row groups' worth at a time."""
        chosen = self.rows.filter(pl.col("split") == split)
        if not chosen.height:
            return
        of_group = chosen.partition_by("row_group", as_dict=True)
        groups = row_groups.sized(self.lake, self.lake.parts("documents"))
        numbers = {one.group.number: one.group for one in groups}
        wanted = [number for number in numbers if (number,) in of_group]
        for first in range(0, len(wanted), _AT_ONCE):
            remains = remaining.remaining(self.lake, self.slots, wanted[first : first + _AT_ONCE])
            for number in wanted[first : first + _AT_ONCE]:
                part, group = numbers[number]
                documents = remaining.exported(self.lake, remains, part, group, ["id", "source", "text"])
                yield documents.join(of_group[(number,)].select("id"), on="id", how="semi", maintain_order="left")


def sample(lake: Lake, mixture: Mixture, slots: tuple[str, ...], n_bytes: int) -> Sample:
    """Chooses about `n_bytes` of text, or all that there is, in the mixture's proportions as far as it goes."""
    budget = n_bytes / BYTES_PER_TOKEN

    def allocation(mixture: Mixture, available: Mapping[str, int]) -> dict[str, Share]:
        weights = shares(mixture, available)
        taken = {group: min(weight * budget, available[group]) for group, weight in weights.items()}
        return {group: Share(w, taken[group], taken[group] / available[group]) for group, w in weights.items()}

    with tempfile.TemporaryDirectory(prefix="pomona-sample-") as folder:
        path = Path(folder) / "candidates.parquet"
        write(Candidates(lake, mixture, slots, exact=False), path)
        mixture = mixture.model_copy(update={"tolerance": math.inf})  # a sample need not be exact
        _, rows = choose(mixture, with_unit(lake, pl.scan_parquet(path)), allocation)
        columns = ["id", "source", "split", "tokens", "row_group", "row"]
        return Sample(lake, slots, rows.select(columns).collect(engine="streaming"))
