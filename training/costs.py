"""What a run will cost before anything of it exists, for `pomona plan`."""

from collections.abc import Mapping
from typing import Any

from corpus.errors import UserError
from corpus.family import Spent
from corpus.mixture.candidates import BYTES_PER_TOKEN
from training import plan as planning
from training.settings import Run
from training.shape import Shape, named, read

VOCABULARY = 49_152  # ids, where a recipe does not say how many
_LIBRARIES = 700 << 20  # bytes that PyTorch and the rest of a process hold


def spent(name: str, settings: Mapping[str, Any], text_bytes: float, rate: float) -> Spent:
    """Returns what the run of this name costs at `rate` GFLOP/s, where the corpus has so many bytes of text.

    FLOPs are those of `Shape.flops_per_token`, and a third of that for a token of the loss on held-out documents.
    """
    runs: Mapping[str, Run] = {run.name: run for run in settings["train"]}
    run = runs[name]
    mixture = next((one for one in settings.get("mix", ()) if one.name == run.mixture), None)
    shape = _shape(run, runs, getattr(settings.get("tokenizer"), "vocab_size", None) or VOCABULARY)
    length = planning.length_of(run, shape)

    tokens = run.tokens or (mixture and mixture.tokens) or text_bytes / BYTES_PER_TOKEN
    evaluated = run.evaluation_tokens or planning.EVALUATED
    n_groups = len(mixture.weights) if mixture and mixture.weights else 1
    flops = tokens * shape.flops_per_token(length)
    flops += run.evaluations * n_groups * evaluated * shape.flops_of_reading(length)
    if run.teacher is not None:
        flops += tokens * shape_of(run.teacher, settings).flops_of_reading(length)

    weights = shape.memory()
    micro_batch = max(run.micro_batch_tokens, length)
    value = 2 if run.precision == "bfloat16" else 4
    activations = micro_batch * shape.activation_bytes_per_token(value, checkpointed=run.checkpoint_activations)
    return Spent(
        n_bytes=int(tokens * BYTES_PER_TOKEN),
        minutes=flops / (rate * 1e9) / 60,
        peak_bytes=_LIBRARIES + weights.total + activations,
        disk_bytes=weights.weights + weights.weights + weights.optimizer,  # the model, and the state on the way
    )


def shape_of(model: str, settings: Mapping[str, Any]) -> Shape:
    """Returns the shape of a model that a recipe names: one of its runs, a size, or a folder."""
    runs: Mapping[str, Run] = {run.name: run for run in settings.get("train", ())}
    vocab_size = getattr(settings.get("tokenizer"), "vocab_size", None) or VOCABULARY
    if model in runs:
        return _shape(runs[model], runs, vocab_size)
    try:
        return read(model)
    except UserError:
        return named("6M", vocab_size)


def _shape(run: Run, runs: Mapping[str, Run], vocab_size: int) -> Shape:
    """Returns the shape of a run's model; that of 6M where a run starts from one that the recipe does not name."""
    chain = [run]
    while (before := runs.get(chain[-1].after or "")) and before not in chain[1:]:
        chain.append(before)
    first = chain[-1]
    model = first.model or "6M"
    is_new = planning.is_size(model) and first.after is None
    try:
        shape = named(model, vocab_size) if planning.is_size(model) else read(model)
    except UserError:
        shape = named("6M", vocab_size)  # the stage itself says what is wrong
    if is_new:
        shape = planning.with_units(shape, planning.units_of(first, shape))
    for one in reversed(chain[1:]):  # each may have cut some
        shape = planning.pruned(shape, 0 if is_new and one is first else planning.units_of(one, shape))
    return shape
