"""A run with everything decided: shape, steps, batch, schedule. It is JSON, so that the processes of a run share it."""

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from corpus.shards.kinds import Boundaries
from corpus.sizes import count_text
from training.settings import Run
from training.shape import NAMES, Shape, named, read

_LEAST_BATCH, _MOST_BATCH = 2048, 1 << 22  # tokens of a step, by default
_LEAST_STEPS = 16  # of the shortest runs, by default
_STEPS = 2000  # of a run, by default, between the smallest batch and the largest (docs/experiments.md)
_LAST = 0.1  # of a run's steps, in which its last evaluations are
_LENGTHS = ((10_000_000, 256), (100_000_000, 512), (1_000_000_000, 2048))  # of core pre-training, below so many weights
_LONGEST_CORE = 4096
EVALUATED = 1 << 15  # held-out tokens of a group, by default; the same for all runs, so that they can be compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the training loop does."""

    run: str  # id
    name: str
    shards: str  # folder of the token shards
    packing: str  # folder of the packing; '' if sequences follow one another without gaps
    tokenizer: str  # folder
    held_out: str  # folder of token shards whose held-out documents are measured; '' for those of `shards`
    start: str  # folder of the model to start from; '' for a new one
    shape: Shape
    seed: int
    length: int  # slots of a sequence
    sequences: int  # of a step, all devices together
    steps: int
    micro_batch: int  # sequences that a device computes at once
    boundaries: Boundaries
    pad: int
    precision: str
    optimizer: str
    learning_rate: float
    weight_decay: float
    schedule: str
    warm_up: int  # steps
    final: float
    clip_norm: float
    skip_norm: float
    objective: str
    z_loss: float
    teacher: str  # folder of a model; '' for none
    teacher_ids: str  # folder of its likeliest tokens; '' if it computes along
    teacher_share: float
    units: int  # of each feed-forward block that are kept, if that is less than the shape has; 0 for all
    mask_epsilon: float
    mask_learning_rate: float
    evaluate_at: tuple[int, ...]  # steps after which the loss on held-out documents is measured
    evaluation_tokens: int  # of each group
    save_minutes: float
    checkpoint_activations: bool
    sharded: bool  # whether each process has a piece of the model
    compile: bool  # on a GPU
    wandb: str  # project there; '' for none

    def to_json(self) -> str:
        """Returns the plan as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Returns the plan that a text has."""
        values: dict[str, Any] = json.loads(text)
        values["shape"], values["evaluate_at"] = Shape(**values["shape"]), tuple(values["evaluate_at"])
        return cls(**values)


def shape_of(run: Run, start: str, vocab_size: int) -> Shape:
    """Returns the shape of a run's model; raises `UserError` if it does not fit the vocabulary."""
    shape = read(start) if start else named(run.model or "6M", vocab_size)
    if shape.vocab_size != vocab_size:
        raise UserError(
            f"train {run.name!r}: the model in {start} has {shape.vocab_size:,} ids, the tokenizer {vocab_size:,}; "
            "train with the tokenizer that the model was trained with: `tokenizer: {path: FOLDER}`"
        )
    base = run.rope_base or run.preset.rope_base
    shape = shape if base is None else replace(shape, rope_base=base)
    units = units_of(run, shape)
    if start and units > shape.d_ffn:
        raise UserError(
            f"train {run.name!r}: units is {units:,}, and the feed-forward blocks of the model in {start} have "
            f"{shape.d_ffn:,}; give at most as many"
        )
    return shape if start else with_units(shape, units)


def units_of(run: Run, shape: Shape) -> int:
    """Returns the hidden units that a run asks for, of a model of this shape; 0 for all."""
    if run.keep is not None:
        return max(round(run.keep * shape.d_ffn), 1)
    return run.units or 0


def with_units(shape: Shape, units: int) -> Shape:
    """Returns a shape with another number of hidden units; 0: as many as it has."""
    return replace(shape, d_ffn=units) if units else shape


def pruned(shape: Shape, units: int) -> Shape:
    """Returns the shape of the model that a run of a plan leaves: with fewer units, if it prunes."""
    return with_units(shape, min(units or shape.d_ffn, shape.d_ffn))


def is_size(model: str) -> bool:
    """Returns whether a model is named by its size, not by a folder."""
    return model in NAMES


