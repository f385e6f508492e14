"""Paths in a recipe are relative to the recipe's folder, so that it means the same from wherever it is run."""

import os
from pathlib import Path
from typing import Any

from filters.own import is_file


def placed(recipe: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The recipe with its relative paths joined to the folder; what is malformed stays for the models to tell."""
    if os.path.abspath(folder) == os.getcwd():
        return recipe
    found = dict(recipe)
    lake = recipe.get("lake", "./lake")
    found["lake"] = _joined(lake, folder) if isinstance(lake, str) else lake
    if isinstance(recipe.get("sources"), list):
        found["sources"] = [_source(source, folder) for source in recipe["sources"]]
    _within(found, ("filter", "rules"), lambda name: _rules(name, folder))
    if isinstance(found.get("filter"), dict) and isinstance(found["filter"].get("overrides"), list):
        overrides = found["filter"]["overrides"]
        found["filter"] = {**found["filter"], "overrides": [_override(one, folder) for one in overrides]}
    _within(found, ("decontaminate", "benchmarks"), lambda benchmark: _benchmark(benchmark, folder))
    _within(found, ("dedup", "semantic", "model"), lambda model: _if_there(model, folder))
    return found


def _source(source: Any, folder: Path) -> Any:
    if not isinstance(source, dict) or source.get("kind") == "python":
        return source
    return {**source, "path": _each(source["path"], folder)} if "path" in source else source


def _rules(name: str, folder: Path) -> str:
    """A rule set's name, or a file of rules."""
    return _joined(name, folder) if is_file(name) else name


def _override(one: Any, folder: Path) -> Any:
    if not isinstance(one, dict) or not isinstance(one.get("rules"), list):
        return one
    return {**one, "rules": [_rules(name, folder) if isinstance(name, str) else name for name in one["rules"]]}


def _each(path: Any, folder: Path) -> Any:
    if isinstance(path, list):
        return [_each(one, folder) for one in path]
    return _joined(path, folder) if isinstance(path, str) else path


def _within(found: dict[str, Any], place: tuple[str, ...], change: Any) -> None:
    """Changes one field of sections that are there, in copies."""
    *sections, last = place
    here = found
    for name in sections:
        if not isinstance(here.get(name), dict):
            return
        here[name] = dict(here[name])
        here = here[name]
    value = here.get(last)
    if isinstance(value, str):
        here[last] = change(value)
    elif isinstance(value, list):
        here[last] = [change(one) if isinstance(one, str) else one for one in value]


def _joined(path: str, folder: Path) -> str:
    if not path.strip() or "://" in path or path.startswith("~") or os.path.isabs(path):
        return path
    return os.path.normpath(os.path.join(folder, path))


def _if_there(path: str, folder: Path) -> str:
    """A name may also be that of something else: it is a path where there is a file."""
    joined = _joined(path, folder)
    return joined if os.path.exists(joined) else path


def _benchmark(spec: str, folder: Path) -> str:
    """FILE, NAME=FILE, or the name of a benchmark."""
    whole = _if_there(spec, folder)
    name, equals, file = spec.partition("=")
    return f"{name}={_if_there(file, folder)}" if equals and whole == spec else whole
