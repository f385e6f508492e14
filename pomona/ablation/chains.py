"""Runs that lead to the one that is compared, and what all of them cost.

A variant may prune a larger model first, learn from a teacher, or both:

  shared    runs of the study, trained once: what variants start from, or learn from
  before    of each variant and seed, one after the other, each from the checkpoint of the one before
  last      the run that is compared

Costs are FLOPs of matrix products, as the table `runs` counts them: of training, and of reading for a teacher. Shared
runs are not counted: they are there for all variants.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import UserError
from corpus.sizes import count_text
from training import plan as planning
from training.settings import Run
from training.shape import Shape, named, read

_LEAST = 0.1  # of the baseline's tokens, that another variant may be left with


@dataclass(frozen=True, slots=True)
class Chain:
    """The runs of a variant and a seed, in order."""

    name: str  # of the variant
    before: tuple[Run, ...]
    last: Run


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a run is about."""

    length: int  # tokens of a sequence
    leaves: Shape
    flops: int


def at_equal_cost(chains: Sequence[Chain], shared: Iterable[Run], vocab_size: int) -> list[Run]:
    """Returns the last run of each chain, with as many tokens as the first chain's cost allows.

    Only tokens differ: batch and sequence length are those of the first chain, unless another one says its own. Raises
    `UserError` for a chain whose earlier runs leave too little.
    """
    leaves = _leaves(shared, vocab_size)
    first = _counted(chains[0], leaves, vocab_size)
    allowed = sum(one.flops for one in first)
    batch = chains[0].last.batch_tokens or planning.batch_of(chains[0].last.tokens or 0)
    same = {"sequence_length": first[-1].length, "batch_tokens": batch}

    made = []
    for chain in chains:
        run = chain.last.model_copy(update={k: v for k, v in same.items() if getattr(chain.last, k) is None})
        *before, last = _counted(Chain(chain.name, chain.before, run), leaves, vocab_size)
        tokens = run.tokens or 0
        left = (allowed - sum(one.flops for one in before)) * tokens // last.flops
        if left < _LEAST * tokens:
            raise UserError(
                f"variant {chain.name!r}: at equal cost, its {len(before)} earlier runs leave "
                f"{count_text(max(left, 0))} tokens for the last one, of the baseline's {count_text(tokens)}; "
                "give them fewer tokens, or raise tokens"
            )
        made.append(run.model_copy(update={"tokens": left}))
    return made


def cost(chain: Chain, shared: Iterable[Run], vocab_size: int) -> float:
    """Returns the FLOPs of all runs of a chain.

    Raises `UserError` for a run with more units than the model that it starts from, and a teacher without a model.
    """
    return float(sum(one.flops for one in _counted(chain, _leaves(shared, vocab_size), vocab_size)))


def cost_of_shared(shared: Sequence[Run], vocab_size: int) -> float:
    """Returns the FLOPs of the runs that a study trains once; raises as `cost`."""
    return cost(Chain("", tuple(shared[:-1]), shared[-1]), (), vocab_size) if shared else 0.0


def _counted(chain: Chain, leaves: Mapping[str, Shape], vocab_size: int) -> list[_Counted]:
    """Returns what each run of a chain is about; `leaves` has the models of shared runs, by name."""
    made, known = [], dict(leaves)
    for run in (*chain.before, chain.last):
        made.append(_of_run(run, known, vocab_size))
        known[run.name] = made[-1].leaves
    return made


def _leaves(shared: Iterable[Run], vocab_size: int) -> dict[str, Shape]:
    """Returns the shapes of the models that shared runs leave, by name."""
    leaves: dict[str, Shape] = {}
    for run in shared:
        leaves[run.name] = _of_run(run, leaves, vocab_size).leaves
    return leaves


def _of_run(run: Run, leaves: Mapping[str, Shape], vocab_size: int) -> _Counted:
    """Returns what a run is about that starts from a new model, or from one that another run leaves."""
    new = named(run.model or "6M", vocab_size)
    shape = leaves[run.after] if run.after else new
    units = planning.units_of(run, shape)
    if run.after is None:
        shape, units = planning.with_units(new, units), 0
    if units > shape.d_ffn:
        raise UserError(f"{run.name}: units is {units:,}, and the model that it starts from has {shape.d_ffn:,}")

    length = planning.length_of(run, shape)
    flops = shape.flops_per_token(length)
    if run.teacher is not None:
        teacher = leaves[run.teacher] if run.teacher in leaves else read(Path(run.teacher).expanduser())
        flops += teacher.flops_of_reading(length)
    return _Counted(length, planning.pruned(shape, units), flops * (run.tokens or 0))
