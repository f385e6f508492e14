"""Semantic duplicates: documents to vectors, centroids, clusters, decisions; each step is a stage."""

from dataclasses import dataclass
from typing import Any

from corpus import schema
from corpus.dedup import embedding, semantic, shuffle
from corpus.execution import Output, WorkItem, digest
from corpus.lake import Lake
from pomona.recipe_dedup import DedupRecipe, SemanticRecipe
from pomona.stages.exact import keep_config
from pomona.stages.judge import SIGNAL_KEY
from pomona.stages.stage import Stage, basis, content, decided_before, inherited, row_group_items

STAGES = ("embeddings", "semantic:centroids", "semantic:members", "semantic")
_MOST_CENTROIDS = 50_000
_VECTOR_BYTES = 4 * 384
_MEMBER_BYTES = _VECTOR_BYTES + 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What the steps share."""

    lake: Lake
    recipe: DedupRecipe
    semantic: SemanticRecipe
    sources: list[str]
    memory: int | None

    @property
    def key(self) -> tuple[Any, ...]:
        """Of a row group's vectors."""
        return ("embeddings", embedding.VERSION, self.semantic.model)

    @property
    def n_documents(self) -> int:
        """That have vectors."""
        return sum(part.n_rows for part in self.lake.parts("embeddings"))

    @property
    def n_cells(self) -> int:
        """Pieces into which the clusters are gathered."""
        total = self.n_documents * _MEMBER_BYTES
        return shuffle.ranges_for(total, shuffle.run_bytes(total, self.memory))


def plan_semantic(name: str, lake: Lake, recipe: DedupRecipe, sources: list[str], memory: int | None = None) -> Stage:
    """The stage called `name`, one of STAGES."""
    assert recipe.semantic is not None
    plan = Plan(lake, recipe, recipe.semantic, sources, memory)
    return dict(zip(STAGES, (_embeddings, _centroids, _members, _leaders), strict=True))[name](plan)


def _embeddings(plan: Plan) -> Stage:
    parts = plan.lake.parts("documents")
    chosen = plan.semantic.embedding()
    return Stage(
        "embeddings", (_output("embeddings"),), {"model": plan.semantic.model}, content("documents", parts),
        embedding.VERSION, semantic.EmbeddingsStep(plan.lake, chosen),
        lambda: list(row_group_items(plan.lake, parts, plan.key)),
        facts={"n_documents": sum(p.n_rows for p in parts), "n_bytes": sum(p.n_bytes for p in parts)},
    )  # fmt: skip


def _centroids(plan: Plan) -> Stage:
    n_centroids = min(max(1, plan.n_documents // plan.semantic.documents_a_cluster), _MOST_CENTROIDS)
    n_sample = min(plan.n_documents, max(10_000, semantic.SAMPLE_A_CENTROID * n_centroids))
    config = {"centroids": n_centroids, "sample": n_sample, "seed": plan.semantic.seed}
    inputs = content("embeddings", plan.lake.parts("embeddings"))
    step = semantic.CentroidsStep(
        plan.lake, plan.semantic.embedding(), n_centroids, n_sample, plan.n_documents, plan.semantic.seed
    )
    return Stage(
        "semantic:centroids", (_output("centroids"),), config, inputs, semantic.VERSION, step,
        lambda: [_item({}, [config, inputs], n_sample * _VECTOR_BYTES)], in_process=True,
    )  # fmt: skip


def _members(plan: Plan) -> Stage:
    slots = decided_before(plan.lake, semantic.STAGE)
    quality = plan.recipe.quality if plan.recipe.keep == "quality" else None
    inputs = basis(plan.lake, semantic.STAGE, through="embeddings") | content("centroids", plan.lake.parts("centroids"))
    inputs |= content("embeddings", plan.lake.parts("embeddings"))

    def plan_items() -> list[WorkItem]:
        documents = plan.lake.parts("documents")
        rows = {part.path: part.n_rows for part in plan.lake.parts("embeddings")}
        found, sizes = [], []
        for item, signal in zip(
            row_group_items(plan.lake, documents, plan.key),
            row_group_items(plan.lake, documents, SIGNAL_KEY),
            strict=True,
        ):
            path = f"embeddings/{item.key}.parquet"
            found.append(
                {"embeddings": path, "signals": f"signals/{signal.key}.parquet", "documents": item.spec["part"],
                 "row_group": item.spec["row_group"]}
            )  # fmt: skip
            sizes.append(rows[path] * _MEMBER_BYTES)
        cuts = list(shuffle.cut(sizes, shuffle.run_bytes(sum(sizes), plan.memory)))
        specs = [
            {"parts": found[a:b], "canaries": [k for k in (0, 1) if i == (0, len(cuts) - 1)[k]]}
            for i, (a, b) in enumerate(cuts)
        ]
        held = [sum(sizes[a:b]) for a, b in cuts]
        return [_item(s, [quality, inputs, plan.n_cells], n) for s, n in zip(specs, held, strict=True)]

    return Stage(
        "semantic:members",
        (_output("semantic_members", row_group_a_batch=True),),
        {"quality": quality},
        inputs,
        semantic.VERSION,
        semantic.AssignStep(plan.lake, slots, quality, plan.n_cells),
        plan_items,
        facts={"n_bytes": plan.n_documents * _MEMBER_BYTES},
    )


def _leaders(plan: Plan) -> Stage:
    parts = plan.lake.parts("semantic_members")
    n_cells = plan.lake.open_part("semantic_members", parts[0]).num_row_groups if parts else 0
    config = keep_config(plan.recipe, plan.sources) | {
        "threshold": plan.semantic.threshold, "model": plan.semantic.model,
        "documents_a_cluster": plan.semantic.documents_a_cluster, "seed": plan.semantic.seed,
    }  # fmt: skip
    inputs = content("semantic_members", parts)
    inputs |= inherited(plan.lake, semantic.STAGE, "semantic_members", "semantic-members")
    a_cell = sum(part.n_rows for part in parts) * _MEMBER_BYTES // max(n_cells, 1)
    return Stage(
        semantic.STAGE,
        tuple(Output(table, semantic.STAGE, schema.TABLES[table].schema) for table in ("decisions", "duplicates")),
        config,
        inputs,
        semantic.VERSION,
        semantic.LeadersStep(plan.lake, plan.semantic.threshold, plan.recipe.keep, tuple(plan.sources), n_cells),
        lambda: [_item({"cell": i}, [config, inputs], a_cell) for i in range(n_cells)],
        facts={"n_bytes": sum(part.n_bytes for part in parts)},
    )


def _output(table: str, *, row_group_a_batch: bool = False) -> Output:
    return Output(table, table.replace("_", "-"), schema.TABLES[table].schema, row_group_a_batch)


def _item(spec: dict[str, Any], config: list[Any], n_bytes: int) -> WorkItem:
    label = ", ".join(f"{name} {len(value) if isinstance(value, list) else value}" for name, value in spec.items())
    return WorkItem(digest([spec, *config, semantic.VERSION]), label or "all", n_bytes, spec)
