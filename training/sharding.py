"""A model in pieces: each process keeps a part of every matrix, of its gradient and of its optimizer's state (FSDP2).

Source: Rajbhandari et al. 2020, arXiv:1910.02054 (ZeRO, stage 3); Zhao et al. 2023, arXiv:2304.11277; PyTorch's
`fully_shard` does it.

A block's matrices are gathered while it computes, in the type of the products, forward and once more backward. The
embedding, which the loss needs as well, stays gathered from the forward pass to the end of the backward pass, in the
type of the weights. Norms are small: each process has them whole. So every number has the type that it has in one
process. Gradients are summed over processes, not averaged: losses are over the targets of all of them already.

All functions but `shard` take any tensor, in pieces or whole. So optimizers and checkpoints need not know which it is.
Those that gather or sum have to be called by all processes, in the same order.
"""

from typing import Any

import torch
from torch import Tensor, distributed

from training import casting
from training.casting import compute_dtype


def shard(model: Any, where: torch.device) -> None:
    """Cuts a `Transformer` without values into pieces, and gives them memory on this process's device."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

    mesh = init_device_mesh(where.type, (distributed.get_world_size(),))
    norms = {parameter for parameter in model.parameters() if parameter.ndim == 1}
    products = MixedPrecisionPolicy(
        param_dtype=compute_dtype(model.embedding, model.precision),
        reduce_dtype=model.embedding.dtype,
        cast_forward_inputs=False,
    )
    for block in model.blocks:
        fully_shard(block, mesh=mesh, mp_policy=products, ignored_params=norms)
    fully_shard(model, mesh=mesh, reshard_after_forward=False, ignored_params=norms)
    model.to_empty(device=where)
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)


def forget_gathered(model: Any) -> None:
    """Drops what is gathered, and 16-bit copies of it. To be called when weights change, and after a forward pass
    without a backward pass. Nothing happens to a model that is not in pieces."""
    if hasattr(model, "reshard"):
        model.reshard()
        casting.forget()


def is_sharded(tensor: Tensor) -> bool:
    """Returns whether a tensor is in pieces: a DTensor. To ask for its class would load much of PyTorch for nothing."""
    return hasattr(tensor, "placements")


def local(tensor: Any) -> Tensor:
    """Returns this process's piece, which shares its memory; a whole tensor is returned as it is."""
    piece: Tensor = tensor.detach()._local_tensor if is_sharded(tensor) else tensor
    return piece


def whole(tensor: Any) -> Tensor:
    """Returns the whole tensor, gathered from all processes."""
    made: Tensor = tensor.detach().full_tensor() if is_sharded(tensor) else tensor
    return made


def gathered(piece: Tensor, like: Any) -> Tensor:
    """Returns the whole tensor from the pieces of all processes, which are cut as `like` is."""
    if not is_sharded(like):
        return piece
    from torch.distributed.tensor import DTensor

    made = DTensor.from_local(
        piece, like.device_mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
    )
    return made.full_tensor()


def part(tensor: Tensor, like: Any) -> Tensor:
    """Returns the rows of a whole tensor that this process has of `like`, which has the same shape."""
    if not is_sharded(like):
        return tensor
    mesh = like.device_mesh
    pieces = tensor.chunk(mesh.size())  # so are the rows cut; the last processes may have none
    return pieces[mesh.get_local_rank()] if mesh.get_local_rank() < len(pieces) else tensor[:0]


def summed(values: Tensor, like: Any) -> Tensor:
    """Returns the sum of values over the processes among which `like` is cut; the values themselves if it is whole."""
    if is_sharded(like):
        values = values.to(like.device)
        distributed.all_reduce(values, group=like.device_mesh.get_group())
    return values
