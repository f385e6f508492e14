"""Near-duplicates: documents to signatures, buckets, components, members, clusters. Each step is a stage of its own.

Only the first depends on texts; a new batch of documents adds its signatures to those that exist. How work is cut
depends on the input's size and, where it must, on the memory; what comes out does not.
"""

from dataclasses import dataclass
from typing import Any

from corpus import schema
from corpus.dedup import candidates, clusters, minhash, shuffle
from corpus.dedup.banding import Banding
from corpus.dedup.minhash import Sketch
from corpus.execution import Output, WorkItem, digest
from corpus.lake import Lake, Part
from corpus.remaining import row_group_number
from pomona.recipe_dedup import DedupRecipe, MinHashRecipe
from pomona.stages.exact import keep_config
from pomona.stages.judge import SIGNAL_KEY
from pomona.stages.stage import Stage, basis, content, decided_before, inherited, row_group_items

STAGES = ("signatures", "minhash:bands", "minhash:edges", "minhash:components", "minhash:members", "minhash")
_ENTRY_BYTES = 16  # a bucket and a document
_DOCUMENT_BYTES = 250  # of a member, without its signature and shingles


@dataclass(frozen=True, slots=True)
class Plan:
    """What the stages of one run share."""

    lake: Lake
    recipe: DedupRecipe
    minhash: MinHashRecipe
    sources: list[str]
    memory: int | None  # bytes of data that a worker may hold

    @property
    def banding(self) -> Banding:
        """Bands, rows and threshold."""
        return self.minhash.banding()

    @property
    def sketch(self) -> Sketch:
        """What a signature is made of."""
        return self.minhash.sketch()

    @property
    def with_shingles(self) -> bool:
        """Whether pairs are checked exactly."""
        return self.minhash.verify == "shingles"


def plan_minhash(name: str, lake: Lake, recipe: DedupRecipe, sources: list[str], memory: int | None = None) -> Stage:
    """The stage called `name`, one of STAGES."""
    assert recipe.minhash is not None
    plan = Plan(lake, recipe, recipe.minhash, sources, memory)
    by_name = (_signatures, _bands, _edges, _components, _members, _clusters)
    return dict(zip(STAGES, by_name, strict=True))[name](plan)


def _signature_key(sketch: Sketch) -> tuple[Any, ...]:
    return ("signatures", minhash.VERSION, sketch.options())


def _signatures(plan: Plan) -> Stage:
    parts = plan.lake.parts("documents")

    def plan_items() -> list[WorkItem]:
        return list(row_group_items(plan.lake, parts, _signature_key(plan.sketch)))

    return Stage(
        "signatures",
        (_output("signatures"),),
        plan.sketch.options(),
        content("documents", parts),
        minhash.VERSION,
        candidates.SignaturesStep(plan.lake, plan.sketch),
        plan_items,
        facts={"n_documents": _rows(parts), "n_bytes": _bytes(parts)},
    )


def _bands(plan: Plan) -> Stage:
    rests_on = basis(plan.lake, clusters.STAGE, through="signatures")
    n_documents = _rows(plan.lake.parts("signatures"))
    slots = decided_before(plan.lake, clusters.STAGE)
    a_document = plan.banding.bands * _ENTRY_BYTES
    most = shuffle.run_bytes(n_documents * a_document, plan.memory)
    n_ranges = shuffle.ranges_for(n_documents * _ENTRY_BYTES, most)
    banding = {"bands": plan.banding.bands, "rows": plan.banding.rows}
    inputs = content("signatures", plan.lake.parts("signatures")) | rests_on

    def plan_items() -> list[WorkItem]:
        parts = _numbered(plan)
        groups = list(shuffle.cut([rows * a_document for _, _, rows, _ in parts], most))
        found = []
        for i, (first, end) in enumerate(groups):
            spec = {"parts": parts[first:end], "canaries": _canaries(i, len(groups))}
            size = sum(rows for _, _, rows, _ in parts[first:end]) * a_document
            found.append(_item(spec, [banding, inputs, n_ranges], size))
        return found

    return Stage(
        "minhash:bands",
        (_output("minhash_bands", row_group_a_batch=True),),
        banding,
        inputs,
        clusters.VERSION,
        candidates.BandsStep(plan.lake, plan.banding, plan.sketch, slots, n_ranges, n_documents),
        plan_items,
        facts={
            "n_documents": n_documents,
            "n_bytes": n_documents * a_document,
            "n_cells": n_ranges * plan.banding.bands,
        },
    )


