"""What a run writes: the state that a killed run continues from, and the model as a plain Hugging Face folder.

A state is a folder of its own, `state-<step>`, written under another name and renamed, so it is whole or not there.
Only the newest one stays. All files are safetensors and JSON: nothing that could run code is written or read.
"""

import errno
import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from corpus import durable
from corpus.errors import UserError
from corpus.tokenizer.loading import load as load_tokenizer
from corpus.tokenizer.steps import copy as copy_tokenizer
from training import pruning, sharding
from training.model import Transformer
from training.optimizers import Optimizer
from training.shape import CONFIG
from training.weights import load_state_dict, to_state_dict

WEIGHTS, INDEX, MOMENTS, PROGRESS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "optimizer.safetensors",
    "state.json",
)
_STATE = "state-"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    step: int = 0
    skipped: int = 0  # steps that were left out
    skipped_in_a_row: int = 0
    bad_in_a_row: int = 0  # steps whose loss is above that of guessing
    tokens: int = 0  # that it read
    targets: int = 0  # tokens that it learned to predict
    seconds: float = 0.0  # of training, before this state


def save(folder: Path, model: Transformer, optimizer: Optimizer, progress: Progress, *, is_writer: bool = True) -> None:
    """Saves a state below a run's folder, in place of the one before.

    If the model is in pieces, all processes call this, and one of them writes.
    """
    weights, moments = to_state_dict(model, is_kept=is_writer), _moments(optimizer, is_kept=is_writer)
    if not is_writer:
        return
    target, temporary = folder / f"{_STATE}{progress.step:010}", folder / f".{_STATE}unfinished"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    _write(weights, temporary / WEIGHTS)
    _write(moments, temporary / MOMENTS)
    (temporary / PROGRESS).write_text(json.dumps(asdict(progress)))
    durable.sync_below(str(temporary))
    shutil.rmtree(target, ignore_errors=True)
    os.rename(temporary, target)
    durable.sync_folder(str(folder))
    for other in _states(folder):
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


def _moments(optimizer: Optimizer, *, is_kept: bool) -> dict[str, Tensor]:
    """Returns the optimizer's state, gathered one tensor after the other."""
    moments: dict[str, Tensor] = {}
    for name, tensor in optimizer.state().items():
        gathered = sharding.whole(tensor)
        if is_kept:
            moments[name] = gathered.detach().cpu().contiguous()
    return moments


def restore(folder: Path, model: Transformer, optimizer: Optimizer) -> Progress:
    """Restores the newest state below a run's folder, if there is one, and returns how far the run had come."""
    states = _states(folder)
    if not states:
        return Progress()
    newest = states[-1]
    try:
        weights, moments = _tensors(newest / WEIGHTS), _tensors(newest / MOMENTS)
        progress = Progress(**json.loads((newest / PROGRESS).read_text()))
    except (UserError, ValueError, TypeError) as error:
        raise UserError(f"the saved state of the run is damaged: {error}; delete {newest} to begin again") from error
    load_state_dict(model, weights, str(newest))
    optimizer.restore(moments)
    return progress


def forget(folder: Path) -> None:
    """Deletes the states of a run that has ended."""
    for path in (*_states(folder), folder / f".{_STATE}unfinished"):
        shutil.rmtree(path, ignore_errors=True)


def _states(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"{_STATE}*") if (path / PROGRESS).is_file())


def read_weights(folder: str | Path) -> dict[str, Tensor]:
    """Returns the weights of a Hugging Face folder, in one file or several; raises `UserError` for a damaged one."""
    folder = Path(folder)
    if not (folder / INDEX).is_file():
        return _tensors(folder / WEIGHTS)
    try:
        names = sorted({str(name) for name in json.loads((folder / INDEX).read_text())["weight_map"].values()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{folder / INDEX}: it cannot be read: {error}") from error
    tensors: dict[str, Tensor] = {}
    for name in names:
        if Path(name).name != name:
            raise UserError(f"{folder / INDEX}: {name!r} is no file of the folder")
        tensors |= _tensors(folder / name)
    return tensors


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        return {
            name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in load_file(path).items()
        }
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: no weights can be read: {error}") from error


def _write(tensors: dict[str, Tensor], path: Path) -> None:
    """Writes tensors; a full disk is an OSError, as with every other file."""
    try:
        save_file(tensors, path, metadata={"format": "pt"})
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        raise OSError(int(number[1]) if number else errno.EIO, str(error), str(path)) from error


def export(folder: Path, model: Transformer, tokenizer: str, length: int, *, is_writer: bool = True) -> None:
    """Writes the model as Hugging Face has it, with its tokenizer: `AutoModelForCausalLM.from_pretrained(folder)`.

    Of a model that is pruned, what is kept is written.

    If the model is in pieces, all processes call this, and one of them writes.
    """
    weights, shape = to_state_dict(model, is_kept=is_writer), model.shape
    if model.masks is not None:
        kept_LK = model.masks.kept()
        weights, shape = pruning.cut(weights, kept_LK) if is_writer else {}, replace(shape, d_ffn=model.masks.units)
    if not is_writer:
        return
    vocabulary = load_tokenizer(tokenizer)
    ids: dict[str, Any] = {
        "bos_token_id": vocabulary.begin,
        "eos_token_id": vocabulary.end,
        "pad_token_id": vocabulary.pad,
    }
    config = shape.to_config(max_position_embeddings=length, **ids)
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
    (folder / "generation_config.json").write_text(json.dumps(ids) + "\n")
    copy_tokenizer(tokenizer, folder)
    temporary = folder / f".{WEIGHTS}"
    _write(weights, temporary)
    durable.publish(str(temporary), str(folder / WEIGHTS))
