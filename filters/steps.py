"""The steps that measure and decide, as the executor runs them: one work item in, batches out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from corpus import schema
from corpus.lake import Lake
from corpus.remaining import Places
from corpus.row_groups import RowGroup
from corpus.task import WorkItem
from filters import signals
from filters.decide import Settings, decide

_BATCH_ROWS = 4096


@dataclass(frozen=True, slots=True)
class SignalsStep:
    """Signals of the documents in one row group of one part."""

    spec_type: ClassVar = RowGroup
    lake: Lake

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `signals`."""
        parquet = self.lake.open_part("documents", item.spec.part)
        arrow = signals.table_schema()
        group, columns = item.spec.row_group, ["id", "source", "text"]
        places = Places(item.spec.part, group)
        for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[group], columns=columns):
            who = [batch["id"].cast(pa.string()), batch["source"].cast(pa.string()), *places.next(len(batch))]
            yield "signals", pa.record_batch([*who, *signals.measure(batch["text"]).columns], schema=arrow)


@dataclass(frozen=True, slots=True)
class SignalParts:
    """Spec of a work item: some parts of `signals`, by their paths."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilterStep:
    """Decisions on the documents of some parts of `signals`."""

    spec_type: ClassVar = SignalParts
    lake: Lake
    settings: Settings

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `decisions`."""
        arrow = schema.TABLES["decisions"].schema
        for path in item.spec.parts:
            columns = ["id", "source", "row_group", "row", *self.settings.signals]
            frame = self.lake.scan_paths("signals", [path]).select(columns).collect()
            for batch in decide(frame, self.settings).to_arrow().cast(arrow).to_batches():
                yield "decisions", batch
