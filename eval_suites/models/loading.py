"""Loads a model and its tokenizer from a folder. Pickled weights, which could run code, are refused, and so is code."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError
from training.fingerprint import fingerprint

if TYPE_CHECKING:
    import torch

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that can be asked."""

    model: Any
    tokenizer: Any
    folder: Path
    fingerprint: str  # of its files
    max_length: int  # tokens that it reads


def load(where: str, *, dtype: str = "float32", device: str = "") -> Loaded:
    """Loads a model from a folder, or from a GGUF file. Raises `UserError` if it is none, or damaged."""
    path = checked(where)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = path.parent if path.is_file() else path
    files = {"gguf_file": path.name} if path.is_file() else {"use_safetensors": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, gguf_file=files.get("gguf_file")
        )
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, dtype=getattr(torch, dtype), **files
        )
    except Exception as error:  # transformers raises errors of every kind for damaged files
        raise UserError(f"cannot load the model {where}: {_one_line(error)}") from error
    if not tokenizer("A text, 1 2 3.", add_special_tokens=False)["input_ids"]:
        raise UserError(
            f"cannot load the model {where}: its tokenizer makes no tokens; the folder needs tokenizer.json"
        )
    if tokenizer.eos_token_id is None:
        raise UserError(f"cannot load the model {where}: its tokenizer has no token that ends a text (eos_token)")
    model.to(_device(torch, device))  # type: ignore[arg-type]
    return Loaded(model, tokenizer, folder, fingerprint(path), max_length(model.config, tokenizer))


def checked(where: str) -> Path:
    """Returns the path of a model; raises `UserError` if there is none, before anything heavy is loaded."""
    path = Path(where).expanduser()
    if path.is_file():
        if path.suffix == ".gguf":
            if find_spec("gguf") is None:
                raise UserError(f"cannot load the model {where}: a .gguf file needs a package: pip install gguf")
            return path
        raise UserError(f"model {where} is a file; name the folder with its config.json, or a .gguf file")
    if not path.is_dir():
        raise UserError(f"model {where}: there is no such folder, and no run of the lake is called so")
    if not (path / "config.json").is_file():
        raise UserError(f"model {where}: the folder has no config.json; name the folder of a Hugging Face model")
    if not list(path.glob("*.safetensors")):
        pickles = [one.name for pattern in _PICKLES for one in path.glob(pattern)]
        reason = f"only pickled ones ({pickles[0]}), which could run code" if pickles else "none"
        raise UserError(f"model {where}: weights are read from *.safetensors, and the folder has {reason}")
    return path


def max_length(config: Any, tokenizer: Any) -> int:
    """Returns how many tokens a model reads, as lm-eval finds it."""
    from lm_eval.models.utils import resolve_max_length

    return int(resolve_max_length(config, tokenizer, default=2048))


def _device(torch: Any, wanted: str) -> "torch.device":
    if wanted:
        return torch.device(wanted)
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
