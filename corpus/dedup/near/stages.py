"""Plans the stages of near-duplicates: documents to signatures, buckets, components, members, clusters.

Only the first stage depends on texts. A new batch of documents adds its signatures to those that exist. How the work is
cut depends on the size of the input and on the memory, but the result does not.
"""

from typing import Any

from corpus.dedup import canary, shuffle
from corpus.dedup.near import candidates, clusters, minhash
from corpus.dedup.near.candidates import BandsSpec, CellsSpec, SignaturePart
from corpus.dedup.near.clusters import AloneSpec, MembersSpec, Neighbors, PartitionSpec
from corpus.dedup.near.settings import MinHash
from corpus.lake import Lake
from corpus.row_groups import items, parts_by_number, sized
from corpus.stage import Context, Stage, output, work_item
from corpus.task import All, WorkItem

_ENTRY_BYTES = 16  # a bucket and a document
_DOCUMENT_BYTES = 250  # of a member, without its signature and shingles
_DECISION_BYTES = 100  # per document while it is decided


def signatures(context: Context[MinHash]) -> Stage:
    """A signature of every document."""
    lake, sketch = context.lake, context.settings.sketch()
    documents = lake.parts("documents")
    made_from = ("signatures", minhash.VERSION, sketch.options())

    return Stage(
        name="signatures",
        outputs=(output("signatures"),),
        config=sketch.options(),
        inputs=context.contents("documents"),
        version=minhash.VERSION,
        step=candidates.SignaturesStep(lake, sketch),
        plan_items=lambda: items(lake, documents, made_from),
        facts={"n_documents": context.n_rows("documents"), "n_bytes": context.n_bytes("documents")},
    )


def bands(context: Context[MinHash]) -> Stage:
    """The buckets of the documents that earlier stages kept."""
    rests_on = context.basis(through="signatures")
    lake, banding = context.lake, context.settings.banding()
    n_documents = context.n_rows("signatures")
    bytes_per_document = banding.bands * _ENTRY_BYTES
    max_bytes = shuffle.run_bytes(n_documents * bytes_per_document, context.memory)
    n_ranges = shuffle.ranges_for(n_documents * _ENTRY_BYTES, max_bytes)
    config = {"bands": banding.bands, "rows": banding.rows}
    inputs = context.contents("signatures") | rests_on

    def plan_items() -> list[WorkItem]:
        """Cuts the parts of `signatures` into items that fit the memory."""
        parts = _numbered(lake)
        sizes = [part.n_rows * bytes_per_document for part in parts]
        cuts = list(shuffle.cut(sizes, max_bytes))
        return [
            work_item(
                BandsSpec(tuple(parts[first:end]), canary.places(i, len(cuts))),
                [config, inputs, n_ranges, clusters.VERSION],
                sum(sizes[first:end]),
            )
            for i, (first, end) in enumerate(cuts)
        ]

    n_bytes = n_documents * bytes_per_document
    return Stage(
        name="minhash:bands",
        outputs=(output("minhash_bands", row_group_per_batch=True),),
        config=config,
        inputs=inputs,
        version=clusters.VERSION,
        step=candidates.BandsStep(lake, banding, context.settings.sketch(), context.decided, n_ranges, n_documents),
        plan_items=plan_items,
        facts={"n_documents": n_documents, "n_bytes": n_bytes, "n_cells": n_ranges * banding.bands},
    )


def edges(context: Context[MinHash]) -> Stage:
    """The documents that the buckets connect."""
    lake, n_bytes = context.lake, context.n_rows("minhash_bands") * _ENTRY_BYTES
    inputs = context.contents("minhash_bands")

    def plan_items() -> list[WorkItem]:
        """Cuts the cells of `minhash_bands`, each a range of buckets, into items."""
        cuts = shuffle.cell_cuts(lake, "minhash_bands", n_bytes, context.memory)
        return [work_item(CellsSpec(cells), [inputs, clusters.VERSION], size) for cells, size in cuts]

    return Stage(
        name="minhash:edges",
        outputs=(output("minhash_edges"),),
        config={},
        inputs=inputs,
        version=clusters.VERSION,
        step=candidates.EdgesStep(lake),
        plan_items=plan_items,
        facts={"n_bytes": n_bytes},
    )


def components(context: Context[MinHash]) -> Stage:
    """The documents that buckets connect, directly or through others."""
    n_documents = context.n_rows("signatures")
    bytes_per_shingle = 8 if context.settings.verify == "shingles" else 0
    bytes_per_document = _DOCUMENT_BYTES + 4 * context.settings.sketch().n_hashes
    partition_bytes = shuffle.run_bytes(context.n_bytes("documents"), context.memory)
    config = {"bytes_a_shingle": bytes_per_shingle}
    inputs = context.contents("minhash_edges")
    made_from = [config, inputs, n_documents, partition_bytes, clusters.VERSION]

    return Stage(
        name="minhash:components",
        outputs=(output("minhash_components"),),
        config=config,
        inputs=inputs | {"n_documents": n_documents},
        version=clusters.VERSION,
        step=candidates.ComponentsStep(
            context.lake, n_documents, bytes_per_shingle, bytes_per_document, partition_bytes
        ),
        plan_items=lambda: [work_item(All(), made_from, n_documents * 8)],
        in_process=True,
        facts={"n_bytes": context.n_bytes("minhash_edges"), "partition_bytes": partition_bytes},
    )


