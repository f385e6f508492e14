"""Benchmarks that a lake protects besides those of a recipe: items that were scored (`pomona score --decontaminate`).

They are files below the lake, one per task: benchmarks/TASK.jsonl. Delete a file, and its task is no longer protected.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from corpus import durable
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.task import digest

FOLDER = "benchmarks"


def specs(lake: Lake) -> list[str]:
    """Returns the benchmarks of a lake as specs, in the order of their names."""
    if not lake.is_local:
        return []
    return [f"{path.stem}={path}" for path in sorted(Path(lake.root, FOLDER).glob("*.jsonl"))]


def name_of(task: str) -> str:
    """Returns the name of the benchmark that a task's items become: that of its file, another one for each task."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "-", task)
    return plain if plain == task else f"{plain}-{digest(task)[:8]}"


def add(lake: Lake, task: str, items: Iterable[Mapping[str, Any]]) -> Path:
    """Writes the items of a task: id, question, choices, answer. The file appears whole, in place of an older one."""
    if not lake.is_local:
        raise UserError(f"{lake.url} is not on this machine; only local lakes keep benchmarks of their own")
    folder = Path(lake.root, FOLDER)
    durable.make_folders(str(folder))
    path = folder / f"{name_of(task)}.jsonl"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))
    durable.publish(str(temporary), str(path))
    return path
