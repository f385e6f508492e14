"""Optimizers, one file each, with one interface.

An optimizer is made from named parameters and its settings, a frozen dataclass. `step(schedule)` changes the parameters
in place, from their `.grad`; `schedule` is the factor of `training.schedules`. `scale` multiplies every gradient first:
so clipping (`training.optimizers.clip`) costs no pass over memory of its own.

The state is a flat dict of tensors, for safetensors: `restore(state())` continues bit by bit.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

from torch import Tensor

from corpus.errors import unknown

OPTIMIZERS = {
    "rmsprop": "training.optimizers.rmsprop:RMSProp",
    "adamw": "training.optimizers.adamw:AdamW",
    "muon": "training.optimizers.muon:Muon",
}


class Optimizer(Protocol):
    """What the training loop needs."""

    def step(self, schedule: float, scale: float = 1.0) -> None:
        """Changes the parameters by one step; gradients are multiplied by `scale`, and not changed."""

    def state(self) -> dict[str, Tensor]:
        """Returns the state as it is, not a copy: `step`, and two or fewer tensors for each parameter."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Copies a saved state into this one."""


def load(name: str) -> type[Any]:
    """Returns the class of an optimizer by its name."""
    module, _, item = _place(name).partition(":")
    loaded: type[Any] = getattr(import_module(module), item)
    return loaded


def load_settings(name: str) -> type[Any]:
    """Returns the class of an optimizer's settings, which is in the optimizer's file."""
    loaded: type[Any] = import_module(_place(name).partition(":")[0]).Settings
    return loaded


def _place(name: str) -> str:
    if name not in OPTIMIZERS:
        raise unknown("optimizer", name, OPTIMIZERS)
    return OPTIMIZERS[name]
