"""Plans the stages of a tokenizer: making it, and encoding the kept documents with it."""

from hashlib import blake2b
from typing import Any

from corpus import artifacts, remaining, row_groups
from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.mixture.settings import Mixture
from corpus.mixture.stages import recorded
from corpus.mixture.views import names
from corpus.stage import Context, Stage, output
from corpus.task import All, WorkItem, digest
from corpus.tokenizer import steps
from corpus.tokenizer.settings import Tokenizer

_AT_ONCE = 256  # row groups whose decisions are read together


def vocabulary(context: Context[Tokenizer]) -> Stage:
    """Plans the lake's tokenizer: learned from a sample of a mixture, or the files of one that exists."""
    lake, settings = context.lake, context.settings
    mixture = _mixture(context)
    config: dict[str, Any] = settings.model_dump(mode="json") | {"sample_of": mixture.definition()}
    config |= {"files": [steps.files_key(path) for path in (*filter(None, [settings.path]), *settings.compare)]}
    inputs = context.basis() | context.contents("duplicates")
    size, fewer = settings.vocab_size or steps.AFM_SIZE, settings.fewer or settings.vocab_size is None
    made_from: dict[str, Any] = {"files": config["files"][:1], "version": steps.VERSION}
    if settings.path is None:
        learned_from = {"vocab_size": size, "fewer": fewer, "sample_bytes": settings.sample_bytes}
        made_from = learned_from | {"sample_of": mixture.definition(), "inputs": inputs, "version": steps.VERSION}

    key = digest(made_from)
    artifact = artifacts.Artifact(kind=steps.KIND, key=key, stage="vocabulary", made_from=made_from)
    return Stage(
        name="vocabulary",
        outputs=(output("tokenizers"),),
        config=config | {"tokenizer": key},
        inputs=inputs,
        version=steps.VERSION,
        step=steps.MeasureStep(lake, key, mixture, context.decided, settings.compare),
        plan_items=lambda: [WorkItem(digest([config, inputs, steps.VERSION]), "vocabulary", 1, All())],
        prepare=steps.Maker(
            lake, artifact, mixture, context.decided, size, fewer, settings.sample_bytes, settings.path
        ),
        is_prepared=lambda: artifacts.has(lake, steps.KIND, key),
        in_process=True,
        facts={"n_documents": context.n_rows("documents"), "n_bytes": context.n_bytes("documents")},
    )


def encode(context: Context[Tokenizer]) -> Stage:
    """Plans the tokens of the kept documents."""
    lake = context.lake
    key = current(lake)
    config, inputs = {"tokenizer": key}, context.basis()
    return Stage(
        name="encode",
        outputs=(output("tokens"),),
        config=config,
        inputs=inputs,
        version=steps.VERSION,
        step=steps.TokensStep(lake, key, context.decided),
        plan_items=lambda: _items(lake, context.decided, key),
        facts={"n_documents": context.n_rows("documents"), "n_bytes": context.n_bytes("documents")},
    )


def current(lake: Lake) -> str:
    """Returns the key of the lake's tokenizer; '' if it has none yet."""
    lineage = lake.current("tokenizers", "tokenizers") if lake.exists("tokenizers") else None
    return str(lineage.config.get("tokenizer", "")) if lineage else ""


def recorded_settings(lake: Lake) -> Tokenizer | None:
    """Returns the settings that the lake's tokenizer was made with, or None if it has none."""
    lineage = lake.current("tokenizers", "tokenizers") if lake.exists("tokenizers") else None
    if lineage is None:
        return None
    known = {name: value for name, value in lineage.config.items() if name in Tokenizer.model_fields}
    return Tokenizer.model_validate(known)


def _mixture(context: Context[Tokenizer]) -> Mixture:
    """Returns the mixture that the sample is taken from: by its definition, since it is made after the tokenizer."""
    name = context.settings.mixture
    if name is None:
        return Mixture(name="sample")
    defined = {one.name: one for one in context.others.get("mix", ())}
    mixture = defined.get(name) or recorded(context.lake, name)
    if mixture is None:
        known = sorted({*defined, *names(context.lake)})
        if not known:
            raise UserError(f"tokenizer: there is no mixture {name!r} yet; make it first: pomona mix --name {name}")
        raise unknown("mixture", name, known)
    return mixture


def _items(lake: Lake, slots: tuple[str, ...], key: str) -> list[WorkItem]:
    """Returns one work item per row group. Its key has the decisions on its documents, and on no others.

    So if a threshold changes, only documents on whose row group it has an effect are encoded again.
    """
    sized = list(row_groups.sized(lake, lake.parts("documents")))
    remaining.check_numbers({one.group.part for one in sized})
    items = []
    for first in range(0, len(sized), _AT_ONCE):
        several = sized[first : first + _AT_ONCE]
        remains = remaining.remaining(lake, slots, [one.group.number for one in several])
        for one in several:
            rows = remains.rows_of(one.group.number, one.n_rows)
            cuts = remaining.cuts_of(remains, one.group.number, rows)
            seen = blake2b(rows.tobytes(), digest_size=16)
            for array in cuts:
                seen.update(array.tobytes())
            spec = one.group
            work_key = digest([spec._asdict(), seen.hexdigest(), key, steps.VERSION])
            items.append(WorkItem(work_key, f"{spec.part} [{spec.row_group}]", one.n_bytes, spec, one.longest))
    return items
