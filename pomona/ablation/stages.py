"""Plans a study. Its id is a hash of its definition and of the corpus that it is made on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from corpus import artifacts
from corpus.errors import UserError
from corpus.forgetting import tombstones
from corpus.lake import Lake
from corpus.stage import Context, Stage, output
from corpus.task import All, WorkItem, digest
from corpus.tokenizer import stages as tokenizer_stages
from eval_suites import stages as scoring
from eval_suites import suites
from pomona.ablation import held_out, planned
from pomona.ablation import variants as resolving
from pomona.ablation.settings import Study
from pomona.ablation.steps import KIND, AblationStep, Studying
from pomona.ablation.tables import TABLES
from training.fingerprint import fingerprint
from training.stages import checkpoint_of

VERSION = 1  # raise it when the same definition and corpus would give other results


def ablate(context: Context[Study]) -> Stage:
    """Plans one study."""
    lake, study = context.lake, context.settings
    variants = tuple(resolving.variants(study))
    planned.check(study, variants, planned.vocabulary(lake))
    teachers = _teachers(lake, study, variants)
    groups = [list(one.mixture.get("groups") or ()) for one in variants]  # in order, which a hash of a mapping lacks

    made_from: dict[str, Any] = (
        {
            "study": study.that_change_results(),
            "variants": [{k: v for k, v in asdict(one).items() if k != "before" or v} for one in variants],
            "recipe": _recipe(study),
            "corpus": context.basis() | context.contents("duplicates", "contamination", "signals"),
            "tokenizer": tokenizer_stages.current(lake),
            "suites": [digest(suites.load(one).model_dump(mode="json")) for one in study.suites],
            "data": [scoring.files(study.tasks_path), scoring.sizes(study.data)],
            "version": VERSION,
        }
        | ({"teachers": teachers} if teachers else {})
        | ({"groups": groups} if any(len(names) > 1 for names in groups) else {})
        | ({"search": 2} if study.search else {})  # 2: seeds of its runs do not depend on how many seeds a study has
    )
    key = digest(made_from)
    identity = digest([key, study.name])
    place = _place(lake, study, variants, made_from)
    definition = json.dumps(study.model_dump(mode="json"))
    artifact = artifacts.Artifact(kind=KIND, key=key, stage=f"ablate:{study.name}", made_from=made_from)

    return Stage(
        name=f"ablate:{study.name}",
        outputs=tuple(output(table.name, f"ablate-{identity}") for table in TABLES),
        config={"name": study.name} | study.that_change_results(),
        inputs={name: made_from[name] for name in ("variants", "recipe", "corpus", "tokenizer", "suites", "data")},
        version=VERSION,
        step=AblationStep(lake, identity, key, study.name, study.baseline, definition),
        plan_items=lambda: [WorkItem(digest([identity]), study.name, 1, All())],
        prepare=Studying(lake, artifact, study, variants, place),
        is_prepared=lambda: artifacts.has(lake, KIND, key),
        in_process=True,
        facts={"study": identity, "place": place},
    )


def _place(lake: Lake, study: Study, variants: Sequence[resolving.Variant], made_from: Mapping[str, Any]) -> str:
    """Returns the name of the folder that a study's branches are in: a hash of all that its runs have in common.

    So a study finds its runs again after seeds, variants or sizes were added. Each run is a stage there, called by what
    it is: what differs from what it was is trained, too.
    """
    by = held_out.groups(variants[0].mixture).definition()
    learned = [variants[0].mixture, study.seeds[0], study.tokens_of(study.model[0])]
    return digest({
        "name": study.name,
        "corpus": made_from["corpus"],
        "forgotten": [(one.kind, one.value) for one in tombstones.requests(lake)],  # the corpus has the same hash
        "teachers": made_from.get("teachers"),
        "tokenizer": made_from["tokenizer"] or learned,  # the baseline's, if the lake has none yet
        "recipe": [made_from["recipe"], any(one.recipe for one in variants)],
        "held_out": [sorted(study.measured_on), study.evaluation_tokens, by],
        "version": VERSION,
    })  # fmt: skip


def _teachers(lake: Lake, study: Study, variants: Sequence[resolving.Variant]) -> dict[str, str]:
    """Returns a hash of the files of each teacher that is a folder; raises `UserError` for a run of the lake, which may
    have read the documents that the study holds out."""
    of_variants = [fields for one in variants for fields in (*one.before, one.train)]
    fields = [*resolving.shared(study).values(), *of_variants]
    named = {str(one["teacher"]) for one in fields if one.get("teacher") is not None}
    made = {}
    for teacher in sorted(named - study.runs.keys()):
        if checkpoint_of(lake, teacher):
            raise UserError(
                f"teacher {teacher} is a run of the lake, which may have read documents that the study holds out; "
                "train it in the study: runs: {NAME: {tokens: ...}}"
            )
        made[teacher] = fingerprint(Path(teacher).expanduser())
    return made


def _recipe(study: Study) -> str:
    """Returns a hash of the recipe that variants change; '' if none does."""
    return "" if study.recipe is None else digest(Path(study.recipe).read_text())
