"""The rules that decided, with the limits that were in force."""

from dataclasses import replace
from typing import Any

from corpus.lake import Lake
from filters import own, rules
from filters.decide import STAGE


def in_force(lake: Lake | None) -> dict[str, rules.Rule]:
    """Returns, by full name, every published rule and the user's own rules that decided, with the limits in force."""
    config = _config(lake)
    limits = config.get("rules", {})
    known = rules.rules() | own.from_config(config)
    return {name: replace(rule, limit=_limit(limits.get(name), rule.limit)) for name, rule in known.items()}


def limits(lake: Lake) -> dict[str, rules.Limit]:
    """Returns the limits in force of the rules that decided; None for a rule that is off for most documents."""
    return dict(_config(lake).get("rules", {}))


def own_rules(lake: Lake) -> dict[str, rules.Rule]:
    """Returns the user's own rules that decided, by full name."""
    return own.from_config(_config(lake))


def has_overrides(lake: Lake) -> bool:
    """Returns whether some documents have other limits than the rest."""
    return bool(_config(lake).get("overrides"))


def reasons(lake: Lake | None = None) -> dict[str, str]:
    """Returns the meaning of each reason, with the limit that is in force in a lake."""
    return {
        name: f"{rule.doc or 'One of your own rules'}; keeps {rule.describe()}" for name, rule in in_force(lake).items()
    }


def _config(lake: Lake | None) -> Any:
    """Returns the settings with which the filter has decided."""
    lineage = lake.current("decisions", STAGE) if lake and lake.exists("decisions") else None
    return lineage.config if lineage else {}


def _limit(value: Any, default: rules.Limit) -> rules.Limit:
    """Returns a limit from JSON; the rule's own limit if the rule is on for some documents only."""
    if value is None:
        return default
    return tuple(value) if isinstance(value, list) else value
