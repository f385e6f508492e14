"""Finds the model that a name stands for: behind an endpoint, a run of the recipe or of the lake, or a folder."""

import os
from pathlib import Path
from typing import Any

from corpus import artifacts
from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.stage import Context
from corpus.task import digest
from eval_suites.models.endpoint.address import Address, is_address
from training.fingerprint import fingerprint


class Chosen:
    """A model as a command or a recipe names it."""

    def __init__(self, folder: str, key: str, run: str = "", tokens: int | None = None) -> None:
        self.folder, self.key, self.run, self.tokens = folder, key, run, tokens

    @classmethod
    def of(cls, context: Context[Any], name: str) -> "Chosen":
        """Finds a model: behind an endpoint, a run of the recipe or of the lake, or a folder."""
        lake = context.lake
        if is_address(name):
            address = Address.of(name)
            if not address.model:
                raise UserError(f"model {name}: which one? Add the name that the endpoint serves: {name}#MODEL")
            endpoint = getattr(context.settings, "endpoint", None)
            return cls(str(address), digest(["endpoint", str(address), (endpoint.revision or "") if endpoint else ""]))
        run = _planned(context, name) or _of_lake(lake, name)
        if run:
            folder = f"{lake.root}/{artifacts.FOLDER}/checkpoint/{run}"
            return cls(folder, run, run, _tokens(lake, run))
        path = Path(name).expanduser()
        if not path.exists():
            known = _names(lake)
            raise (
                unknown("model", name, known)
                if known and os.sep not in name
                else UserError(f"model {name}: there is no such folder, and the lake has no run of that name")
            )
        return cls(name, fingerprint(path))


def _planned(context: Context[Any], name: str) -> str:
    """Returns the id of a run of the recipe."""
    entries = {one.name: one for one in context.others.get("train", ())}
    if name not in entries:
        return ""
    from training import stages as training

    return training.run_of(context, entries[name])


def _of_lake(lake: Lake, name: str) -> str:
    """Returns the id of a run of the lake: by its checkpoint's folder, its name, its id, or the first digits of it."""
    from training import stages as training

    if Path(name).expanduser().is_dir():
        return training.checkpoint_of(lake, name) or ""
    try:
        return training.find(lake, name) if os.sep not in name else ""
    except UserError:
        return ""


def _names(lake: Lake) -> list[str]:
    return sorted(set(lake.scan("runs").select("name").collect()["name"])) if lake.exists("runs") else []


def _tokens(lake: Lake, run: str) -> int | None:
    """Returns the tokens that a run and those before it were trained on."""
    from training import stages as training

    return sum(int(row["tokens"]) for row in training.chain(lake, run)) or None
