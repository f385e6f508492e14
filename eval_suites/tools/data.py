"""Reads BFCL's files: questions with functions, and the possible answers, which stand in a second file.

Each line is a JSON object; `id` joins them. The files come from the package `bfcl-eval`, whose code is never imported,
or from a folder of the user.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from eval_suites.tools.categories import Category
from eval_suites.tools.matching import Expected
from eval_suites.tools.values import Parameter

PREFIX = "BFCL_v4_"
ANSWERS = "possible_answer"  # folder beside the questions
_PACKAGE = "bfcl_eval"
_MISSING = "BFCL's data are missing: pip install --no-deps bfcl-eval, or name their folder with --data"


@dataclass(frozen=True, slots=True)
class Row:
    """An item as the files have it."""

    id: str
    messages: tuple[tuple[str, str], ...]  # (role, text)
    functions: str  # JSON
    answers: str  # JSON; "" where no answer is expected


def rows(category: Category, files: Mapping[str, Sequence[Path]] | None = None) -> list[Row]:
    """Returns the items of a category, from files (`test`, `answers`) or from the package.

    Raises `UserError` for missing data, a line that is no item, and an item without an answer.
    """
    if files is None:
        folder, name = package_folder(), f"{PREFIX}{category.name}.json"
        files = {"test": [folder / name], "answers": [folder / ANSWERS / name]}
    answers: dict[str, str] = {}
    if category.wanted == "calls":
        for line in _lines(files.get("answers", ()), category):
            answers[_text(line, "id", category)] = json.dumps(line.get("ground_truth"))

    items = [_row(line, answers, category) for line in _lines(files.get("test", ()), category)]
    if not items:
        raise UserError(f"{category.name}: the files of BFCL have no items")
    return items


def package_folder() -> Path:
    """Returns the folder of the package's data. The package is only looked up, not imported."""
    spec = find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / "data").is_dir():
            return Path(place) / "data"
    raise UserError(_MISSING)


def expected(row: Row, category: Category) -> list[Expected]:
    """Returns the calls that are expected of an item; raises `UserError` if its answer is none of its functions."""
    functions = {one["name"]: one for one in reversed(json.loads(row.functions))}  # of two of one name, the first
    first = next(reversed(functions.values()))
    calls = []
    for answer in json.loads(row.answers):
        (name, arguments), *_ = answer.items()
        function = first if category.is_first else functions.get(name)
        if function is None:
            raise UserError(f"{row.id}: no function is called {name}, which its answer in {ANSWERS} calls")
        described = function["parameters"]
        parameters = {
            key: Parameter(str(one.get("type", "")), str((one.get("items") or {}).get("type", "")))
            for key, one in described["properties"].items()
        }
        calls.append(Expected(function["name"], parameters, tuple(described.get("required", ())), arguments))
    return calls


def _row(line: Mapping[str, object], answers: Mapping[str, str], category: Category) -> Row:
    """Returns an item that can be scored, or raises `UserError` that says what is wrong with it."""
    name = _text(line, "id", category)
    if category.wanted == "calls" and name not in answers:
        raise UserError(f"{category.name}: item {name} has no answer in {ANSWERS}")
    try:
        turns: Any = line["question"]
        (messages,) = turns  # conversations of several turns are other categories
        said = tuple((str(one["role"]), str(one["content"])) for one in messages)
        row = Row(name, said, json.dumps(line["function"]), answers.get(name, ""))
        if category.wanted == "calls":
            expected(row, category)
        return row
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise UserError(f"{category.name}: item {name} is not in BFCL's format ({type(error).__name__})") from error


def _lines(paths: Sequence[Path], category: Category) -> list[dict[str, object]]:
    lines = []
    for path in paths:
        try:
            texts = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            raise UserError(f"{category.name}: cannot read {path}: {type(error).__name__}") from error
        for number, text in enumerate(texts, 1):
            if not text.strip():
                continue
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                raise UserError(f"{category.name}: line {number} of {path} is no JSON object")
            lines.append(value)
    return lines


def _text(line: Mapping[str, object], key: str, category: Category) -> str:
    if not isinstance(line.get(key), str):
        raise UserError(f"{category.name}: an item has no {key}")
    return str(line[key])
