"""Plans the stages of semantic duplicates: documents to vectors, centroids, clusters, decisions."""

from corpus.dedup import canary, shuffle
from corpus.dedup.semantic import embedding, steps
from corpus.dedup.semantic.settings import Semantic
from corpus.dedup.semantic.steps import CellSpec, MembersSpec, Neighbors
from corpus.row_groups import items, parts_by_number, sized
from corpus.stage import Context, Stage, output, work_item
from corpus.task import All, WorkItem

_MOST_CENTROIDS = 50_000
_LEAST_SAMPLE = 10_000  # vectors
_VECTOR_BYTES = 4 * 384
_MEMBER_BYTES = _VECTOR_BYTES + 200


def embeddings(context: Context[Semantic]) -> Stage:
    """A vector of every document."""
    lake, model = context.lake, context.settings.model
    documents = lake.parts("documents")

    return Stage(
        name="embeddings",
        outputs=(output("embeddings"),),
        config={"model": model},
        inputs=context.contents("documents"),
        version=embedding.VERSION,
        step=steps.EmbeddingsStep(lake, context.settings.embedding()),
        plan_items=lambda: items(lake, documents, ("embeddings", embedding.VERSION, model)),
        facts={"n_documents": context.n_rows("documents"), "n_bytes": context.n_bytes("documents")},
    )


def centroids(context: Context[Semantic]) -> Stage:
    """The mean and the centroids of a sample of the vectors."""
    settings, n_documents = context.settings, context.n_rows("embeddings")
    n_centroids = min(max(1, n_documents // settings.documents_per_cluster), _MOST_CENTROIDS)
    n_sample = min(n_documents, max(_LEAST_SAMPLE, steps.SAMPLE_PER_CENTROID * n_centroids))
    config = {"centroids": n_centroids, "sample": n_sample, "seed": settings.seed}
    inputs = context.contents("embeddings")

    return Stage(
        name="semantic:centroids",
        outputs=(output("centroids"),),
        config=config,
        inputs=inputs,
        version=steps.VERSION,
        step=steps.CentroidsStep(context.lake, settings.embedding(), n_centroids, n_sample, n_documents, settings.seed),
        plan_items=lambda: [work_item(All(), [config, inputs, steps.VERSION], n_sample * _VECTOR_BYTES)],
        in_process=True,
    )


def members(context: Context[Semantic]) -> Stage:
    """The documents that earlier stages kept, each with its cluster."""
    lake, quality = context.lake, context.shared.signal
    n_bytes = context.n_rows("embeddings") * _MEMBER_BYTES
    n_cells = shuffle.ranges_for(n_bytes, shuffle.run_bytes(n_bytes, context.memory))
    inputs = context.basis(through="embeddings") | context.contents("centroids", "embeddings")

    def plan_items() -> list[WorkItem]:
        """Cuts the parts of `embeddings`, each with its parts of other tables, into items."""
        embedded, signals = parts_by_number(lake, "embeddings"), parts_by_number(lake, "signals")
        parts, sizes = [], []
        for group, *_ in sized(lake, lake.parts("documents")):
            part = embedded[group.number]
            parts.append(Neighbors(part.path, signals[group.number].path, *group))
            sizes.append(part.n_rows * _MEMBER_BYTES)

        cuts = list(shuffle.cut(sizes, shuffle.run_bytes(sum(sizes), context.memory)))
        return [
            work_item(
                MembersSpec(tuple(parts[first:end]), canary.places(i, len(cuts))),
                [quality, inputs, n_cells, steps.VERSION],
                sum(sizes[first:end]),
            )
            for i, (first, end) in enumerate(cuts)
        ]

    return Stage(
        name="semantic:members",
        outputs=(output("semantic_members", row_group_per_batch=True),),
        config={"quality": quality},
        inputs=inputs,
        version=steps.VERSION,
        step=steps.AssignStep(lake, context.decided, quality, n_cells),
        plan_items=plan_items,
        facts={"n_bytes": n_bytes},
    )


def leaders(context: Context[Semantic]) -> Stage:
    """The documents of each cluster that stay."""
    lake, settings = context.lake, context.settings
    parts = lake.parts("semantic_members")
    n_cells = lake.open_part("semantic_members", parts[0]).num_row_groups if parts else 0
    bytes_per_cell = context.n_rows("semantic_members") * _MEMBER_BYTES // max(n_cells, 1)
    config = context.shared.config(context.sources) | {
        "threshold": settings.threshold,
        "model": settings.model,
        "documents_a_cluster": settings.documents_per_cluster,  # the name of the field in earlier versions
        "seed": settings.seed,
    }
    inputs = context.contents("semantic_members") | context.inherited("semantic_members")
    made_from = [config, inputs, steps.VERSION]

    return Stage(
        name=steps.STAGE,
        outputs=(output("decisions", steps.STAGE), output("duplicates", steps.STAGE)),
        config=config,
        inputs=inputs,
        version=steps.VERSION,
        step=steps.LeadersStep(lake, settings.threshold, context.shared.keep, context.sources, n_cells),
        plan_items=lambda: [work_item(CellSpec(cell), made_from, bytes_per_cell) for cell in range(n_cells)],
        facts={"n_bytes": context.n_bytes("semantic_members")},
    )
