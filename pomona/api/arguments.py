"""Keyword arguments of the functions: fields of a section of the recipe, and how to run."""

from collections.abc import Mapping
from typing import Any

from pomona.api.recipes import how

_RUNNING = ("workers", "memory", "executor", "progress")


def split(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Splits arguments into (how to run, fields of the section)."""
    running = {name: value for name, value in arguments.items() if name in _RUNNING}
    return running, {name: value for name, value in arguments.items() if name not in _RUNNING}


def settings_of(section: str, fields: Mapping[str, Any]) -> Any:
    """Returns the settings of a section; raises `UserError` that names the argument."""
    from pydantic import ValidationError

    from corpus.errors import UserError
    from corpus.model_errors import of_fields
    from pomona.recipe import section as model_of

    model = model_of(section)
    try:
        settings: Any = model.model_validate(dict(fields))
    except ValidationError as error:
        raise UserError(of_fields(error, model)) from error
    settings.check()
    return settings


def options_of(running: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of `pomona.runner`; raises TypeError for an argument that does not exist."""
    unknown_names = sorted(running.keys() - set(_RUNNING))
    if unknown_names:
        raise TypeError(f"no argument is called {', '.join(unknown_names)}; allowed: {', '.join(_RUNNING)}")
    return how(running.get("workers"), running.get("memory"), running.get("executor", "local"))
