"""Paths in a recipe are relative to the recipe's folder, so that it means the same wherever it is run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from corpus.settings import Located, inner_model, joined, located


def placed(recipe: dict[str, Any], folder: Path, model: type[BaseModel]) -> dict[str, Any]:
    """The recipe with its relative paths joined to the folder; what is malformed stays, for the models to report."""
    if os.path.abspath(folder) == os.getcwd():
        return recipe
    found = _section(recipe, str(folder), model)
    lake = recipe.get("lake", model.model_fields["lake"].default)
    found["lake"] = joined(lake, str(folder)) if isinstance(lake, str) else lake
    return found


def _section(section: Mapping[str, Any], folder: str, model: type[BaseModel]) -> dict[str, Any]:
    found = dict(section)
    for name, info in model.model_fields.items():
        if name not in section:
            continue
        inner, place = inner_model(info.annotation), located(info)
        if inner is not None:
            found[name] = _sections(section[name], folder, inner)
        elif place is not None:
            found[name] = _values(section[name], folder, place, section)
    return found


def _sections(value: Any, folder: str, model: type[BaseModel]) -> Any:
    if isinstance(value, list):
        return [_sections(one, folder, model) for one in value]
    return _section(value, folder, model) if isinstance(value, dict) else value


def _values(value: Any, folder: str, place: Located, section: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_values(one, folder, place, section) for one in value]
    return place.placed(value, folder, section) if isinstance(value, str) else value