def members(context: Context[MinHash]) -> Stage:
    """The data that checking a pair needs, for the documents that buckets connect."""
    lake, settings = context.lake, context.settings
    quality = context.shared.signal
    config = {"verify": settings.verify, "quality": quality}
    inputs = context.contents("minhash_components", "signatures")

    def plan_items() -> list[WorkItem]:
        """Cuts the parts of `signatures`, each with its parts of other tables, into items."""
        groups = {one.group.number: one for one in sized(lake, lake.parts("documents"))}
        signals = parts_by_number(lake, "signals")
        parts, sizes, longest = [], [], []
        for path, base, n_rows, number in _numbered(lake):
            group = groups[number]
            parts.append(Neighbors(path, base, n_rows, *group.group, signals[number].path))
            sizes.append(group.n_bytes)
            longest.append(group.longest)

        cuts = list(shuffle.cut(sizes, shuffle.run_bytes(sum(sizes), context.memory)))
        return [
            work_item(
                MembersSpec(tuple(parts[first:end]), canary.places(i, len(cuts))),
                [config, inputs, clusters.VERSION],
                sum(sizes[first:end]),
                max(longest[first:end]),
            )
            for i, (first, end) in enumerate(cuts)
        ]

    step = clusters.MembersStep(
        lake, settings.sketch(), settings.verify == "shingles", quality, _n_partitions(lake),
        context.n_rows("signatures"),
    )  # fmt: skip
    return Stage(
        name="minhash:members",
        outputs=(output("minhash_members", row_group_per_batch=True),),
        config=config,
        inputs=inputs,
        version=clusters.VERSION,
        step=step,
        plan_items=plan_items,
        facts={"n_bytes": context.n_bytes("documents")},
    )


def clustered(context: Context[MinHash]) -> Stage:
    """The clusters, and the document of each cluster that stays."""
    lake, settings, banding = context.lake, context.settings, context.settings.banding()
    config = settings.sketch().options() | context.shared.config(context.sources)
    config |= {"bands": banding.bands, "rows": banding.rows, "threshold": banding.threshold, "verify": settings.verify}
    inputs = context.contents("signatures") | context.inherited("minhash_bands")
    member_parts = context.contents("minhash_members")

    def plan_items() -> list[WorkItem]:
        """Returns one item per partition, then items of the documents that nothing connects."""
        lineage = lake.current("minhash_components", "minhash-components")
        partition_bytes = int(lineage.facts["partition_bytes"]) if lineage else 0
        made_from: list[Any] = [config, member_parts, clusters.VERSION]
        work_items = [
            work_item(PartitionSpec(number), made_from, partition_bytes) for number in range(_n_partitions(lake))
        ]

        parts = _numbered(lake)
        sizes = [part.n_rows * _DECISION_BYTES for part in parts]
        made_from = [config, member_parts, inputs, clusters.VERSION]
        for first, end in shuffle.cut(sizes, shuffle.run_bytes(sum(sizes), context.memory)):
            work_items.append(work_item(AloneSpec(tuple(parts[first:end])), made_from, sum(sizes[first:end])))
        return work_items

    step = clusters.ClustersStep(
        lake, banding, settings.sketch(), settings.verify, context.shared.keep, context.sources, context.decided
    )
    return Stage(
        name=clusters.STAGE,
        outputs=tuple(output(table, clusters.STAGE) for table in ("decisions", "duplicates", "pairs")),
        config=config,
        inputs=inputs,
        version=clusters.VERSION,
        step=step,
        plan_items=plan_items,
        facts={"n_documents": context.n_rows("signatures"), "n_bytes": context.n_bytes("minhash_members")},
    )


def _numbered(lake: Lake) -> list[SignaturePart]:
    """Returns every part of signatures, with the number of its first document and of its row group."""
    numbers = {part.path: number for number, part in parts_by_number(lake, "signatures").items()}
    numbered, base = [], 0
    for part in lake.parts("signatures"):
        numbered.append(SignaturePart(part.path, base, part.n_rows, numbers[part.path]))
        base += part.n_rows
    return numbered


def _n_partitions(lake: Lake) -> int:
    """Returns the number of partitions that the components were put in.

    It is one more than the greatest number of a partition, which the footers of the parts have.
    """
    count = 0
    for part in lake.parts("minhash_components"):
        file = lake.open_part("minhash_components", part)
        column = file.schema_arrow.names.index("partition")
        groups = (file.metadata.row_group(i).column(column) for i in range(file.num_row_groups))
        count = max(count, *(int(group.statistics.max) + 1 for group in groups))
    return count
