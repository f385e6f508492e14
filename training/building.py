"""Makes the model and the optimizer of a plan: whole in each process, or in pieces."""

from typing import Any

import torch

from training import checkpoints, optimizers, sharding
from training.model import Transformer
from training.plan import Plan
from training.processes import Processes
from training.weights import initialize, load_state_dict


def model(plan: Plan, processes: Processes) -> Transformer:
    """Returns the model with its first values, or with those of the checkpoint that the run starts from."""
    with torch.device("meta" if processes.is_sharded else "cpu"):
        made = Transformer(
            plan.shape, precision=plan.precision, checkpoint_activations=plan.checkpoint_activations  # type: ignore[arg-type]
        )  # fmt: skip
    if plan.compile and processes.where.type != "cpu":
        for block in made.blocks:
            block.compile()
    if processes.is_sharded:
        sharding.shard(made, processes.where)
    else:
        made = made.to(processes.where)

    if plan.start:
        load_state_dict(made, checkpoints.read_weights(plan.start), plan.start)
    else:
        initialize(made, plan.seed)
    return made


def optimizer(plan: Plan, made: Transformer) -> Any:
    """Returns the optimizer of a model."""
    kind, settings = optimizers.load(plan.optimizer), optimizers.load_settings(plan.optimizer)
    values: dict[str, Any] = {"lr": plan.learning_rate, "weight_decay": plan.weight_decay}
    if "d_model" in settings.__dataclass_fields__:
        values["d_model"] = plan.shape.d_model
    more = {"pieces": made.pieces} if plan.optimizer == "muon" else {}  # each matrix of a fused one is turned alone
    return kind(made.named_parameters(), settings(**values), **more)
