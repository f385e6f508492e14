"""Parses settings of the filter in one line, as on a command line: `gopher_quality,c4,gopher_quality.min_words=30`."""

from pydantic import ValidationError

from corpus.errors import UserError
from corpus.model_errors import told
from filters.decide import Settings
from filters.rules import RULE_SETS
from filters.settings import FilterSettings


def parse(spec: str) -> Settings:
    """Returns settings from `gopher_quality,mine.yaml,gopher_quality.min_words=30`: rule sets, and limits to change.

    `off` as a limit turns a rule off. Raises `UserError` for an unknown rule set or rule, or a bad number.
    """
    parts = [part.strip() for part in spec.split(",") if part.strip()]
    if not parts:
        raise UserError(f"no rule set in {spec!r}; name at least one of {', '.join(RULE_SETS)}, or a .yaml file")
    try:
        return FilterSettings(rules=tuple(parts)).decisive()
    except ValidationError as error:
        raise UserError(told(error)[1]) from error