def length_of(run: Run, shape: Shape) -> int:
    """Returns the tokens of a sequence."""
    if run.sequence_length is not None:
        return run.sequence_length
    core = next((length for most, length in _LENGTHS if shape.parameters < most), _LONGEST_CORE)
    return core * run.preset.longer


def batch_of(tokens: int) -> int:
    """Returns the tokens of a step, by default, of a run of so many tokens."""
    batch = min(max(1 << round(math.log2(max(tokens / _STEPS, 1))), _LEAST_BATCH), _MOST_BATCH)
    return min(batch, 1 << math.floor(math.log2(max(tokens / _LEAST_STEPS, 1))))


def sizes(run: Run, length: int, n_sequences: int) -> tuple[int, int]:
    """Returns (sequences of a step, steps) for a packing of so many sequences; raises `UserError` for too few."""
    has = n_sequences * length
    tokens = run.tokens if run.tokens is not None else has
    for name, value in (("tokens", tokens), ("batch_tokens", run.batch_tokens)):
        if value is not None and value < length:
            raise UserError(
                f"train {run.name!r}: {name} is {count_text(value)}, less than one sequence of {length:,}; raise it or "
                "lower sequence_length"
            )
    batch = run.batch_tokens or batch_of(tokens)
    sequences = max(1, round(batch / length))
    steps = max(tokens // (sequences * length), 1)
    if steps * sequences > n_sequences:
        wanted = max(tokens, sequences * length)
        raise UserError(
            f"train {run.name!r}: mixture {run.mixture!r} has {count_text(has)} tokens in sequences of {length}, and "
            f"{count_text(wanted)} are asked for; lower tokens (or batch_tokens), or make a larger mixture: more text, "
            "or repeats by max_epochs"
        )
    return sequences, steps


def evaluated_at(run: Run, steps: int) -> tuple[int, ...]:
    """Returns the steps after which held-out documents are read: evenly spaced, the last step among them; and those of
    the run's last tenth."""
    n = min(run.evaluations, steps)
    last = [steps - round(steps * _LAST * (i + 1) / run.last_evaluations) for i in range(run.last_evaluations)]
    return tuple(sorted({round(steps * (i + 1) / n) for i in range(n)} | {step for step in last if step > 0}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a run reads: token shards, in sequences of one length."""

    shards: Path
    packing: Path | None  # None: sequences follow one another without gaps
    tokenizer: Path
    pad: int  # id of slots without a token
    length: int
    n_sequences: int


def make(
    run: Run, key: str, reads: Reads, *, start: str, shape: Shape, precision: str, teacher: str = ""
) -> Plan:  # fmt: skip
    """Returns the plan of a run that starts from a model in a folder, or from a new one (''); `teacher` is the folder
    of another one."""
    sequences, steps = sizes(run, reads.length, reads.n_sequences)
    warm_up = min(run.preset.warm_up_steps, steps // 10) if run.warm_up_steps is None else min(run.warm_up_steps, steps)
    return Plan(
        run=key,
        name=run.name,
        shards=str(reads.shards),
        packing=str(reads.packing or ""),
        tokenizer=str(reads.tokenizer),
        held_out=str(Path(run.held_out).expanduser().resolve()) if run.held_out else "",
        start=start,
        shape=shape,
        seed=run.seed,
        length=reads.length,
        sequences=sequences,
        steps=steps,
        micro_batch=max(1, run.micro_batch_tokens // reads.length),
        boundaries=run.boundaries,
        pad=reads.pad,
        precision=precision,
        optimizer=run.optimizer,
        learning_rate=run.peak(),
        weight_decay=run.decay(),
        schedule=run.schedule,
        warm_up=warm_up,
        final=run.preset.final if run.final is None else run.final,
        clip_norm=run.clip_norm,
        skip_norm=run.skip_norm,
        objective=run.objective,
        z_loss=run.z_loss,
        teacher=teacher,
        teacher_ids="",
        teacher_share=run.teacher_share,
        units=units_of(run, shape) if start else 0,  # a new model has them from the start
        mask_epsilon=run.mask_epsilon,
        mask_learning_rate=run.mask_learning_rate,
        evaluate_at=evaluated_at(run, steps),
        evaluation_tokens=run.evaluation_tokens or EVALUATED,
        save_minutes=run.save_minutes,
        checkpoint_activations=run.checkpoint_activations,
        sharded=run.sharded,
        compile=run.compile,
        wandb=run.wandb or "",
    )
