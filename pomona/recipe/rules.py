"""Reads settings of the filter as a user names them: rule sets with limits, or a recipe with a filter."""

from pathlib import Path

from corpus import yaml_text
from corpus.errors import UserError
from filters.decide import Settings
from filters.family import FILTER
from filters.own import is_file
from filters.spec import parse
from pomona.recipe import load
from pomona.stages import Wanted


def settings(spec: str) -> Settings:
    """Returns settings from rule sets (names, or the user's files) and limits, or from a recipe's filter."""
    if not is_file(spec) or "," in spec or not _is_recipe(spec):
        return parse(spec)
    chosen = Wanted.by(load(Path(spec))).settings.get(FILTER.name)
    if chosen is None:
        raise UserError(f"{spec} has no filter to compare")
    return chosen.decisive()


def _is_recipe(path: str) -> bool:
    """Whether a YAML file is a recipe and not a rule set; false if it cannot be read, which the next reader reports."""
    try:
        value, _ = yaml_text.read(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError):
        return False
    return isinstance(value, dict) and "sources" in value
