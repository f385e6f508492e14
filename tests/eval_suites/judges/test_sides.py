"""Files of prompts and answers, in the forms in which other tools write them."""

import json
from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from eval_suites.judges import sides


def test_files_of_other_tools(tmp_path: Path) -> None:
    alpaca = tmp_path / "outputs.json"
    alpaca.write_text(json.dumps([{"instruction": "Why?", "output": "So.", "generator": "m", "dataset": "x"}]))
    bench = tmp_path / "question.jsonl"
    bench.write_text(json.dumps({"question_id": 81, "category": "writing", "turns": ["First", "Second"]}) + "\n")
    table = tmp_path / "answers.parquet"
    pl.DataFrame({"prompt": ["p"], "response": ["r"]}).write_parquet(table)
    assert sides.read(str(alpaca), with_answers=True) == [sides.Row("Why?", "So.")]
    assert sides.read(str(bench), with_answers=False) == [sides.Row("First", None)]
    assert sides.read(str(table), with_answers=True) == [sides.Row("p", "r")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"instruction": "x"}\n', "has no answers: it needs a column output, answer, response or text"),
        ("a.jsonl", '{"output": "x"}\n', "has no prompts"),
        ("a.jsonl", '{"instruction": "x", "output": null}\n', "row 1 has no text in 'output'"),
        ("a.jsonl", "{broken", "cannot read"),
        ("a.json", '{"instruction": 1}', "does not hold a list of objects"),
        ("a.json", "[" * 100_000, "cannot read"),
        ("a.json", "[]", "has no prompts"),
        ("a.csv", "instruction,output\n", "has no rows"),
        ("a.jsonl", "\n", "is empty"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message):
        sides.read(str(tmp_path / name), with_answers=True)


def test_what_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("")
    assert sides.is_file(str(tmp_path / "a.jsonl"))
    assert not sides.is_file(str(tmp_path))
    assert not sides.is_file("http://localhost/a.jsonl")
