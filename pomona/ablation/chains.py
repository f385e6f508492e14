"""Runs that lead to the one that is compared, and what all of them cost.

A variant may prune a larger model first, learn from a teacher, or both:

  shared    runs of the study, trained once: what variants start from, or learn from
  before    of each variant and seed, one after the other, each from the checkpoint of the one before
  last      the run that is compared

Costs are FLOPs of matrix products, as the table `runs` counts them: of training, and a third of that for a token that
a teacher only reads. Shared runs are not counted: they are there for all variants.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import UserError
from corpus.sizes import count_text
from training import plan as planning
from training.settings import Run
from training.shape import Shape, named, read

_ANY = 4096  # ids, where only units matter
_LEAST = 0.1  # of the baseline's tokens, that another variant may be left with


@dataclass(frozen=True, slots=True)
class Chain:
    """The runs of a variant and a seed, in order."""

    name: str  # of the variant
    before: tuple[Run, ...]
    last: Run


def at_equal_cost(chains: Sequence[Chain], shared: Iterable[Run], vocab_size: int) -> list[int]:
    """Returns the tokens of each chain's last run, so that each costs as much as the first chain.

    Raises `UserError` for one whose earlier runs leave too little.
    """
    shapes = _shapes(shared, vocab_size)
    allowed = sum(cost for cost in _costs(chains[0], shapes, vocab_size))
    made = []
    for chain in chains:
        *before, last = _costs(chain, shapes, vocab_size)
        tokens = chain.last.tokens or 0
        left = int((allowed - sum(before)) * tokens // last) if before or last != allowed else tokens
        if left < _LEAST * tokens:
            raise UserError(
                f"variant {chain.name!r}: at equal cost, its {len(before)} earlier runs leave "
                f"{count_text(max(left, 0))} tokens for the last one, of the baseline's {count_text(tokens)}; "
                "give them fewer tokens, or raise tokens"
            )
        made.append(left)
    return made


def alike(chains: Sequence[Chain], shared: Iterable[Run], vocab_size: int) -> list[Run]:
    """Returns the last runs with the batch and the length of the first one's, where they say none: what differs in
    tokens must not differ in these."""
    shapes = _shapes(shared, vocab_size)
    first = chains[0].last
    known = dict(shapes)
    for run in chains[0].before:
        known[run.name] = _after(run, known, vocab_size)
    length = planning.length_of(first, _trained(first, known, vocab_size))
    batch = first.batch_tokens or planning.batch_of(first.tokens or 0)
    same = {"sequence_length": length, "batch_tokens": batch}
    return [
        chain.last.model_copy(update={name: value for name, value in same.items() if getattr(chain.last, name) is None})
        for chain in chains
    ]


def check(chains: Sequence[Chain], shared: Sequence[Run]) -> None:
    """Raises `UserError` for a run that keeps more units than the model has that it starts from, and for a teacher
    without a model."""
    shapes = _shapes(shared, _ANY)
    for run in shared:
        _cost(run, shapes, _ANY)
    for chain in chains:
        _costs(chain, shapes, _ANY)


def cost(chain: Chain, shared: Iterable[Run], vocab_size: int) -> float:
    """Returns the FLOPs of all runs of a chain."""
    return float(sum(_costs(chain, _shapes(shared, vocab_size), vocab_size)))


def cost_of_shared(shared: Iterable[Run], vocab_size: int) -> float:
    """Returns the FLOPs of the runs that a study trains once."""
    runs = list(shared)
    shapes = _shapes(runs, vocab_size)
    return float(sum(_cost(run, shapes, vocab_size) for run in runs))


def _costs(chain: Chain, shapes: Mapping[str, Shape], vocab_size: int) -> list[int]:
    """Returns the FLOPs of each run of a chain."""
    made, known = [], dict(shapes)
    for run in (*chain.before, chain.last):
        made.append(_cost(run, known, vocab_size))
        known[run.name] = _after(run, known, vocab_size)
    return made


def _shapes(shared: Iterable[Run], vocab_size: int) -> dict[str, Shape]:
    """Returns the shapes of the models that shared runs leave, by name."""
    shapes: dict[str, Shape] = {}
    for run in shared:
        shapes[run.name] = _after(run, shapes, vocab_size)
    return shapes


def _trained(run: Run, shapes: Mapping[str, Shape], vocab_size: int) -> Shape:
    """Returns the shape of the model that a run trains."""
    if not run.after:
        return planning.with_units(named(run.model or "6M", vocab_size), run.units)
    shape = shapes[run.after]
    if run.units is not None and run.units > shape.d_ffn:
        raise UserError(f"{run.name}: units is {run.units:,}, and the model that it starts from has {shape.d_ffn:,}")
    return shape


def _after(run: Run, shapes: Mapping[str, Shape], vocab_size: int) -> Shape:
    """Returns the shape of the model that a run leaves."""
    return planning.pruned(_trained(run, shapes, vocab_size), run.units or 0)


def _cost(run: Run, shapes: Mapping[str, Shape], vocab_size: int) -> int:
    shape = _trained(run, shapes, vocab_size)
    length = planning.length_of(run, shape)
    per_token = shape.flops_per_token(length)
    if run.teacher is not None:
        teacher = shapes[run.teacher] if run.teacher in shapes else read(Path(run.teacher).expanduser())
        per_token += teacher.flops_per_token(length) // 3
    return per_token * (run.tokens or 0)
