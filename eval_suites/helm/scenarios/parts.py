"""What a scenario makes of a data set."""

from dataclasses import dataclass

from eval_suites.helm import asked
from eval_suites.helm.instances import Instance


@dataclass(frozen=True, slots=True)
class Parts:
    """The items of a task, and those that its examples come from, in HELM's order."""

    train: tuple[Instance, ...]
    asked: tuple[Instance, ...]


def parts(train: list[Instance], test: list[Instance], before: int = 0) -> Parts:
    """Returns both parts, with at most 1,000 items that are asked. `before`: items of the validation split."""
    return Parts(tuple(train), tuple(test[place] for place in asked.places(len(test), before)))
