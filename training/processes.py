"""The processes of a run, each with a device, and what they tell each other. One process alone is the usual case."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from corpus.errors import UserError
from corpus.shards.batches import share
from training import devices, kernels, sharding
from training.memory import keep_freed


def world() -> tuple[int, int]:
    """Returns (number of this process, number of processes); (0, 1) without `torchrun`."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a run, as one of them sees them. All call the same methods in the same order."""

    rank: int  # number of this process
    world: int  # how many there are
    where: torch.device  # on which this process computes
    is_sharded: bool = False  # whether the model is in pieces, so that all have to compute together

    @property
    def is_first(self) -> bool:
        """Returns whether this process writes and speaks for all."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """Returns the sum of some values over all processes, on the CPU."""
        if self.world > 1:
            values = values.to(self.where)
            distributed.all_reduce(values)
        return values.cpu()

    def first_says(self, answer: bool) -> bool:
        """Returns the first process's answer."""
        told = torch.tensor([float(answer)])
        if self.world > 1:
            told = told.to(self.where)
            distributed.broadcast(told, 0)
        return bool(told[0])

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Sums gradients over all processes, in one message; those in pieces have been summed by the backward pass."""
        if self.world == 1:
            return
        found = [parameter.grad for parameter in parameters if not sharding.is_sharded(parameter)]
        gradients = [gradient for gradient in found if gradient is not None]
        if not gradients:
            return
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        for gradient, summed in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(summed.view_as(gradient))

    def n_rounds(self, n_rows: int, micro_batch: int) -> int:
        """Returns how many micro-batches this process computes of its share of some rows.

        A model in pieces computes in all processes or in none: the one with most rows decides.
        """
        low, high = (0, -(-n_rows // self.world)) if self.is_sharded else share(n_rows, self.rank, self.world)
        return -(-(high - low) // micro_batch)

    def wait(self) -> None:
        """Waits for all processes."""
        if self.world > 1:
            distributed.barrier()


def begin(*, is_sharded: bool = False) -> Processes:
    """Prepares this process, and joins the others of the run, if there are any."""
    where = devices.device()
    rank, n_processes = world()
    if where.type == "cuda" and (local := int(os.environ.get("LOCAL_WORLD_SIZE", 1))) > torch.cuda.device_count():
        raise UserError(f"{local} processes need {local} GPUs; this machine has {torch.cuda.device_count()}")
    if where.type == "cpu":
        kernels.start_threads()
        keep_freed()
    if n_processes > 1 and not distributed.is_initialized():
        if where.type == "cuda":
            torch.cuda.set_device(where)
        distributed.init_process_group("nccl" if where.type == "cuda" else "gloo")
    return Processes(rank, n_processes, where, is_sharded and n_processes > 1)


def end() -> None:
    """Leaves the other processes."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
