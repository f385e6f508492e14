"""What all optimizers share: moments by the name of their parameter, a counter, saving and restoring."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from corpus.errors import UserError
from training import sharding

_STEP = "step"


@dataclass(frozen=True, slots=True)
class Update:
    """A parameter that a step changes. Of a tensor in pieces, `parameter`, `gradient` and `moments` are this
    process's piece."""

    name: str
    parameter: Tensor
    gradient: Tensor
    moments: tuple[Tensor, ...]  # in the order in which the kinds were given
    like: Tensor  # the parameter as it is stored, in pieces or whole


class State:
    """Named parameters, the number of steps taken, and tensors for each parameter, in its own type and place."""

    def __init__(self, parameters: Iterable[tuple[str, Tensor]], moments: Mapping[str, Iterable[str]]) -> None:
        """`moments` has, for each kind of moment, the parameters that have it."""
        self.parameters = dict(parameters)
        self.steps = 0
        self.moments = {
            kind: {name: torch.zeros_like(self.parameters[name], requires_grad=False) for name in names}
            for kind, names in moments.items()
        }

    def updates(self) -> Iterator[Update]:
        """Yields each parameter that has a gradient."""
        for name, parameter in self.parameters.items():
            if parameter.grad is None:
                continue
            moments = (by_name[name] for by_name in self.moments.values() if name in by_name)
            yield Update(
                name,
                sharding.local(parameter),
                sharding.local(parameter.grad),
                tuple(map(sharding.local, moments)),
                parameter,
            )

    def flat(self) -> dict[str, Tensor]:
        """All of it under names such as `velocity.blocks.0.qkv`; not copied."""
        tensors = {_STEP: torch.tensor(self.steps)}
        for kind, by_name in self.moments.items():
            tensors |= {f"{kind}.{name}": tensor for name, tensor in by_name.items()}
        return tensors

    @torch.no_grad()
    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Copies what `flat` returned; a state of another model or optimizer changes nothing."""
        mine = self.flat()
        wrong = sorted(mine.keys() ^ saved.keys())
        wrong += [name for name in mine if name in saved and mine[name].shape != saved[name].shape]
        if wrong:
            raise UserError(f"state of the optimizer: of another model or another optimizer: {wrong[0]} differs")
        for name, tensor in mine.items():
            sharding.local(tensor).copy_(sharding.part(saved[name], tensor))
        self.steps = int(saved[_STEP])
