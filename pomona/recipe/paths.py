"""Resolves paths in a recipe relative to the recipe's folder, so that the recipe works from any current folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from corpus.settings import Located, inner_model, joined, located


def placed(recipe: dict[str, Any], folder: Path, model: type[BaseModel]) -> dict[str, Any]:
    """Joins the recipe's relative paths to the folder; malformed values stay unchanged, and the models report them."""
    if os.path.abspath(folder) == os.getcwd():
        return recipe
    resolved = _section(recipe, str(folder), model)
    lake = recipe.get("lake", model.model_fields["lake"].default)
    resolved["lake"] = joined(lake, str(folder)) if isinstance(lake, str) else lake
    return resolved


def below(section: dict[str, Any], folder: Path, model: type[BaseModel]) -> dict[str, Any]:
    """Joins the relative paths of one section to a folder."""
    return section if os.path.abspath(folder) == os.getcwd() else _section(section, str(folder), model)


def _section(section: Mapping[str, Any], folder: str, model: type[BaseModel]) -> dict[str, Any]:
    resolved = dict(section)
    for name, info in model.model_fields.items():
        if name not in section:
            continue
        inner, place = inner_model(info.annotation), located(info)
        if inner is not None:
            resolved[name] = _sections(section[name], folder, inner)
        elif place is not None:
            resolved[name] = _values(section[name], folder, place, section)
    return resolved


def _sections(value: Any, folder: str, model: type[BaseModel]) -> Any:
    if isinstance(value, list):
        return [_sections(entry, folder, model) for entry in value]
    return _section(value, folder, model) if isinstance(value, dict) else value


def _values(value: Any, folder: str, place: Located, section: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_values(entry, folder, place, section) for entry in value]
    return place.placed(value, folder, section) if isinstance(value, str) else value
