"""Finds tasks by name: ours, those of a folder of the user, and the thousands of lm-eval.

lm-eval reads all its YAML files to know their names, which takes ten seconds. Here the names are kept in the user's
cache, per version of lm-eval, and the files of other tasks are not opened.
"""

import json
import logging
import os
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError, unknown

if TYPE_CHECKING:
    from lm_eval.tasks import TaskManager

OURS = Path(__file__).parent / "tasks"


def manager(wanted: Sequence[str], folders: Sequence[str] = ()) -> "TaskManager":
    """Returns lm-eval's manager with the tasks of some folders, ours, and its own if one of them is wanted.

    Raises `UserError` for a folder or a task that does not exist.
    """
    for folder in folders:
        if not Path(folder).expanduser().is_dir():
            raise UserError(f"--tasks-path {folder}: there is no such folder")
    quiet()
    from lm_eval.tasks import TaskManager

    for folder in folders:
        _refuse_broken(Path(folder).expanduser())
    paths = [*(path for path in sorted(OURS.iterdir()) if path.is_dir()), *(Path(one).expanduser() for one in folders)]
    found = TaskManager(include_path=paths, include_defaults=False)
    if not set(wanted) <= set(found.all_tasks):
        found._index = _of_lm_eval() | found._index  # ours and the user's replace those of the same name
        for name in wanted:
            if name not in found._index:
                raise unknown("task", name, found._index)
    return found


def names(folders: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Returns (name, kind) of all tasks and groups."""
    every = _of_lm_eval() | manager([], folders)._index
    return sorted((name, entry.kind.name.lower()) for name, entry in every.items())


def _refuse_broken(folder: Path) -> None:
    """Raises `UserError` for a file that is no YAML: lm-eval would pass over it, and its task would be unknown."""
    from lm_eval.tasks._yaml_loader import load_yaml

    for path in sorted(folder.rglob("*.yaml")):
        try:
            load_yaml(path, resolve_func=False)
        except Exception as error:
            raise UserError(
                f"task file {path}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            ) from error


def quiet() -> None:
    """Keeps lm-eval and its libraries from writing progress and warnings between ours."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    for name in ("lm_eval", "lm-eval", "datasets", "fsspec", "filelock", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _of_lm_eval() -> dict[str, Any]:
    """Returns the tasks of lm-eval itself, by name."""
    from lm_eval.tasks._index import Entry, Kind

    spec = find_spec("lm_eval")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(next(iter(spec.submodule_search_locations))) / "tasks"
    listed = _cached(folder)
    return {
        name: Entry(name=name, kind=Kind[kind], yaml_path=folder / path if path else None, tags=set(tags))
        for name, (kind, path, tags) in listed.items()
    }


def _cached(folder: Path) -> dict[str, tuple[str, str, list[str]]]:
    """Returns (kind, file, tags) of each task, from the cache or by reading all files."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pomona" / "tasks"
    path = cache / f"lm_eval-{version('lm_eval')}.json"
    try:
        known: dict[str, tuple[str, str, list[str]]] = json.loads(path.read_text())
        return known
    except (OSError, ValueError):
        pass
    from lm_eval.tasks._index import TaskIndex

    listed = {
        name: (entry.kind.name, str(entry.yaml_path.relative_to(folder)) if entry.yaml_path else "", sorted(entry.tags))
        for name, entry in TaskIndex.build([folder]).items()
    }
    try:
        cache.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(listed))
        temporary.replace(path)
    except OSError:
        pass  # a cache that cannot be written is only slower
    return listed
