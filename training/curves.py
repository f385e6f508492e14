"""Curves for other programs to show, beside the log: TensorBoard's files, Weights & Biases if a run names a project.

Both are optional packages. What they cannot do ends no run: a service that cannot be reached is said once.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from corpus.errors import UserError

TENSORBOARD = "tensorboard"


class Curves(Protocol):
    """What the journal needs."""

    def add(self, step: int, numbers: dict[str, float]) -> None:
        """Adds the values of a step."""

    def flush(self) -> None:
        """Brings what was added to disk."""

    def close(self) -> None:
        """Ends the curves."""


class TensorBoard:
    """Event files in a folder, for `tensorboard --logdir FOLDER`."""

    def __init__(self, folder: Path, after_step: int) -> None:
        """Steps after `after_step` will come again, and replace those of a run that was killed."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=after_step + 1 if after_step else None)

    def add(self, step: int, numbers: dict[str, float]) -> None:
        """Adds the values of a step."""
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, step)

    def flush(self) -> None:
        """Brings what was added to disk."""
        self._writer.flush()

    def close(self) -> None:
        """Ends the files."""
        self._writer.close()


class WeightsAndBiases:
    """A run of the service at wandb.ai, with the id of this run; with WANDB_MODE=offline, a folder `wandb` here."""

    def __init__(self, project: str, run: str, name: str, config: dict[str, Any]) -> None:
        import wandb

        try:
            self._run = wandb.init(project=project, id=run, name=name, config=config, resume="allow")
        except Exception as error:
            raise UserError(
                f"train {name!r}: wandb: {error}; log in with `wandb login`, or set WANDB_MODE=offline"
            ) from error

    def add(self, step: int, numbers: dict[str, float]) -> None:
        """Adds the values of a step."""
        self._run.log(numbers, step=step)

    def flush(self) -> None:
        """Does nothing: the service's own process sends and stores what was added."""

    def close(self) -> None:
        """Ends the run, after everything has been sent."""
        self._run.finish()


def open_all(
    folder: Path, after_step: int, *, project: str, run: str, name: str, config: dict[str, Any]
) -> list[Curves]:
    """Returns the curves of a run: TensorBoard's if it is installed, and those of a project of Weights & Biases."""
    curves: list[Curves] = []
    with suppress(ImportError):
        curves.append(TensorBoard(folder / TENSORBOARD, after_step))
    if project:
        curves.append(WeightsAndBiases(project, run, name, config))
    return curves
