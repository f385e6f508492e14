"""Whether a corpus has the text that a study asks for, before its branches are made: for `--dry-run`.

The study itself finds out when it makes its mixtures, before it trains. Here whole documents are counted, of which a
mixture can have no more; so what is short here is short there. Without a tokenizer, a token has a byte or more.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from corpus import artifacts, row_groups
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.mixture import candidates, predicates
from corpus.mixture.allocation import allocate
from corpus.mixture.settings import Mixture
from corpus.tokenizer import stages as tokenizer_stages
from corpus.tokenizer import steps as tokenizer_steps
from pomona import standing
from pomona.ablation import held_out, search
from pomona.ablation.planned import Planned, at_equal_cost, planned, planned_one, shared_runs, vocabulary
from pomona.ablation.running import check_tasks
from pomona.ablation.settings import Study
from pomona.ablation.variants import Variant
from pomona.stages import decided


def check(lake: Lake, study: Study, variants: Sequence[Variant]) -> None:
    """Raises `UserError` if a task does not exist, or a group that is held out or has a weight, or has too little text.

    Variants that change the recipe cannot be told: the recipe runs first, for all of them.
    """
    standing.require(lake)
    check_tasks(planned(study, variants, Path())[0])
    if any(one.recipe for one in variants):
        return
    with tempfile.TemporaryDirectory(prefix="pomona-supply-") as folder:
        left_out = Path(folder, held_out.LEFT_OUT) if study.measured_on else None
        if left_out:
            groups = held_out.groups(variants[0].mixture)
            held_out.write(lake, Path(folder), groups, study.measured_on, study.evaluation_tokens)
        known: dict[str, dict[str, int]] = {}
        for variant, seed, mixture in _asked(lake, study, variants):
            read = mixture.model_copy(update={"leave_out": str(left_out) if left_out else None})
            key = json.dumps([read.by, list(read.groups.items()), read.where, read.document_tokens])
            try:
                known[key] = known.get(key) or _tokens(lake, read, Path(folder))
                allocate(read, known[key])
            except UserError as error:
                raise UserError(f"variant {variant!r}, seed {seed}: {error}") from error


def _asked(lake: Lake, study: Study, variants: Sequence[Variant]) -> list[tuple[str, int, Mixture]]:
    """Returns variant, seed and mixture of what a study reads, of one seed: others only read other documents."""
    shared = [one for model in study.model for one in shared_runs(study, variants[0], model, Path())]
    runs = [one for one in planned(study, variants, Path()) if one.seed == study.seeds[0]]
    if study.equal_cost:
        runs = at_equal_cost(runs, shared, vocabulary(lake))
    runs += [
        planned_one(study, search.variant(variants[0], one.name, one.weights), study.model[0], one.seed, Path())
        for one in (search.points(study, variants[0]) if study.search else ())
    ]
    every: list[Planned] = [each for one in [*shared, *runs] for each in (*one.alone(), one)]
    return [(one.variant, one.seed, one.mixture) for one in every]


def _tokens(lake: Lake, mixture: Mixture, folder: Path) -> dict[str, int]:
    """Returns the tokens of each group of a mixture, at the most."""
    signals = lake.scan("signals").collect_schema() if lake.exists("signals") else {}
    for text in (*mixture.groups.values(), *filter(None, [mixture.where])):
        predicates.check(text, dict(signals))

    path = folder / "candidates.parquet"
    exact = _are_counted(lake)
    candidates.write(candidates.Candidates(lake, mixture, tuple(decided(lake)), exact=exact), path)
    of = pl.scan_parquet(path).group_by("group").agg(pl.col("tokens").sum()).collect(engine="streaming")
    return {group: int(tokens * (1 if exact else candidates.BYTES_PER_TOKEN)) for group, tokens in of.iter_rows()}


def _are_counted(lake: Lake) -> bool:
    """Returns whether the lake has a tokenizer, and the tokens of all documents."""
    key = tokenizer_stages.current(lake)
    if not key or not artifacts.has(lake, tokenizer_steps.KIND, key) or not lake.exists("tokens"):
        return False
    groups = {one.group.number for one in row_groups.sized(lake, lake.parts("documents"))}
    return groups <= row_groups.parts_by_number(lake, "tokens").keys()
