"""Makes the model, the optimizer and the objective of a plan: whole in each process, or in pieces."""

from typing import Any

import torch

from training import checkpoints, objectives, optimizers, sharding
from training.model import Transformer
from training.plan import Plan
from training.processes import Processes
from training.pruning import Masks, importance
from training.teacher import Teacher
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

    if not plan.start:
        initialize(made, plan.seed)
        return made
    weights = checkpoints.read_weights(plan.start)
    load_state_dict(made, weights, plan.start)
    if plan.units and plan.units < plan.shape.d_ffn:
        gain = plan.mask_learning_rate / plan.learning_rate
        masks = Masks(plan.shape, plan.units, epsilon=plan.mask_epsilon, gain=gain)
        masks.begin(importance(weights, plan.shape.n_layers))
        made.masks = masks.to(processes.where)
    return made


def objective(plan: Plan, processes: Processes) -> Any:
    """Returns the objective of a plan, with its teacher if that computes along."""
    made = objectives.load(plan.objective)
    if not plan.teacher:
        return made(z_loss=plan.z_loss)
    teacher = None if plan.teacher_ids else Teacher(plan.teacher, plan.precision, processes.where)  # type: ignore[arg-type]
    return made(z_loss=plan.z_loss, share=plan.teacher_share, teacher=teacher)


def optimizer(plan: Plan, made: Transformer) -> Any:
    """Returns the optimizer of a model."""
    kind, settings = optimizers.load(plan.optimizer), optimizers.load_settings(plan.optimizer)
    values: dict[str, Any] = {"lr": plan.learning_rate, "weight_decay": plan.weight_decay}
    if "d_model" in settings.__dataclass_fields__:
        values["d_model"] = plan.shape.d_model
    more = {"pieces": made.pieces} if plan.optimizer == "muon" else {}  # each matrix of a fused one is turned alone
    return kind(made.named_parameters(), settings(**values), **more)
