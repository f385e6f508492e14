"""BFCL's files: where they are looked for, how they are joined, and what is wrong with them in one line."""

import json
import sys
from pathlib import Path

import pytest

from corpus.errors import UserError
from eval_suites.tools import data
from eval_suites.tools.categories import CATEGORIES
from tests.eval_suites.tools import bfcl_files

SIMPLE = CATEGORIES["simple_python"]


def files(folder: Path, name: str = "simple_python") -> dict[str, list[Path]]:
    return {"test": [folder / f"BFCL_v4_{name}.json"], "answers": [folder / "possible_answer" / f"BFCL_v4_{name}.json"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return bfcl_files.write(tmp_path / "data")


def test_answers_are_joined_by_id(folder: Path) -> None:
    answers = folder / "possible_answer" / "BFCL_v4_simple_python.json"
    other = json.dumps({"id": "another", "ground_truth": []})
    answers.write_text(f"{other}\n\n{answers.read_text()}")
    (row,) = data.rows(SIMPLE, files(folder))
    assert (row.id, row.messages) == ("simple_python_0", (("user", "A question of simple_python."),))
    (expected,) = data.expected(row, SIMPLE)
    assert (expected.name, expected.required) == ("shape.area", ("base", "height"))
    assert expected.answers == {"base": [10], "height": [5.0], "unit": ["cm", ""]}
    assert expected.parameters["height"].kind == "float"


def test_an_answer_names_its_function_but_for_one_function(folder: Path) -> None:
    (row,) = data.rows(CATEGORIES["multiple"], files(folder, "multiple"))
    assert [one.name for one in data.expected(row, CATEGORIES["multiple"])] == ["shape.area"]  # the second function
    renamed = data.Row("i", (), json.dumps([bfcl_files.PLAY]), json.dumps([{"other": {"artist": ["x"]}}]))
    assert data.expected(renamed, SIMPLE)[0].name == "play"
    with pytest.raises(UserError, match="i: no function is called other"):
        data.expected(renamed, CATEGORIES["parallel"])


def test_the_package_is_found_without_being_imported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "bfcl_eval"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    folder.rename(package / "data")
    monkeypatch.syspath_prepend(str(package.parent))
    for category in CATEGORIES.values():
        assert [row.id for row in data.rows(category)] == [f"{category.name}_0"]
    assert "bfcl_eval" not in sys.modules


def test_without_the_package_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_PACKAGE", "no_such_package_anywhere")
    with pytest.raises(UserError, match="pip install --no-deps bfcl-eval, or name their folder with --data"):
        data.rows(SIMPLE)


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("possible_answer/BFCL_v4_simple_python.json", "", "item simple_python_0 has no answer in possible_answer"),
        ("possible_answer/BFCL_v4_simple_python.json", '{"id": "simple_python_0", "ground_truth": 5}', "item simple_python_0 is not in BFCL's format"),
        ("possible_answer/BFCL_v4_simple_python.json", '{"ground_truth": []}', "an item has no id"),
        ("BFCL_v4_simple_python.json", "", "have no items"),
        ("BFCL_v4_simple_python.json", "{", "line 1 of .* is no JSON object"),
        ("BFCL_v4_simple_python.json", "[" * 9999, "line 1 of .* is no JSON object"),
        ("BFCL_v4_simple_python.json", "[1]", "line 1 of .* is no JSON object"),
        ("BFCL_v4_simple_python.json", '{"id": "simple_python_0", "question": [], "function": []}', "not in BFCL's format"),
        ("BFCL_v4_simple_python.json", '{"id": "simple_python_0", "question": [[]], "function": []}', "not in BFCL's format"),
        ("BFCL_v4_simple_python.json", '{"id": "simple_python_0", "question": [[]], "function": [{"name": "f"}]}', "not in BFCL's format"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(folder: Path, path: str, text: str, told: str) -> None:
    (folder / path).write_text(text)
    with pytest.raises(UserError, match=told) as error:
        data.rows(SIMPLE, files(folder))
    assert "\n" not in str(error.value)


def test_files_that_are_not_there_or_no_text(folder: Path) -> None:
    (folder / "BFCL_v4_simple_python.json").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"cannot read .*BFCL_v4_simple_python.json"):
        data.rows(SIMPLE, files(folder))
    (folder / "BFCL_v4_simple_python.json").unlink()
    with pytest.raises(UserError, match=r"cannot read .*BFCL_v4_simple_python.json"):
        data.rows(SIMPLE, files(folder))
