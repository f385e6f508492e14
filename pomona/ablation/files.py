"""Reads a study from a YAML file, with one line for each mistake."""

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpus import yaml_text
from corpus.errors import UserError, plainly
from corpus.model_errors import of_file
from corpus.settings import joined
from pomona.ablation.settings import Study
from pomona.recipe import paths


def read(path: str, *, at_once: int | None = None) -> tuple[str | None, Study]:
    """Returns the lake that a file names, if it does, and its study; its name is that of the file by default."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the study {path}: {plainly(error)}") from error
    value, node = yaml_text.read(text, path)
    if not isinstance(value, dict):
        raise UserError(f"{path} does not hold a study: it needs baseline, variants and held_out")
    lake = value.pop("lake", None)
    if lake is not None and not isinstance(lake, str):
        raise UserError(f"{path}: lake is {lake!r}; it is a folder")
    given: dict[str, Any] = {"name": _name(path)} | paths.below(value, Path(path).parent, Study)
    if at_once is not None:
        given["at_once"] = at_once
    try:
        study = Study.model_validate(given)
    except ValidationError as error:
        raise UserError(of_file(error, node, path, Study)) from error
    study.check()
    return None if lake is None else joined(lake, str(Path(path).parent)), study


def _name(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", Path(path).stem).lstrip("-_.")[:64] or "study"
