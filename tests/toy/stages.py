"""Plans the one stage of the family, and the step that it runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import polars as pl
import pyarrow as pa

from corpus import schema
from corpus.deciding import decisions
from corpus.lake import Lake
from corpus.remaining import documents, remaining
from corpus.row_groups import RowGroup, items
from corpus.stage import Context, Stage, output
from corpus.task import WorkItem
from tests.toy.settings import Shout


@dataclass(frozen=True, slots=True)
class ShoutStep:
    """Decides on the documents of one row group."""

    spec_type: ClassVar = RowGroup
    lake: Lake
    limit: float
    slots: tuple[str, ...]

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yields rows of `decisions` and `loudness`."""
        group = item.spec
        remains = remaining(self.lake, self.slots, [group.number])
        rows = documents(self.lake, remains, group.part, group.row_group, ["id", "source", "text"])
        if rows is None:
            return
        frame = pl.from_arrow(rows)
        assert isinstance(frame, pl.DataFrame)
        capitals = pl.col("text").str.count_matches("[A-Z]") / pl.col("text").str.len_chars()
        frame = frame.with_columns(
            row_group=pl.lit(group.number), value=capitals, limit=self.limit, capitals=capitals
        ).with_columns(kept=pl.col("value") <= self.limit)
        yield "decisions", schema.batch("decisions", decisions(frame, "shout", "shout.capitals"))
        yield "loudness", schema.batch("loudness", frame)


def shout(context: Context[Shout]) -> Stage:
    """Documents that shout are dropped."""
    rests_on = context.basis()
    config = {"most_capitals": context.settings.most_capitals}
    parts = context.lake.parts("documents")
    return Stage(
        name="shout",
        outputs=(output("decisions", "shout"), output("loudness", "shout")),
        config=config,
        inputs=rests_on,
        version=1,
        step=ShoutStep(context.lake, context.settings.most_capitals, context.decided),
        plan_items=lambda: items(context.lake, parts, [config, rests_on]),
        facts={"n_documents": context.n_rows("documents"), "n_bytes": context.n_bytes("documents")},
    )
