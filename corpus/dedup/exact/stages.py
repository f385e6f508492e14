"""Plans the stage that finds exact duplicates: from signals to clusters and decisions."""

from corpus.dedup.exact.steps import STAGE, VERSION, ExactStep, ranges
from corpus.stage import Context, Stage, output
from corpus.task import WorkItem, digest


def exact(context: Context[None]) -> Stage:
    """Exact duplicates among the documents that earlier stages kept."""
    rests_on = context.basis(through="signals")
    n_documents = context.n_rows("signals")
    copies = context.shared
    config = copies.config(context.sources)
    inputs = context.contents("signals") | rests_on

    def plan_items() -> list[WorkItem]:
        """Returns one item per range of hashes."""
        hash_ranges = ranges(n_documents)
        n_bytes = n_documents * 100 // len(hash_ranges)
        return [
            WorkItem(digest([[config, inputs], spec, VERSION]), f"hashes {spec.low} to {spec.high}", n_bytes, spec)
            for spec in hash_ranges
        ]

    return Stage(
        name=STAGE,
        outputs=(output("decisions", STAGE), output("duplicates", STAGE)),
        config=config,
        inputs=inputs,
        version=VERSION,
        step=ExactStep(context.lake, copies.keep, context.sources, copies.quality, context.decided),
        plan_items=plan_items,
        in_process=True,
        facts={"n_documents": n_documents, "n_bytes": context.n_bytes("signals")},
    )