def _edges(plan: Plan) -> Stage:
    parts = plan.lake.parts("minhash_bands")
    total = _rows(parts) * _ENTRY_BYTES
    n_cells = plan.lake.open_part("minhash_bands", parts[0]).num_row_groups if parts else 0
    inputs = content("minhash_bands", parts)

    def plan_items() -> list[WorkItem]:
        a_cell = -(-total // max(n_cells, 1))
        cuts = shuffle.cut([a_cell] * n_cells, max(shuffle.run_bytes(total, plan.memory), a_cell))
        return [_item({"cells": [first, end]}, [inputs], (end - first) * a_cell) for first, end in cuts]

    return Stage(
        "minhash:edges",
        (_output("minhash_edges"),),
        {},
        inputs,
        clusters.VERSION,
        candidates.EdgesStep(plan.lake),
        plan_items,
        facts={"n_bytes": total},
    )


def _components(plan: Plan) -> Stage:
    parts = plan.lake.parts("minhash_edges")
    n_documents = _rows(plan.lake.parts("signatures"))
    a_shingle = 8 if plan.with_shingles else 0
    a_document = _DOCUMENT_BYTES + 4 * plan.sketch.n_hashes
    total = _bytes(plan.lake.parts("documents"))
    partition_bytes = shuffle.run_bytes(total, plan.memory)
    config = {"bytes_a_shingle": a_shingle}
    inputs = content("minhash_edges", parts)

    def plan_items() -> list[WorkItem]:
        return [_item({}, [config, inputs, n_documents, partition_bytes], n_documents * 8)]

    return Stage(
        "minhash:components",
        (_output("minhash_components"),),
        config,
        inputs | {"n_documents": n_documents},
        clusters.VERSION,
        candidates.ComponentsStep(plan.lake, n_documents, a_shingle, a_document, partition_bytes),
        plan_items,
        facts={"n_bytes": _bytes(parts), "partition_bytes": partition_bytes},
        in_process=True,
    )


def _members(plan: Plan) -> Stage:
    n_documents = _rows(plan.lake.parts("signatures"))
    quality = plan.recipe.quality if plan.recipe.keep == "quality" else None
    n_partitions = _n_partitions(plan.lake)
    config = {"verify": plan.minhash.verify, "quality": quality}
    inputs = content("minhash_components", plan.lake.parts("minhash_components")) | content(
        "signatures", plan.lake.parts("signatures")
    )

    def plan_items() -> list[WorkItem]:
        documents = plan.lake.parts("documents")
        texts = {item.key: item for item in row_group_items(plan.lake, documents, _signature_key(plan.sketch))}
        signals = {
            digest(dict(item.spec)): f"signals/{item.key}.parquet"
            for item in row_group_items(plan.lake, documents, SIGNAL_KEY)
        }
        found, sizes, longest = [], [], []
        for path, base, rows, _ in _numbered(plan):
            item = texts[path.rpartition("/")[2].removesuffix(".parquet")]
            found.append(
                {"signatures": path, "base": base, "rows": rows, "documents": item.spec["part"],
                 "row_group": item.spec["row_group"], "signals": signals[digest(dict(item.spec))]}
            )  # fmt: skip
            sizes.append(item.n_bytes)
            longest.append(item.longest)
        groups = list(shuffle.cut(sizes, shuffle.run_bytes(sum(sizes), plan.memory)))
        specs = [
            {"parts": found[first:end], "canaries": _canaries(i, len(groups))} for i, (first, end) in enumerate(groups)
        ]
        held = [(sum(sizes[first:end]), max(longest[first:end])) for first, end in groups]
        return [_item(spec, [config, inputs], *size) for spec, size in zip(specs, held, strict=True)]

    return Stage(
        "minhash:members",
        (_output("minhash_members", row_group_a_batch=True),),
        config,
        inputs,
        clusters.VERSION,
        clusters.MembersStep(plan.lake, plan.sketch, plan.with_shingles, quality, n_partitions, n_documents),
        plan_items,
        facts={"n_bytes": _bytes(plan.lake.parts("documents"))},
    )


def _clusters(plan: Plan) -> Stage:
    signatures = plan.lake.parts("signatures")
    slots = decided_before(plan.lake, clusters.STAGE)
    config = plan.sketch.options() | keep_config(plan.recipe, plan.sources) | {
        "bands": plan.banding.bands, "rows": plan.banding.rows, "threshold": plan.banding.threshold,
        "verify": plan.minhash.verify,
    }  # fmt: skip
    inputs = content("signatures", signatures) | inherited(plan.lake, clusters.STAGE, "minhash_bands", "minhash-bands")
    members = content("minhash_members", plan.lake.parts("minhash_members"))

    def plan_items() -> list[WorkItem]:
        made = plan.lake.current("minhash_components", "minhash-components")
        a_partition = int(made.facts["partition_bytes"]) if made else 0
        found = [_item({"partition": i}, [config, members], a_partition) for i in range(_n_partitions(plan.lake))]
        parts = _numbered(plan)
        most = shuffle.run_bytes(_rows(signatures) * 100, plan.memory)
        for first, end in shuffle.cut([rows * 100 for _, _, rows, _ in parts], most):
            spec = {"parts": parts[first:end]}
            found.append(_item(spec, [config, members, inputs], sum(rows for _, _, rows, _ in spec["parts"]) * 100))
        return found

    return Stage(
        clusters.STAGE,
        tuple(
            Output(table, clusters.STAGE, schema.TABLES[table].schema) for table in ("decisions", "duplicates", "pairs")
        ),
        config,
        inputs,
        clusters.VERSION,
        clusters.ClustersStep(
            plan.lake, plan.banding, plan.sketch, plan.minhash.verify, plan.recipe.keep, tuple(plan.sources), slots
        ),
        plan_items,
        facts={"n_documents": _rows(signatures), "n_bytes": _bytes(plan.lake.parts("minhash_members"))},
    )


def _output(table: str, *, row_group_a_batch: bool = False) -> Output:
    return Output(table, table.replace("_", "-"), schema.TABLES[table].schema, row_group_a_batch)


def _item(spec: dict[str, Any], config: list[Any], n_bytes: int, longest: int = 0) -> WorkItem:
    label = ", ".join(f"{name} {len(value) if isinstance(value, list) else value}" for name, value in spec.items())
    return WorkItem(digest([spec, *config, clusters.VERSION]), label or "all", n_bytes, spec, longest)


def _numbered(plan: Plan) -> list[tuple[str, int, int, int]]:
    """(path, number of the first document, documents, number of their row group) of each part of signatures."""
    documents = row_group_items(plan.lake, plan.lake.parts("documents"), _signature_key(plan.sketch))
    numbers = {item.key: row_group_number(item.spec["part"], item.spec["row_group"]) for item in documents}
    found, base = [], 0
    for part in plan.lake.parts("signatures"):
        found.append((part.path, base, part.n_rows, numbers[part.path.rpartition("/")[2].removesuffix(".parquet")]))
        base += part.n_rows
    return found


def _canaries(i: int, n: int) -> list[int]:
    """The planted texts that go with item i of n: one with the first, one with the last."""
    return ([0] if i == 0 else []) + ([1] if i == n - 1 else [])


def _n_partitions(lake: Lake) -> int:
    import polars as pl

    last = lake.scan("minhash_components").select(pl.col("partition").max()).collect().item()
    return 0 if last is None else int(last) + 1


def _rows(parts: list[Part]) -> int:
    return sum(part.n_rows for part in parts)


def _bytes(parts: list[Part]) -> int:
    return sum(part.n_bytes for part in parts)
